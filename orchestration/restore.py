"""Putting a backup, or a kept version of the warehouse, back: whole or not at all.

Everything is copied beside and verified first; then the directory's content changes as one
(`exchange`). Nothing that stood there is deleted: it is moved aside.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration import data_directory, exchange, lock, vault
from orchestration.backup import FORMAT, MANIFEST, Copied
from orchestration.errors import InputMissing, PlateauError
from orchestration.exchange import Move
from orchestration.files import replace_file, sha256_of
from orchestration.settings import Settings
from orchestration.versions import keep_version
from orchestration.warehouse import meta_of, refuse_wal

ENTRIES = (
    "plateau.json",
    "heartbeat.json",
    "vault",
    "warehouse",
    "deliveries",
    "posteriors",
    "reports",
    "studies",
)
"""What a restore puts into a data directory, and moves aside from one that is replaced."""


def restore(
    settings: Settings, folder: Path, *, replace: bool = False, wait_seconds: float = 0
) -> Copied:
    """Put a backup back, whole or not at all.

    Parameters
    ----------
    replace
        Allow a data directory that holds data; its content is moved aside within it.

    Raises
    ------
    PlateauError
        A file of the backup is missing or altered, or the data directory holds data.
    InputMissing
        The backup has no manifest, its key is not here, or the directory holds the other kind.
    """
    manifest = _manifest(folder)
    _require_key(settings, manifest["key_id"])
    data_directory.prepare(settings)
    with lock.writing(settings.data, "plateau restore", wait_seconds=wait_seconds):
        data_directory.require_kind(settings, manifest["kind"], f"in the backup {folder}")
        standing = [name for name in ENTRIES if (settings.data / name).exists()]
        if standing and not replace:
            raise PlateauError(
                f"The data directory {settings.data} holds data already; choose an empty one with "
                "--data, or let --replace move its content aside."
            )
        staged = _stage(settings, folder, manifest["files"])
        aside = settings.data / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        moves = [Move("aside", str(settings.data / n), str(aside / n)) for n in standing]
        moves += [
            Move("into_place", str(staged / n), str(settings.data / n))
            for n in ENTRIES
            if (staged / n).exists()
        ]
        exchange.commit(settings.data, moves)
    total = sum(f["bytes"] for f in manifest["files"].values())
    return Copied(len(manifest["files"]), total, manifest["key_id"], aside if standing else None)


def restore_version(settings: Settings, version: Path, *, wait_seconds: float = 0) -> Copied:
    """Publish a kept version of the warehouse again; the present one becomes a version.

    The deliveries taken since then are new again to the next nightly.

    Raises
    ------
    PlateauError
        The file is no warehouse of this Plateau, or its pseudonyms are of another key.
    InputMissing
        It holds the other kind of data.
    """
    with lock.writing(settings.data, "plateau restore", wait_seconds=wait_seconds):
        meta = meta_of(version)
        if meta is None:
            raise PlateauError(f"{version} is no warehouse; name one in {settings.versions}.")
        data_directory.require_kind(settings, meta.kind, f"in {version.name}")
        held = data_directory.key_id_of(settings)
        if meta.key_id != held:
            raise PlateauError(
                f"{version.name} holds pseudonyms of key {meta.key_id}, this data directory those "
                f"of key {held}; run `plateau rebuild` instead."
            )
        refuse_wal(settings.live)
        live = meta_of(settings.live, older=True)
        if live is not None:
            keep_version(settings, live.published_at, live.run_id)
        replace_file(settings.live, copy_from=version)
    return Copied(1, version.stat().st_size, meta.key_id)


def _stage(settings: Settings, folder: Path, files: dict[str, Any]) -> Path:
    """Copy and verify everything beside the directory's content; nothing has changed yet."""
    staged = exchange.staging(settings.data)
    for name, expected in files.items():
        _copy_verified(folder / name, staged / name, expected["sha256"])
    for name in ("vault", "deliveries"):
        if (staged / name).exists():
            (staged / name).chmod(0o700)
    meta_of(staged / settings.live.relative_to(settings.data), older=True)
    return staged


def _copy_verified(source: Path, target: Path, sha256: str) -> None:
    if not source.is_file():
        raise PlateauError(f"The backup lacks {source}; nothing was restored: take another one.")
    replace_file(target, copy_from=source, mode=source.stat().st_mode & 0o777)
    if sha256_of(target) != sha256:
        raise PlateauError(
            f"{source} is not what was backed up (SHA-256); nothing was restored: take another one."
        )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise InputMissing(
            f"{folder} holds no whole backup ({MANIFEST} cannot be read): an interrupted one has "
            "none; name another folder."
        ) from None
    if manifest.get("schema") != FORMAT:
        raise PlateauError(f"{path} is not of format {FORMAT}; restore it with its own Plateau.")
    for name in manifest["files"]:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise PlateauError(f"{path} names a file outside the backup; nothing was restored.")
    return manifest


def _require_key(settings: Settings, key_id: str) -> None:
    """Refuse to restore pseudonyms that the present key could not have made."""
    path = settings.key_file
    here = vault.key_id(vault.load_key(settings, "real")) if path.exists() else "none"
    if here != key_id:
        raise InputMissing(
            f"The backup's pseudonyms are of key {key_id}; the key at {path} is {here}: put your "
            "copy of that key there, or name it with PLATEAU_KEY_FILE."
        )
