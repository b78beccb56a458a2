"""How the kernels are compiled: without the interpreter's lock, and kept on disk between runs.

numba keeps a compiled function as long as its own file has the same time and size. A kernel that
calls another file's would survive a change there, so here the stamp is the content of the package:
any change of any of its files compiles all of them again. (The batched estimators of the
classical room do the same with a copy of their own: rooms share no code, and each stamps only
its own files.)
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from numba import njit


def sources(folder: Path) -> str:
    """Return a digest of the Python files of a folder, by name and content."""
    digest = blake2b(digest_size=16)
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_STAMP = sources(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at the first call of each signature, or take the code that an earlier run kept."""
    return _kernel(function, inline="never")


def inlined(function: Callable[..., Any]) -> Any:
    """Compile into its callers: a call that passes a dozen arrays costs more than some sums."""
    return _kernel(function, inline="always")


def _kernel(function: Callable[..., Any], inline: Literal["never", "always"]) -> Any:
    kernel: Any = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline=inline
    )(function)
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel
