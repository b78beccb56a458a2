"""Files of the drop folder: what of a name may be told, and their hashes, each worked out once.

Belongs here: what is known of a file before anything of it is read. Does not: deliveries
(`deliveries`), what is kept of them (`kept`).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from expectations import dictionary
from expectations.columns import fold_header
from expectations.dictionary import tables_for_file
from orchestration.files import sha256_of

MANIFEST = "manifest.csv"
CORRECTIONS = "corrections.csv"
DELIVERY_NAME = re.compile(r"\d{8}")
_ENDINGS = (
    ".csv",
    ".doc",
    ".docx",
    ".ods",
    ".pdf",
    ".txt",
    ".xls",
    ".xlsb",
    ".xlsm",
    ".xlsx",
    ".zip",
)
_SETTLED_NS = 2_000_000_000
"""Within one tick of a file system's clock, two contents can carry the same time."""

type _Stamp = tuple[int, int, int, int, int]
_hashed: dict[Path, tuple[_Stamp, str]] = {}


def shown(name: str) -> str:
    """Name of a file or delivery as it may be told: of the contract, or one that says nothing.

    Any other name was chosen by somebody, and may be a patient's. It is told as the first digits of
    its SHA-256 and its ending, so that who sees the folder can tell which file is meant.
    """
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    plain = ending if ending in _ENDINGS else ""
    dated = any(tables_for_file(f"{stem}.{kind}") for kind in ("csv", "xlsx"))
    if name in (MANIFEST, CORRECTIONS) or DELIVERY_NAME.fullmatch(name) or (dated and plain):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return f"file-{digest[:8]}{plain}"


def is_called_like_the_contract(name: str) -> bool:
    """Whether a name begins like a file of the contract, whatever case, accents and spaces.

    `EMCS 2023.xlsx` and `Corrections_mars.csv` do: they were meant to be read, whether or not they
    are called as they must be.
    """
    prefixes = [p for table in dictionary.load().values() for p in table.file_prefixes]
    begins = (*prefixes, "redcap_export", Path(CORRECTIONS).stem)
    return fold_header(name).startswith(tuple(fold_header(begin) for begin in begins))


def delivery_day(path: Path) -> date | None:
    """Date that a delivery's folder is called by; None where it is no `AAAAMMJJ` folder."""
    if not DELIVERY_NAME.fullmatch(path.name) or not path.is_dir():
        return None
    try:
        return date.fromisoformat(path.name)
    except ValueError:
        return None


def strays(incoming: Path) -> Iterator[tuple[str, str]]:
    """Yield what lies in the drop folder outside a delivery: its name as it may be told, and why.

    Hidden entries, and files that no export is made of, are left aside.
    """
    for path in sorted(incoming.iterdir()):
        is_data = path.is_dir() or path.suffix.lower() in _ENDINGS
        if is_data and not path.name.startswith(".") and delivery_day(path) is None:
            kind = "a folder whose name is no date" if path.is_dir() else "a file outside a folder"
            yield shown(path.name), f"it is {kind} AAAAMMJJ"


def sha256_once(path: Path) -> str:
    """SHA-256 of a file's bytes, read again only where the file has changed since.

    A drop folder is looked at every minute and holds the clinic's last years. A file is known again
    by device, number, size and both times; one that changed a moment ago is not remembered. What is
    taken is hashed once more as it is copied (`kept`).
    """
    before = _stamp(path)
    known = _hashed.get(path)
    if known and known[0] == before:
        return known[1]
    digest = sha256_of(path)
    if before == _stamp(path) and time.time_ns() - max(before[3:]) > _SETTLED_NS:
        _hashed[path] = (before, digest)
    return digest


def last_change(folder: Path) -> datetime:
    """When a file last came into a folder or changed in it, by the clock of this machine.

    A copy may keep the time of its original; when it was made is told apart from that.
    """
    found = [path.lstat() for path in (folder, *folder.iterdir())]
    return datetime.fromtimestamp(max(one.st_ctime for one in found), UTC)


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
