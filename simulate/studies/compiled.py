"""How the kernels of the studies are compiled: without the interpreter's lock, kept on disk.

As in `classical.batched.compiled`: numba's stamp of a kept function is its own file; here it is the
content of every file with a kernel, so that a change of a rule compiles its callers again.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from numba import njit

_KERNELS = ("compiled.py", "counting.py", "methods.py")
_STAMP = blake2b(
    b"".join(Path(__file__).with_name(name).read_bytes() for name in _KERNELS), digest_size=16
).hexdigest()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at the first call of each signature, or take the code that an earlier run kept."""
    kernel: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel
