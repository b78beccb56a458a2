"""One writer: an OS lock on the data directory that dies with its process.

The lock file also says who holds it, for the sentence that a second run prints. The text is
advisory; only the lock counts. Whoever gets it first completes an exchange of files that a killed
holder had begun.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration import exchange
from orchestration.errors import Busy

_held: dict[Path, int] = {}
"""Depth by lock file in this process: the command line takes the lock, then its run does too."""


@contextmanager
def writing(
    data: Path,
    who: str,
    *,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the data directory for writing; re-entrant within one process.

    Parameters
    ----------
    data
        The data directory; it must exist.
    who
        What holds it, for others to read ('plateau nightly', a run id).
    wait_seconds
        How long to wait for another holder; 0 = not at all.
    on_wait
        Called once with the holder's description before waiting.

    Raises
    ------
    Busy
        Somebody else held it for all that time.
    """
    path = data.resolve() / ".lock"
    if path in _held:
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    with path.open("a+", encoding="utf-8") as handle:
        _acquire(handle.fileno(), path, wait_seconds, on_wait)
        _sign(path, who)
        _held[path] = 1
        try:
            # What a killed writer had begun to exchange is completed before anything is read.
            exchange.finish(path.parent)
            yield
        finally:
            del _held[path]
            path.write_text("", encoding="utf-8")
            fcntl.flock(handle, fcntl.LOCK_UN)


def is_held_here(data: Path) -> bool:
    """Whether this process holds the data directory."""
    return data.resolve() / ".lock" in _held


def is_free(data: Path) -> bool:
    """Whether no process (this one included) holds the data directory."""
    path = data.resolve() / ".lock"
    if path in _held:
        return False
    if not path.exists():
        return True
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        return True


def holder(data: Path) -> str:
    """Who signed the lock last, in words."""
    try:
        signed = json.loads((data / ".lock").read_text(encoding="utf-8"))
        return f"{signed['who']} (process {signed['pid']}, since {signed['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"


def _acquire(
    descriptor: int, path: Path, wait_seconds: float, on_wait: Callable[[str], None] | None
) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            who = holder(path.parent)
            if time.monotonic() >= deadline:
                raise Busy(
                    f"The data directory {path.parent} is being written by {who}; "
                    "wait for it to end, or run with --wait SECONDS."
                ) from None
            if on_wait and not told:
                on_wait(who)
                told = True
            time.sleep(0.2)


def _sign(path: Path, who: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path.write_text(json.dumps({"who": who, "pid": os.getpid(), "since": now}), encoding="utf-8")
