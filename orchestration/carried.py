"""What a warehouse made anew takes over from the former one, because no delivery holds it.

Results of checks, profiles of deliveries as they were measured, notes of refused files, fitted
models and estimates; under a new pseudonym key with every patient's new pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import PlateauError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

FACTS = {"dq_profile": "true", "dq_result": "true", "ingest_file": "status <> 'accepted'"}
"""Table -> its rows that follow from no kept delivery; none of them names a patient."""
OF_THE_FILE = frozenset({"warehouse_meta"})


@contextmanager
def former(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[set[str]]:
    """Attach another warehouse read-only as catalog `former`; gives the names of its tables."""
    quoted = str(path).replace("'", "''")
    connection.execute(f"attach '{quoted}' as former (read_only)")
    try:
        rows = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'former'"
        ).fetchall()
        yield {name for (name,) in rows}
    finally:
        connection.execute("detach former")


def carry_facts(connection: duckdb.DuckDBPyConnection, live: Path) -> None:
    """Add the rows of `FACTS` to the attached warehouse, making the tables where they are not."""
    with former(connection, live) as held:
        for name in sorted(held & FACTS.keys()):
            connection.execute(
                f"create table if not exists {name} as from former.main.{name} limit 0"
            )
            connection.execute(
                f"insert into {name} by name from former.main.{name} where {FACTS[name]}"
            )


def carry_tables(connection: duckdb.DuckDBPyConnection, live: Path, names: set[str]) -> None:
    """Copy those of `names` that the former warehouse holds and the attached one does not."""
    with former(connection, live) as held:
        for name in sorted((held & names) - _own(connection)):
            connection.execute(f'create table "{name}" as from former.main."{name}"')


def carry_renamed(connection: duckdb.DuckDBPyConnection, live: Path, people: pd.DataFrame) -> None:
    """Copy every table that the attached warehouse lacks, with new pseudonyms.

    Parameters
    ----------
    people
        `before`, `after`: pseudonyms, a row a person.

    Raises
    ------
    PlateauError
        A patient of the former warehouse has no new pseudonym.
    """
    connection.register("incoming", people)
    connection.execute("create or replace temp table people as select * from incoming")
    connection.unregister("incoming")
    with former(connection, live) as held:
        for name in sorted(held - _own(connection) - OF_THE_FILE):
            source = f'former.main."{name}"'
            columns = {row[0] for row in connection.execute(f"describe {source}").fetchall()}
            if "patient_id" in columns:
                _copy_renamed(connection, name, source)
            else:
                connection.execute(f'create table "{name}" as from {source}')
    connection.execute("drop table people")


def _copy_renamed(connection: duckdb.DuckDBPyConnection, name: str, source: str) -> None:
    lost = connection.execute(
        f"select count(*) from {source} as t anti join people as p on t.patient_id = p.before "
        "where t.patient_id is not null"
    ).fetchone()
    if lost and lost[0]:
        raise PlateauError(
            f"{lost[0]} rows of {name} are of patients whom the vault does not know; nothing was "
            "changed: restore the vault from a backup, or run `plateau rebuild` first."
        )
    connection.execute(
        f'create table "{name}" as select t.* replace (p.after as patient_id) '
        f"from {source} as t left join people as p on t.patient_id = p.before"
    )


def _own(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'plateau'"
    ).fetchall()
    return {name for (name,) in rows}
