"""How the kernels of the studies are compiled: without the interpreter's lock, kept on disk.

As in `classical.batched.compiled`: numba's stamp of a kept function is its own file; here it is the
content of all files of the folder, so that a change of a rule compiles its callers again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from classical.batched.compiled import sources

_STAMP = sources(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at the first call of each signature, or take the code that an earlier run kept."""
    kernel: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel
