"""`plateau doctor`: what is installed, writable and missing, a line a finding."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration import data_directory, lock, vault
from orchestration.errors import PlateauError
from orchestration.settings import Settings
from orchestration.versions import versions
from orchestration.warehouse import meta_of

PACKAGES = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "pymc",
    "nutpie",
    "altair",
    "vl-convert-python",
)
LOW_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state`: 'ok', 'note' (worth knowing) or 'bad' (needs a hand)."""

    state: str
    subject: str
    text: str

    def line(self) -> str:
        """The finding for a person."""
        return f"{self.state:<4}  {self.subject:<18} {self.text}"

    def as_json(self) -> dict[str, str]:
        """The finding for a program."""
        return {"state": self.state, "subject": self.subject, "text": self.text}


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that a run needs."""
    return [
        *_software(),
        *_directory(settings),
        *_warehouse(settings),
        *_inputs(settings),
        *_keeping(settings),
    ]


def _software() -> Iterator[Finding]:
    yield Finding("ok", "python", ".".join(map(str, sys.version_info[:3])))
    for name in PACKAGES:
        try:
            yield Finding("ok", name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding("bad", name, "not installed; run `uv sync --locked`")


def _directory(settings: Settings) -> Iterator[Finding]:
    if not settings.data.exists():
        yield Finding("note", "data directory", f"{settings.data} is not there yet")
        return
    try:
        data_directory.prepare(settings)
    except PlateauError as error:
        yield Finding("bad", "data directory", str(error))
        return
    kind = data_directory.kind_of(settings) or "no delivery yet"
    yield Finding("ok", "data directory", f"{settings.data} ({kind})")
    free = shutil.disk_usage(settings.data).free
    state = "ok" if free > LOW_DISK_BYTES else "bad"
    yield Finding(state, "disk", f"{free / 1e9:.1f} GB free")
    if lock.is_free(settings.data):
        yield Finding("ok", "lock", "free")
    else:
        yield Finding("note", "lock", f"held by {lock.holder(settings.data)}")


def _warehouse(settings: Settings) -> Iterator[Finding]:
    try:
        meta = meta_of(settings.live)
    except PlateauError as error:
        yield Finding("bad", "warehouse", str(error))
        return
    if meta is None:
        yield Finding("note", "warehouse", "nothing published yet")
    else:
        yield Finding("ok", "warehouse", f"published {meta.published_at} UTC by run {meta.run_id}")


def _inputs(settings: Settings) -> Iterator[Finding]:
    if settings.incoming.is_dir():
        yield Finding("ok", "drop folder", str(settings.incoming))
    else:
        yield Finding("note", "drop folder", f"{settings.incoming} is not there yet")
    if settings.key_file.exists():
        mode = settings.key_file.stat().st_mode & 0o077
        state, text = ("bad", "is readable by others; chmod 600 it") if mode else ("ok", "")
        yield Finding(state, "pseudonym key", f"{settings.key_file} {text}".strip())
        yield from _key_of_the_data(settings)
    else:
        yield Finding("note", "pseudonym key", f"{settings.key_file} is not there yet")


def _key_of_the_data(settings: Settings) -> Iterator[Finding]:
    """Whether this is the key that the directory's pseudonyms were made with."""
    held = data_directory.key_id_of(settings)
    if not held:
        return
    try:
        here = vault.key_id(vault.load_key(settings, "real"))
    except PlateauError as error:
        yield Finding("bad", "key id", str(error))
        return
    if here == held:
        yield Finding("ok", "key id", held)
    else:
        text = f"the data are of key {held}, this one is {here}; name the right one"
        yield Finding("bad", "key id", f"{text} with PLATEAU_KEY_FILE")


def _keeping(settings: Settings) -> Iterator[Finding]:
    """What is kept, under which limits, and whether the vault is closed to others."""
    if settings.vault.exists():
        open_to_others = settings.vault.stat().st_mode & 0o077
        state, text = (
            ("bad", "is readable by others; chmod 600 it") if open_to_others else ("ok", "")
        )
        yield Finding(state, "vault", f"{settings.vault} {text}".strip())
    kept = versions(settings)
    limit = settings.retention_warehouse_versions
    yield Finding("ok", "versions", f"{len(kept)} earlier warehouses kept, at most {limit}")
