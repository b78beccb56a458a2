"""Reading what is published: `plateau sql`, `plateau report`, `plateau config show`."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from orchestration.commands.console import print_json
from orchestration.errors import PlateauError
from orchestration.settings import Settings
from orchestration.warehouse import OFFLINE, require_live


def sql(settings: Settings, query: str, form: str) -> None:
    """Print the rows of one query on the published warehouse.

    The connection is read-only, external access is off and the configuration locked: a read-only
    DuckDB connection could otherwise attach, copy and read any file of this user.

    Raises
    ------
    PlateauError
        The query is not valid, or asks for what is locked; DuckDB's first line is in the message.
    """
    require_live(settings)
    import duckdb

    locked: dict[str, Any] = {
        **OFFLINE,
        "enable_external_access": False,
        "lock_configuration": True,
    }
    connection = duckdb.connect(str(settings.live), read_only=True, config=locked)
    try:
        single = len(connection.extract_statements(query)) == 1
        answer = connection.sql(query) if single else None
        table = answer.to_arrow_table() if answer is not None else None
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise PlateauError(
            f'The query cannot be run ({reason}); `plateau sql "show tables"` lists the tables.'
        ) from None
    finally:
        connection.close()
    if table is None:
        raise PlateauError("That is not one query that returns a table; give a single SELECT.")
    _print_table(table, form)


def _print_table(table: Any, form: str) -> None:
    if form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, sys.stdout.buffer)
    elif form == "csv":
        sys.stdout.write(table.to_pandas().to_csv(index=False))
    elif form == "json":
        rows = table.to_pylist()
        print_json({"schema": "plateau.sql/1", "columns": table.column_names, "rows": rows})
    else:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        shown = Table()
        for name in table.column_names:
            shown.add_column(Text(name))
        for row in table.to_pylist():
            shown.add_row(*(Text("" if v is None else str(v)) for v in row.values()))
        Console(soft_wrap=not sys.stdout.isatty()).print(shown)


def report(settings: Settings, out: Path | None) -> tuple[Path, int]:
    """Render the report of the published warehouse; return its path and size in bytes.

    Raises
    ------
    InputMissing
        Nothing is published yet.
    """
    meta = require_live(settings)
    from orchestration.assets.report import write_report

    path = (out or settings.reports / "report.html").resolve()
    published = replace(settings, preset=meta.preset)
    try:
        return path, write_report(published, settings.live, meta.run_id, path)
    except OSError as error:
        raise PlateauError(
            f"The report cannot be written to {path} ({error.strerror}); "
            "choose another place with --out."
        ) from None


def settings_table(settings: Settings) -> list[dict[str, str]]:
    """Every setting: name, value, source."""
    return [
        {
            "name": f.name,
            "value": str(value) if (value := getattr(settings, f.name)) is not None else "",
            "source": settings.sources.get(f.name, "default"),
        }
        for f in fields(settings)
        if f.name != "sources"
    ]
