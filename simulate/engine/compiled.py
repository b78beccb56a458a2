"""How the kernels are compiled: without the interpreter's lock, and kept on disk between runs.

The stamp is the content of this package, as in `classical.batched.compiled`: any change of any of
its files compiles all kernels again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from classical.batched.compiled import sources

_STAMP = sources(Path(__file__).parent)


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile at the first call of each signature, or take the code that an earlier run kept."""
    kernel: Any = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel


def inlined(function: Callable[..., Any]) -> Any:
    """Compile into every caller: for what is called once a number."""
    return compiled(function, forceinline=True)
