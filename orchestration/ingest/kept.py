"""What is kept of accepted deliveries: the bytes by content, who called them what, overrides.

`<data>/deliveries/<2 hex>/<sha256>` holds the bytes once; `index/<delivery_id>.json` says which
file of which delivery they were and when it first came; `overrides/<delivery_id>.json` holds a
person's word that a blocked delivery is to be taken. From these alone the warehouse can be rebuilt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration import faults
from orchestration.errors import PlateauError
from orchestration.files import replace_file, sha256_of
from orchestration.ingest.deliveries import DeliveredFile, Delivery, ManifestLine
from orchestration.ingest.refusal import Refused
from orchestration.settings import Settings


@dataclass(frozen=True, slots=True)
class Override:
    """A person's recorded word that a blocked delivery is to be taken."""

    because: str
    at: datetime


def blob(settings: Settings, sha256: str) -> Path:
    """Where the bytes of this hash are kept."""
    return settings.kept / sha256[:2] / sha256


def keep_bytes(delivery: Delivery, settings: Settings) -> Delivery:
    """Copy the files by content and return the delivery with paths that lead to the copies.

    Everything after this reads the copies, so that what is read is what was hashed.

    Raises
    ------
    Refused
        A file changed between hashing and copying (rule `gate_changed_while_read`).
    """
    files = []
    for file in delivery.files:
        target = blob(settings, file.sha256)
        if not target.exists():
            replace_file(target, copy_from=file.path, mode=0o600)
            if sha256_of(target) != file.sha256:
                target.unlink()
                raise Refused(
                    "gate_changed_while_read", "the file changed while it was read", file.name
                )
        files.append(replace(file, path=target))
    faults.point("after_keep")
    return replace(delivery, files=tuple(files))


def received_no(delivery: Delivery, settings: Settings) -> int:
    """Order of first arrival: the index's, or the next number for a delivery not indexed yet."""
    entry = _entry(settings, delivery.delivery_id)
    if entry:
        return int(entry["received_no"])
    numbers = [json.loads(p.read_text("utf-8"))["received_no"] for p in _entries(settings)]
    return max(numbers, default=0) + 1


def is_accepted(settings: Settings, delivery_id: str) -> bool:
    """Whether a delivery has passed every block; a rebuild does not ask them again.

    Blocks compare a delivery with what was known when it came: asked in another order of arrival
    they could refuse what was taken.
    """
    entry = _entry(settings, delivery_id)
    return entry is not None and bool(entry["is_accepted"])


def write_index(delivery: Delivery, settings: Settings, *, is_accepted: bool) -> None:
    """Note a delivery that is stored, and then that it has passed every block."""
    entry = _entry(settings, delivery.delivery_id)
    if entry and entry["is_accepted"] >= is_accepted:
        return
    content = {
        "is_accepted": is_accepted,
        "delivery": delivery.name,
        "kind": delivery.kind,
        "received_no": delivery.received_no,
        "received_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {file.name: _file_entry(file) for file in delivery.files},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    replace_file(_index(settings) / f"{delivery.delivery_id}.json", text)


def remove_index(delivery: Delivery, settings: Settings) -> None:
    """Take back the note of a delivery that was refused after all; its bytes stay."""
    (_index(settings) / f"{delivery.delivery_id}.json").unlink(missing_ok=True)


def kept_deliveries(settings: Settings, *, up_to: date | None = None) -> list[Delivery]:
    """Every indexed delivery in order of its date and first arrival, read from what is kept.

    One that a killed run had stored and not judged yet is among them, and is judged again.

    Parameters
    ----------
    up_to
        Leave out deliveries of a later date.

    Raises
    ------
    PlateauError
        The bytes of a file are no longer there, or no longer what they were.
    """
    found = []
    for path in _entries(settings):
        entry = json.loads(path.read_text(encoding="utf-8"))
        day = date.fromisoformat(entry["delivery"])
        if up_to is not None and day > up_to:
            continue
        files = tuple(_kept_file(settings, name, one) for name, one in entry["files"].items())
        found.append(Delivery(entry["delivery"], day, files, received_no=entry["received_no"]))
    return sorted(found, key=lambda d: (d.day, d.received_no))


def unjudged(settings: Settings) -> set[str]:
    """Ids of deliveries that a run stored and did not judge: it died between the two."""
    entries = {path.stem: json.loads(path.read_text("utf-8")) for path in _entries(settings)}
    return {name for name, entry in entries.items() if not entry["is_accepted"]}


def not_in(settings: Settings, known: set[str]) -> list[Delivery]:
    """Kept deliveries that a build lacks: all of them where it was begun anew."""
    if {path.stem for path in _entries(settings)} <= known:
        return []
    return [d for d in kept_deliveries(settings) if d.delivery_id not in known]


def override(settings: Settings, delivery_id: str) -> Override | None:
    """The override of a delivery, if somebody gave one."""
    path = settings.kept / "overrides" / f"{delivery_id}.json"
    if not path.exists():
        return None
    noted = json.loads(path.read_text(encoding="utf-8"))
    return Override(noted["because"], datetime.fromisoformat(noted["at"]))


def write_override(settings: Settings, delivery_id: str, because: str) -> None:
    """Record that a blocked delivery is to be taken, and why."""
    content = {"because": because, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    text = json.dumps(content, ensure_ascii=False)
    replace_file(settings.kept / "overrides" / f"{delivery_id}.json", text)


def _index(settings: Settings) -> Path:
    return settings.kept / "index"


def _entries(settings: Settings) -> list[Path]:
    return sorted(_index(settings).glob("*.json"))


def _entry(settings: Settings, delivery_id: str) -> dict[str, Any] | None:
    path = _index(settings) / f"{delivery_id}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _file_entry(file: DeliveredFile) -> dict[str, Any]:
    declared = file.declared
    entry: dict[str, Any] = {"sha256": file.sha256, "mode": file.mode}
    if declared:
        at = declared.extracted_at
        entry |= {
            "n_rows": declared.n_rows,
            "source": declared.source,
            "extracted_at": at.isoformat() if at else None,
        }
    return entry


def _kept_file(settings: Settings, name: str, entry: dict[str, Any]) -> DeliveredFile:
    path = blob(settings, entry["sha256"])
    if not path.exists() or sha256_of(path) != entry["sha256"]:
        raise PlateauError(
            f"The kept copy of {name} ({path.name[:16]}...) is gone or damaged; restore the data "
            "directory from a backup, or put the delivery into the drop folder again."
        )
    declared = None
    if "source" in entry:
        at = entry["extracted_at"]
        declared = ManifestLine(
            entry["n_rows"],
            entry["sha256"],
            entry["source"],
            entry["mode"],
            datetime.fromisoformat(at) if at else None,
        )
    return DeliveredFile(name, path, entry["sha256"], declared)
