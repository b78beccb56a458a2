"""The warehouse: a build beside the live file, swapped in by one atomic rename (blue/green).

Readers open only the live file, read-only. A run builds `build/<root run id>.duckdb`, so that a
failed run leaves the live file alone and a re-execution finds its build. Stored views name the
catalog `plateau`: every connection attaches its file under that name, and the live file is called
so.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import __version__
from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SCHEMA_VERSION = 1
"""Raised with every change of a public table; a warehouse of a later version is refused."""

OFFLINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""DuckDB must never reach for an extension over the network."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a warehouse says of itself (table `warehouse_meta`, one row)."""

    schema_version: int
    plateau_version: str
    kind: str
    run_id: str
    published_at: str
    preset: str


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open one warehouse file as catalog `plateau`, and always close it.

    The file stays locked only for the length of the block: dbt is another process and DuckDB allows
    one writer.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=dict(OFFLINE))
    try:
        mode = " (READ_ONLY)" if read_only else ""
        quoted = str(path).replace("'", "''")
        connection.execute(f"attach '{quoted}' as plateau{mode}")
        connection.execute("use plateau")
        yield connection
    finally:
        connection.close()


def read_tables(path: Path, names: list[str]) -> dict[str, pd.DataFrame]:
    """Frames of those of `names` that the file holds; absent ones are left out."""
    with connect(path, read_only=True) as connection:
        held = set(tables(connection))
        return {
            name: connection.execute(f'select * from "{name}"').df()
            for name in names
            if name in held
        }


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views of the attached warehouse, by name."""
    rows = connection.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = 'plateau' and table_schema = 'main' order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def replace_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as a whole table."""
    connection.register("incoming_frame", frame)
    connection.execute(f'create or replace table "{name}" as select * from incoming_frame')
    connection.unregister("incoming_frame")


def append_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Append a frame to an existing table by column name; absent columns become NULL."""
    if frame.empty:
        return
    connection.register("incoming_frame", frame)
    connection.execute(f'insert into "{name}" by name select * from incoming_frame')
    connection.unregister("incoming_frame")


def meta_of(path: Path) -> Meta | None:
    """Read `warehouse_meta`; `None` where the file or the row is not there.

    Raises
    ------
    PlateauError
        The file is no DuckDB database of a version this Plateau reads, or it is of a later Plateau.
    """
    import duckdb

    if not path.exists():
        return None
    try:
        with connect(path, read_only=True) as connection:
            if "warehouse_meta" not in tables(connection):
                return None
            row = connection.execute(
                "select schema_version, plateau_version, kind, run_id, published_at, preset "
                "from warehouse_meta"
            ).fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise PlateauError(
            f"The warehouse {path} cannot be read ({reason}); move it aside and run "
            "`plateau nightly`, which builds it anew from the deliveries, or restore a copy."
        ) from None
    if row is None:
        return None
    meta = Meta(*row)
    if meta.schema_version > SCHEMA_VERSION:
        raise PlateauError(
            f"The warehouse {path} was written by Plateau {meta.plateau_version} (schema "
            f"{meta.schema_version}); this is Plateau {__version__} (schema {SCHEMA_VERSION}): "
            "install that version or a later one."
        )
    return meta


def require_live(settings: Settings) -> Meta:
    """Meta of the published warehouse.

    Raises
    ------
    InputMissing
        Nothing has been published in this data directory yet.
    """
    meta = meta_of(settings.live)
    if meta is None:
        raise InputMissing(
            f"There is no published warehouse in {settings.data}; "
            "run `plateau nightly` (or `plateau demo`) first."
        )
    return meta


@dataclass(slots=True)
class Build:
    """One run's warehouse under construction."""

    settings: Settings
    root_run_id: str
    run_id: str
    published: bool = False

    @property
    def path(self) -> Path:
        """File of the build, named by the root run so that a re-execution finds it."""
        return self.settings.builds / f"{self.root_run_id}.duckdb"

    def open(self) -> None:
        """Copy live to the build, or take up the build that a failed attempt of this run left.

        Raises
        ------
        PlateauError
            The left build started from a version that has been replaced since.
        """
        _refuse_wal(self.settings.live)
        live = meta_of(self.settings.live)
        if self.path.exists():
            self._require_same_base(live)
            return
        if self.root_run_id != self.run_id:
            raise PlateauError(
                "The build of the first attempt is no longer there (it was published or is older "
                f"than {self.settings.keep_builds_days} days); launch the whole job again."
            )
        self.settings.builds.mkdir(parents=True, exist_ok=True)
        if self.settings.live.exists():
            partial = self.path.with_suffix(".partial")
            shutil.copyfile(self.settings.live, partial)
            partial.replace(self.path)
        else:
            with self.write():
                pass

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect for writing; the file is free again after the block."""
        with connect(self.path) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect read-only."""
        with connect(self.path, read_only=True) as connection:
            yield connection

    def publish(self, kind: str) -> Meta:
        """Seal the build and swap it in; the last good version stays until the very rename.

        Raises
        ------
        PlateauError
            The live file has a write-ahead log (somebody wrote to it), or another run published
            since this build began.
        """
        live = meta_of(self.settings.live)
        self._require_same_base(live)
        meta = Meta(
            SCHEMA_VERSION,
            __version__,
            kind,
            self.run_id,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            self.settings.preset,
        )
        with self.write() as connection:
            connection.execute(
                "create or replace table warehouse_meta as select ?::integer as schema_version, "
                "?::varchar as plateau_version, ?::varchar as kind, ?::varchar as run_id, "
                "?::varchar as published_at, ?::varchar as preset",
                [
                    meta.schema_version,
                    meta.plateau_version,
                    meta.kind,
                    meta.run_id,
                    meta.published_at,
                    meta.preset,
                ],
            )
            connection.execute("checkpoint plateau")
        _refuse_wal(self.settings.live)
        self.settings.live.parent.mkdir(parents=True, exist_ok=True)
        _flush(self.path)
        self.path.replace(self.settings.live)
        _flush(self.settings.live.parent)
        self.published = True
        return meta

    def _require_same_base(self, live: Meta | None) -> None:
        base = meta_of(self.path)
        if base != live:
            raise PlateauError(
                f"Run {live.run_id if live else '?'} published while this build stood still; "
                "publishing it would undo that, so launch the whole job again."
            )


def delete_build(settings: Settings, root_run_id: str) -> None:
    """Delete one build and what a killed process may have left beside it."""
    build = settings.builds / f"{root_run_id}.duckdb"
    for left in (build, build.with_name(build.name + ".wal"), build.with_suffix(".partial")):
        left.unlink(missing_ok=True)


def clean_builds(settings: Settings, *, now: float | None = None) -> list[str]:
    """Delete unpublished builds older than `keep_builds_days`; return their names."""
    limit = (now or time.time()) - settings.keep_builds_days * 86_400
    removed = []
    for path in settings.builds.glob("*"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return removed


def _refuse_wal(live: Path) -> None:
    wal = live.with_name(live.name + ".wal")
    if wal.exists():
        raise PlateauError(
            f"{wal} lies beside the published warehouse: something opened it for writing. Close "
            "that program, check the file, remove the .wal and run again; nothing was published."
        )


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
