"""Which deliveries are in the drop folder, whether each is whole, and which are new.

A delivery is a folder `AAAAMMJJ/`. With a manifest it is ready when every file the manifest names
is there with its SHA-256; without one, when no file has changed for `settle_seconds`. Nothing is
parsed here: that is `readers`. What is kept of a delivery once it is taken is `kept`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from expectations.dates import parse_datetime
from expectations.dictionary import tables_for_file
from expectations.outcomes import Bad
from orchestration.data_directory import SYNTHETIC_SOURCE
from orchestration.errors import InputMissing
from orchestration.ingest.found_files import (
    CORRECTIONS,
    MANIFEST,
    delivery_day,
    is_called_like_the_contract,
    sha256_once,
    shown,
    strays,
)
from orchestration.ingest.refusal import Refused
from orchestration.settings import Settings

REQUIRED_PREFIXES = ("patients_", "seances_")
MAX_FILE_BYTES = 1_000_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """What the clinic declared of one file."""

    n_rows: int | None
    sha256: str
    source: str
    mode: str
    extracted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One file as found, with its content hash; `path` may lead to a kept copy of another name."""

    name: str
    path: Path
    sha256: str
    declared: ManifestLine | None

    @property
    def mode(self) -> str:
        """'complet' (a full dump, the default) or 'increment'."""
        return self.declared.mode if self.declared else "complet"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery folder.

    Attributes
    ----------
    not_ready
        Why it is skipped for now, in words; empty when it is ready.
    unsafe
        (rule, file, reason) of what may not even be opened; the delivery is refused.
    received_no
        Order of first arrival, from the index of what is kept; 0 before it is taken.
    """

    name: str
    day: date
    files: tuple[DeliveredFile, ...]
    not_ready: str = ""
    unsafe: tuple[str, str, str] | None = None
    received_no: int = 0

    @property
    def content(self) -> tuple[DeliveredFile, ...]:
        """The files that hold data: of a table, or corrections; not what else lies beside them."""
        return tuple(f for f in self.files if _holds_data(f.name))

    @property
    def delivery_id(self) -> str:
        """Name and content hash: the same content under the same name is the same delivery."""
        digest = hashlib.sha256()
        for file in sorted(self.content, key=lambda f: f.name):
            digest.update(f"{file.name}:{file.sha256}:{file.mode}\n".encode())
        if self.unsafe:
            digest.update("|".join(self.unsafe).encode())
        return f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def kind(self) -> str:
        """'synthetic' when the manifest names the simulator as its source, else 'real'."""
        sources = {f.declared.source for f in self.files if f.declared}
        return "synthetic" if SYNTHETIC_SOURCE in sources else "real"

    @property
    def has_manifest(self) -> bool:
        """Whether the clinic declared what it sent."""
        return any(f.declared for f in self.files)

    @property
    def extracted_at(self) -> datetime | None:
        """Latest time of extraction that the manifest states; it orders deliveries of one day."""
        stated = [f.declared.extracted_at for f in self.files if f.declared]
        return max((at for at in stated if at), default=None)


def scan(settings: Settings, *, now: float | None = None) -> list[Delivery]:
    """List the delivery folders in date order, ready or not.

    Raises
    ------
    InputMissing
        The drop folder does not exist.
    """
    incoming = settings.incoming
    if not incoming.is_dir():
        raise InputMissing(
            f"There is no delivery folder {incoming}; create it and put the clinic's AAAAMMJJ "
            "folders there, or name another with --deliveries."
        )
    found = []
    for folder in sorted(incoming.iterdir()):
        day = delivery_day(folder)
        if day is not None:
            found.append(_inspect(folder, day, settings.settle_seconds, now or time.time()))
    return found


def passed_over(found: Iterable[Delivery], settings: Settings) -> list[tuple[str, str]]:
    """Name as it may be told, and reason, of all in the drop folder that is not to be taken now."""
    waiting = [(d.name, d.not_ready) for d in found if d.not_ready]
    return [*waiting, *strays(settings.incoming)]


def new_and_ready(deliveries: Iterable[Delivery], known: Iterable[str]) -> list[Delivery]:
    """Those that are ready and whose content is not in the warehouse yet."""
    seen = set(known)
    return [d for d in deliveries if not d.not_ready and d.delivery_id not in seen]


def require_files(delivery: Delivery) -> None:
    """Refuse a delivery that lacks a required file or holds one that may not be opened.

    Raises
    ------
    Refused
        Rule `gate_required_file_missing`, or the rule of the unsafe file.
    """
    if delivery.unsafe:
        rule_id, file_name, reason = delivery.unsafe
        raise Refused(rule_id, reason, file_name)
    held = {table.name for f in delivery.files for table in tables_for_file(f.name)}
    for table, prefix in zip(("patients", "sessions"), REQUIRED_PREFIXES, strict=True):
        if table not in held:
            name = f"{prefix}{delivery.name}.csv"
            raise Refused(
                "gate_required_file_missing", f"the delivery lacks its required file {name}", name
            )


def _inspect(folder: Path, day: date, settle_seconds: int, now: float) -> Delivery:
    if folder.is_symlink():
        unsafe = ("gate_path_unsafe", folder.name, "the delivery is a link, not a folder")
        return Delivery(folder.name, day, (), unsafe=unsafe)
    paths = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    links = [p.name for p in paths if p.is_symlink() or not p.is_file()]
    if links:
        unsafe = ("gate_path_unsafe", links[0], "it is a link or a folder, not a plain file")
        return Delivery(folder.name, day, (), unsafe=unsafe)
    large = [p.name for p in paths if p.stat().st_size > MAX_FILE_BYTES]
    if large:
        unsafe = ("gate_too_large", large[0], "it is larger than 1 GB")
        return Delivery(folder.name, day, (), unsafe=unsafe)
    if not paths:
        return Delivery(folder.name, day, (), "it is empty")
    manifest = folder / MANIFEST
    if manifest in paths:
        return _inspect_declared(folder, day, paths, manifest)
    age = now - max(p.stat().st_mtime for p in [folder, *paths])
    if age < settle_seconds:
        return Delivery(
            folder.name, day, (), f"a file changed {age:.0f} s ago, still being copied?"
        )
    files = tuple(DeliveredFile(p.name, p, sha256_once(p), None) for p in paths)
    return Delivery(folder.name, day, files)


def _inspect_declared(folder: Path, day: date, paths: list[Path], manifest: Path) -> Delivery:
    try:
        declared = read_manifest(manifest)
    except Refused as refusal:
        unsafe = (refusal.rule_id, MANIFEST, str(refusal))
        return Delivery(folder.name, day, (), unsafe=unsafe)
    except (KeyError, ValueError, csv.Error) as error:
        return Delivery(folder.name, day, (), f"its manifest cannot be read ({error})")
    # A manifest still being copied can be whole lines short.
    beside = {p.name for p in paths} - {*declared, CORRECTIONS}
    undeclared = sorted(name for name in beside if is_called_like_the_contract(name))
    if undeclared:
        return Delivery(folder.name, day, (), f"{shown(undeclared[0])} is not in its manifest")
    files = []
    for name, line in declared.items():
        path = folder / name
        if path not in paths:
            return Delivery(
                folder.name, day, (), f"{shown(name)} is in the manifest but not there yet"
            )
        digest = sha256_once(path)
        if digest != line.sha256:
            return Delivery(
                folder.name, day, (), f"{shown(name)} differs from its manifest SHA-256"
            )
        files.append(DeliveredFile(name, path, digest, line))
    corrections = folder / CORRECTIONS
    if corrections in paths and CORRECTIONS not in declared:
        files.append(DeliveredFile(CORRECTIONS, corrections, sha256_once(corrections), None))
    return Delivery(folder.name, day, tuple(files))


def _holds_data(name: str) -> bool:
    return bool(tables_for_file(name)) or name == CORRECTIONS


def read_manifest(path: Path) -> dict[str, ManifestLine]:
    """Parse `fichier;lignes;sha256;extrait_le;source;mode`.

    Raises
    ------
    KeyError, ValueError
        A column is missing, or a value is not of its list.
    Refused
        A name leads out of the folder (rule `gate_path_unsafe`).
    """
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    lines = {}
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=";"):
        mode = (row.get("mode") or "complet").strip().lower()
        if mode not in ("complet", "increment"):
            raise ValueError("mode must be complet or increment")
        name, digest = (row["fichier"] or "").strip(), (row["sha256"] or "").strip().lower()
        if not name or not _SHA256.fullmatch(digest):
            raise ValueError("a line of it is not complete")
        if "/" in name or "\\" in name or name.startswith("."):
            raise Refused("gate_path_unsafe", "a file name in it leads out of the folder")
        count = (row.get("lignes") or "").strip()
        lines[name] = ManifestLine(
            _row_count(count),
            digest,
            (row.get("source") or "").strip(),
            mode,
            _extracted_at((row.get("extrait_le") or "").strip()),
        )
    if not lines:
        raise ValueError("no file is named in it")
    return lines


def _row_count(text: str) -> int | None:
    if text and not text.isascii() or not text.isdigit() and text:
        raise ValueError("the number of lines of a file is no number")
    return int(text) if text else None


def _extracted_at(text: str) -> datetime | None:
    cell = parse_datetime(text, pivot_year=2099, native=False)
    return None if isinstance(cell, Bad) or not isinstance(cell.value, datetime) else cell.value
