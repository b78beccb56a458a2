"""One warehouse file: opened as catalog `plateau`, its tables, what it says of itself.

Stored views name the catalog `plateau`: every connection attaches its file under that name, and the
live file is called so. How a file comes to be published is `build`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import __version__
from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings

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
    """Write a frame as a whole table; a column of nothing is text, for DuckDB has no other type."""
    empty = [c for c in frame if frame[c].dtype == object and frame[c].isna().all()]
    connection.register("incoming_frame", frame.astype(dict.fromkeys(empty, "str")))
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
