"""Atomic files: written beside under another name, flushed, renamed into place, folder flushed.

Belongs here: how one file comes to be whole or not at all, also across a power cut. Does not belong
here: several files that must change together (`exchange`), and the warehouse's own swap.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial"
"""Suffix of a file that is still being written; a killed process may leave one."""


def replace_file(
    path: Path,
    content: bytes | str | None = None,
    *,
    copy_from: Path | None = None,
    mode: int | None = None,
    is_scratch: bool = False,
) -> None:
    """Write a whole file atomically; a reader sees the old one or the new one, never a part.

    Parameters
    ----------
    path
        Target; its folder is made where it is missing.
    content
        Bytes, or text that is written as UTF-8 with its line ends as they are.
    copy_from
        A file whose bytes to take instead of `content`.
    mode
        Permissions of the new file; those of the umask by default.
    is_scratch
        Nobody looks for it after a power cut, so it need not wait for the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps two commands that write the same report out of each other's file.
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with _create(partial, mode) as handle:
            if copy_from is not None:
                with copy_from.open("rb") as source:
                    shutil.copyfileobj(source, handle, 1 << 20)
            else:
                handle.write(content.encode() if isinstance(content, str) else content or b"")
            handle.flush()
            if not is_scratch:
                os.fsync(handle.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if not is_scratch:
        flush(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no hard links, a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        replace_file(target, copy_from=source)
    flush(target.parent)


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, safe against a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _create(path: Path, mode: int | None) -> BinaryIO:
    """Open a new file with these permissions from its first byte on."""
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666 if mode is None else mode
    )
    if mode is not None:
        os.fchmod(descriptor, mode)
    return os.fdopen(descriptor, "wb")
