"""Who a process is, in a way that survives the reuse of process numbers."""

from __future__ import annotations

import os
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """`<pid>@<start time>` of a process, this one by default; no start time where not told."""
    pid = pid or os.getpid()
    return f"{pid}@{_start_time(pid)}"


def is_alive(signed: str) -> bool:
    """Whether the process that signed as `identity` still runs on this machine."""
    pid, _, started = signed.partition("@")
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return _start_time(int(pid)) == started != "zombie"


def _start_time(pid: int) -> str:
    """Clock ticks since boot at the process's start ('' off Linux, 'zombie' once dead)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "zombie" if fields[0] == "Z" else fields[19]
