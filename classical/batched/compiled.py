"""How the kernels are compiled: without the interpreter's lock, and kept on disk between runs.

numba keeps a compiled function as long as its own file has the same time and size. A kernel that
calls another file's would survive a change there, so here the stamp is the content of every file
whose kernels call each other: any change of any of them compiles all of them again. The stamp also
counts as numba's version, which is looked at first: code that was kept for classes that are gone
is then never read, where reading it would end in an error.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from numba import njit


def sources(*places: Path) -> str:
    """Return a digest of Python files, by name and content; a folder stands for all of its own."""
    digest = blake2b(digest_size=16)
    for place in places:
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def compiler(*places: Path) -> Callable[..., Any]:
    """Return the decorator of the kernels that stand in these files and folders.

    It compiles at the first call of each signature, or takes the code that an earlier run kept;
    further options are numba's.
    """
    stamp = sources(*places)

    def compiled(function: Callable[..., Any], **options: Any) -> Any:
        kernel: Any = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        kept = kernel._cache._cache_file
        kept._source_stamp, kept._version = stamp, f"{kept._version} {stamp}"
        return kernel

    return compiled


compiled = compiler(Path(__file__).parent)
