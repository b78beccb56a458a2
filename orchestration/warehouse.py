"""The warehouse: a build beside the live file, swapped in by one atomic rename (blue/green).

Readers open only the live file, read-only. A run builds `build/<root run id>.duckdb`, so that a
failed run leaves the live file alone and a re-execution finds its build; what was live before stays
as a version to go back to. Stored views name the catalog `plateau`: every connection attaches its
file under that name, and the live file is called so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import __version__, faults
from orchestration.carried import carry_facts
from orchestration.data_directory import key_id_of
from orchestration.errors import InputMissing, PlateauError
from orchestration.files import flush, replace_file
from orchestration.settings import Settings
from orchestration.versions import keep_version

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SCHEMA_VERSION = 2
"""Raised with every change of a public table; a warehouse of another version is refused by name."""

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
    key_id: str = ""


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


def meta_of(path: Path, *, older: bool = False) -> Meta | None:
    """Read `warehouse_meta`; `None` where the file or the row is not there.

    Parameters
    ----------
    older
        Also accept a warehouse of an earlier Plateau, which only `plateau rebuild` may work from.

    Raises
    ------
    PlateauError
        The file is no DuckDB database of a version this Plateau reads, or it is of another Plateau.
    """
    import duckdb

    if not path.exists():
        return None
    try:
        with connect(path, read_only=True) as connection:
            if "warehouse_meta" not in tables(connection):
                return None
            answer = connection.execute("select * from warehouse_meta")
            names, row = [column[0] for column in answer.description or []], answer.fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise PlateauError(
            f"The warehouse {path} cannot be read ({reason}); move it aside and run "
            "`plateau rebuild`, which makes it anew from the kept deliveries, or restore a copy."
        ) from None
    if row is None:
        return None
    held = dict(zip(names, row, strict=True))
    _refuse_other_schema(path, held["schema_version"], held["plateau_version"], older)
    return Meta(**{f.name: held.get(f.name, f.default) for f in fields(Meta)})


def _refuse_other_schema(path: Path, schema: int, written_by: str, older: bool) -> None:
    if schema == SCHEMA_VERSION or (older and schema < SCHEMA_VERSION):
        return
    newer = schema > SCHEMA_VERSION
    way_out = (
        "install that version or a later one."
        if newer
        else "run `plateau rebuild`, which makes it anew from the kept deliveries."
    )
    raise PlateauError(
        f"The warehouse {path} was written by Plateau {written_by} (schema {schema}); this is "
        f"Plateau {__version__} (schema {SCHEMA_VERSION}): {way_out}"
    )


def write_meta(connection: duckdb.DuckDBPyConnection, meta: Meta) -> None:
    """Write `warehouse_meta`."""
    connection.execute(
        "create or replace table warehouse_meta as select ?::integer as schema_version, "
        "?::varchar as plateau_version, ?::varchar as kind, ?::varchar as run_id, "
        "?::varchar as published_at, ?::varchar as preset, ?::varchar as key_id",
        list(astuple(meta)),
    )


def require_live(settings: Settings) -> Meta:
    """Meta of the published warehouse.

    Raises
    ------
    InputMissing
        Nothing has been published in this data directory yet.
    PlateauError
        The published warehouse is of another version of Plateau.
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

    def open(self, *, fresh: bool = False) -> None:
        """Copy live to the build, or take up the one that lies there under this run's name.

        A failed attempt of this run may have left it, or `plateau rebuild` begun it.

        Parameters
        ----------
        fresh
            Begin empty, but for facts that no delivery holds (`carried`); the live warehouse may
            then be of an earlier Plateau.

        Raises
        ------
        PlateauError
            The left build started from a version that has been replaced since, or the live
            warehouse is of another version of Plateau.
        """
        refuse_wal(self.settings.live)
        if self.path.exists():
            self._require_same_base(meta_of(self.settings.live, older=True))
            return
        live = meta_of(self.settings.live, older=fresh)
        if self.root_run_id != self.run_id:
            raise PlateauError(
                "The build of the first attempt is no longer there (it was published or is older "
                f"than {self.settings.retention_builds_days} days); launch the whole job again."
            )
        self.settings.builds.mkdir(parents=True, exist_ok=True)
        if live is None:
            with self.write():
                pass
        elif fresh:
            _begin_anew(self.path, self.settings.live, live)
        else:
            replace_file(self.path, copy_from=self.settings.live)

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
        live_path = self.settings.live
        refuse_wal(live_path)
        live = meta_of(live_path, older=True)
        self._require_same_base(live)
        meta = self.seal(kind)
        refuse_wal(live_path)
        live_path.parent.mkdir(parents=True, exist_ok=True)
        if live is not None:
            keep_version(self.settings, live.published_at, live.run_id)
        faults.point("before_swap")
        self.path.replace(live_path)
        flush(live_path.parent)
        faults.point("after_swap")
        self.published = True
        return meta

    def seal(self, kind: str) -> Meta:
        """Write what the warehouse says of itself, and leave one flushed file without a log."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        meta = Meta(
            SCHEMA_VERSION,
            __version__,
            kind,
            self.run_id,
            now,
            self.settings.preset,
            key_id_of(self.settings),
        )
        with self.write() as connection:
            write_meta(connection, meta)
            faults.point("before_checkpoint")
            connection.execute("checkpoint plateau")
        faults.point("after_checkpoint")
        flush(self.path)
        return meta

    def _require_same_base(self, live: Meta | None) -> None:
        base = meta_of(self.path)
        if _publication(base) != _publication(live):
            raise PlateauError(
                f"Run {live.run_id if live else '?'} published while this build stood still; "
                "publishing it would undo that, so launch the whole job again."
            )


def _publication(meta: Meta | None) -> tuple[str, str] | None:
    return (meta.run_id, meta.published_at) if meta else None


def _begin_anew(path: Path, live: Path, meta: Meta) -> None:
    """An empty warehouse that knows from which publication it began, with what is carried over.

    Tables of an earlier schema are not carried over: their columns may have meant something else.
    """
    beginning = path.with_name(path.name + ".new")
    beginning.unlink(missing_ok=True)
    with connect(beginning) as connection:
        write_meta(connection, replace(meta, schema_version=SCHEMA_VERSION))
        if meta.schema_version == SCHEMA_VERSION:
            carry_facts(connection, live)
    beginning.replace(path)


def delete_build(settings: Settings, root_run_id: str) -> None:
    """Delete one build and what a killed process may have left beside it."""
    for left in settings.builds.glob(f"{root_run_id}.duckdb*"):
        left.unlink(missing_ok=True)


def refuse_wal(live: Path) -> None:
    """Refuse a published warehouse that something else has opened for writing.

    Raises
    ------
    PlateauError
        A write-ahead log lies beside it.
    """
    wal = live.with_name(live.name + ".wal")
    if wal.exists():
        raise PlateauError(
            f"{wal} lies beside the published warehouse: something opened it for writing. Close "
            "that program, check the file, remove the .wal and run again; nothing was published."
        )
