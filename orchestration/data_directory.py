"""The data directory: made ready, checked for what a writer needs, and of one kind for good.

A directory is synthetic or real from its first delivery and refuses the other kind before anything
of it is loaded.
"""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings

SYNTHETIC_SOURCE = "plateau-simulate"
"""The manifest source that the simulator always writes."""

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "9p",
        "fuse.sshfs",
        "lustre",
        "ceph",
        "glusterfs",
    }
)


def prepare(settings: Settings) -> None:
    """Make the directory and refuse one that cannot be written safely.

    Raises
    ------
    PlateauError
        No write rights, or a network file system (whose locks do not hold between hosts).
    """
    data = settings.data
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise PlateauError(
            f"The data directory {data} cannot be written ({error.strerror}); "
            "give this user write rights or choose another with --data."
        ) from None
    kind = file_system(data)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise PlateauError(
            f"The data directory {data} lies on a network file system ({kind}), where the lock "
            "that keeps writers apart does not hold; choose a local disk with --data."
        )


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Type of the file system that holds `path` ('' where the system does not tell)."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    target = path.resolve()
    best, found = -1, ""
    for line in lines:
        _, point, kind = line.split()[:3]
        mount = Path(point.replace("\\040", " "))
        if target.is_relative_to(mount) and len(mount.parts) > best:
            best, found = len(mount.parts), kind
    return found


def kind_of(settings: Settings) -> str | None:
    """'synthetic' or 'real', or `None` before the first delivery."""
    marker = settings.data / "plateau.json"
    if not marker.exists():
        return None
    return str(json.loads(marker.read_text(encoding="utf-8"))["kind"])


def claim_kind(settings: Settings, kind: str, delivery: str) -> None:
    """Fix the directory's kind on its first delivery; refuse the other kind ever after.

    Raises
    ------
    InputMissing
        The directory is of the other kind.
    """
    held = kind_of(settings)
    if held is None:
        marker = settings.data / "plateau.json"
        partial = marker.with_suffix(".partial")
        partial.write_text(json.dumps({"kind": kind, "first_delivery": delivery}), "utf-8")
        partial.replace(marker)
    elif held != kind:
        raise InputMissing(
            f"Delivery {delivery} is {kind}, but the data directory {settings.data} has held "
            f"{held} data since its first delivery; nothing was loaded: "
            f"use another directory for {kind} data (--data)."
        )
