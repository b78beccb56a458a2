"""A consistent copy of a data directory; the way back is `restore`.

A backup holds what cannot be made again: the published warehouse, the vault, the kept deliveries,
the posterior behind the published curves, the published report. Its manifest, written last, names
every file with its SHA-256. The key of the pseudonyms is never in it: who finds a backup must not
be able to make a pseudonym from a patient number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration import __version__, data_directory, lock, vault
from orchestration.errors import PlateauError
from orchestration.files import PARTIAL, replace_file, sha256_of
from orchestration.settings import Settings
from orchestration.warehouse import connect, refuse_wal, require_live, tables

MANIFEST = "manifest.json"
FORMAT = "plateau.backup/1"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied; `replaced` is where a restore moved the former content, if any."""

    files: int
    n_bytes: int
    key_id: str
    replaced: Path | None = None


def backup(settings: Settings, folder: Path, *, wait_seconds: float = 0) -> Copied:
    """Copy a data directory under its lock.

    Parameters
    ----------
    folder
        New or empty, outside the data directory.

    Raises
    ------
    PlateauError
        The folder cannot take a backup, or a kept file is no longer what was delivered.
    InputMissing
        Nothing is published yet.
    """
    folder = folder.resolve()
    _refuse_target(settings, folder)
    with lock.writing(settings.data, "plateau backup", wait_seconds=wait_seconds):
        meta = require_live(settings)
        refuse_wal(settings.live)
        if settings.vault.exists():
            with vault.connect(settings):
                pass  # closing it works what a killed run left in its log into the file
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = {
            relative.as_posix(): _copy(settings.data / relative, folder / relative)
            for relative in _content(settings)
        }
        content = {
            "schema": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "plateau_version": __version__,
            "kind": meta.kind,
            "key_id": data_directory.key_id_of(settings),
            "run_id": meta.run_id,
            "files": files,
        }
        replace_file(folder / MANIFEST, json.dumps(content, indent=1), mode=0o600)
    return Copied(len(files), sum(f["bytes"] for f in files.values()), str(content["key_id"]))


def _refuse_target(settings: Settings, folder: Path) -> None:
    if folder.is_relative_to(settings.data):
        raise PlateauError(
            f"{folder} lies inside the data directory and would be lost with it; choose a folder "
            "on another disk."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PlateauError(f"{folder} is not empty; a backup needs a folder of its own.")


def _content(settings: Settings) -> Iterator[Path]:
    """Files of a backup, relative to the data directory."""
    picked = [
        settings.data / "plateau.json",
        settings.data / "heartbeat.json",
        settings.live,
        settings.vault,
        settings.reports / "report.html",
    ]
    folders = [settings.kept, settings.data / "studies", *_posterior(settings)]
    for folder in folders:
        picked += [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in picked:
        if path.is_file() and path.suffix != PARTIAL:
            yield path.relative_to(settings.data)


def _posterior(settings: Settings) -> list[Path]:
    """Folder of the posterior that the published curves come from."""
    with connect(settings.live, read_only=True) as connection:
        if "model_status" not in tables(connection):
            return []
        rows = connection.execute(
            "select rows_run_id from model_status where model = 'relief'"
        ).fetchall()
    return [settings.posteriors / f"{run_id}.zarr" for (run_id,) in rows if run_id]


def _copy(source: Path, target: Path) -> dict[str, Any]:
    replace_file(target, copy_from=source, mode=source.stat().st_mode & 0o777)
    digest = sha256_of(target)
    if len(source.name) == len(digest) and source.name != digest:
        raise PlateauError(
            f"{source} is no longer the file that was delivered (its name is its SHA-256); restore "
            "it from an earlier backup or have the clinic deliver it again, then back up."
        )
    return {"sha256": digest, "bytes": target.stat().st_size}
