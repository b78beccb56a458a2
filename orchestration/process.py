"""Who a process is, in a way that survives the reuse of process numbers."""

from __future__ import annotations

import os
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """`<pid>@<start time>@<namespace>` of a process, this one by default; '' where not told."""
    pid = pid or os.getpid()
    return f"{pid}@{_start_time(pid)}@{_namespace()}"


def is_dead(signed: str) -> bool:
    """Whether the process that signed as `identity` is known to have ended.

    Of a process of another container or of another boot nothing is known from its number.
    """
    return signed.rpartition("@")[2] == _namespace() and not is_alive(signed)


def is_alive(signed: str) -> bool:
    """Whether the process that signed as `identity` still runs beside this one."""
    pid, started, _ = (*signed.split("@"), "", "")[:3]
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return _start_time(int(pid)) == started != "zombie"


def _namespace() -> str:
    """Boot and process namespace, within which a process number means something."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Clock ticks since boot at the process's start ('' off Linux, 'zombie' once dead)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "zombie" if fields[0] == "Z" else fields[19]
