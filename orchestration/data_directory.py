"""The data directory: made ready, checked for what a writer needs, and of one kind for good.

A directory is synthetic or real from its first delivery and refuses the other kind before anything
of it is loaded.
"""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.errors import InputMissing, PlateauError
from orchestration.files import replace_file
from orchestration.ingest.refusal import KIND_RULE
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
        probe.touch()
        probe.unlink(missing_ok=True)
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
    return _marker(settings).get("kind")


def key_id_of(settings: Settings) -> str:
    """Id of the pseudonym key of this directory; '' before the first delivery."""
    return _marker(settings).get("key_id", "")


def require_kind(settings: Settings, kind: str, delivery: str) -> None:
    """Refuse the kind that this directory does not hold.

    Raises
    ------
    InputMissing
        The directory has held the other kind since its first delivery.
    """
    held = kind_of(settings)
    if held not in (None, kind):
        raise InputMissing(
            f"Delivery {delivery} is {kind}, but the data directory {settings.data} has held "
            f"{held} data since its first delivery; nothing was loaded: "
            f"use another directory for {kind} data (--data) (rule {KIND_RULE})."
        )


def require_key(settings: Settings, key_id: str) -> None:
    """Refuse another pseudonym key than the one of the first delivery.

    Raises
    ------
    InputMissing
        With another key every patient would become a second person.
    """
    held = _marker(settings).get("key_id")
    if held not in (None, key_id):
        raise InputMissing(
            f"The pseudonym key {settings.key_file} (key {key_id}) is not the one that this data "
            f"directory was begun with (key {held}); nothing was loaded: name the right one with "
            "PLATEAU_KEY_FILE."
        )


def claim(settings: Settings, kind: str, key_id: str, delivery: str) -> None:
    """Fix kind and key of the directory with its first delivery; refuse others ever after.

    Called when the delivery has been read and checked, just before anything of it is stored.
    """
    require_kind(settings, kind, delivery)
    require_key(settings, key_id)
    if _marker(settings):
        return
    content = {"kind": kind, "key_id": key_id, "first_delivery": delivery}
    replace_file(marker_path(settings), json.dumps(content))


def with_key(settings: Settings, key_id: str) -> str:
    """Text of the directory's marker under another pseudonym key (`plateau vault rotate`)."""
    return json.dumps(_marker(settings) | {"key_id": key_id})


def marker_path(settings: Settings) -> Path:
    """`plateau.json`: kind, key id and first delivery of the directory."""
    return settings.data / "plateau.json"


def _marker(settings: Settings) -> dict[str, str]:
    path = marker_path(settings)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
