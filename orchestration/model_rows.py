"""One rule for every model: new rows where the attempt was good, else the last good rows stand.

A model's tables hold good rows, all of one attempt, or none; each row says in `run_id` and
`fitted_at` which. What became of tonight's attempt, and whose rows stand, is the model's row of
`model_status`. Here: that rule and that table. Not here: what an attempt is (`assets/models.py`,
`assets/model_checks.py`, `assets/surgery.py`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from expectations.model_suites import MODEL_COLUMNS, STATUS_COLUMNS
from orchestration.build import Build
from orchestration.warehouse import replace_table, tables

Frames = Mapping[str, pd.DataFrame]

RELIEF, CHECKS, SURGERY = "relief", "relief_checks", "surgery"
STATUS_TABLE = "model_status"
STATUS_TEXT = "The last attempt of each model, its convergence, and whose rows its tables hold."


def attempt(build: Build, model: str) -> dict[str, Any]:
    """Return the status row of an attempt that begins now, failed until it says otherwise."""
    return dict.fromkeys(STATUS_COLUMNS) | {
        "model": model,
        "run_id": build.run_id,
        "attempted_at": datetime.now(UTC).replace(tzinfo=None),
        "status": "failed",
        "reason": "",
        "is_reused": False,
    }


def status_of(status: pd.DataFrame | None, model: str = RELIEF) -> dict[str, Any]:
    """Return a model's row of `model_status`, empty where there is none."""
    if status is None or "model" not in status:
        return {}
    mine = status[status["model"] == model]
    return {} if mine.empty else {str(name): value for name, value in mine.iloc[0].items()}


def earlier(build: Build, model: str = RELIEF) -> dict[str, Any]:
    """Return the row of `model_status` that the build holds of a model, empty where none."""
    with build.read() as connection:
        if STATUS_TABLE not in tables(connection):
            return {}
        return status_of(connection.execute(f"from {STATUS_TABLE}").df(), model)


def keep(
    build: Build,
    status: dict[str, Any],
    fresh: Frames | None,
    names: Iterable[str],
    *,
    of_run: str | None = None,
) -> None:
    """Write new rows, or keep the last good ones; note the attempt, and whose rows stand.

    Parameters
    ----------
    build
        The warehouse that is built.
    status
        See `attempt`; rows_run_id and rows_fitted_at are set here.
    fresh
        New rows by table; None where the attempt gave no good ones.
    names
        The model's tables; those of the first, where it has any, say whose rows stand. A table
        that never had good rows stands empty, with the columns of the data dictionary.
    of_run
        Run whose fit the new rows are of; by default this one.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    names = tuple(names)
    with build.write() as connection:
        held = set(tables(connection))
        for name in names:
            if fresh is not None:
                rows = fresh[name].assign(run_id=of_run or build.run_id, fitted_at=now)
                replace_table(connection, name, rows)
            elif name not in held:
                connection.execute(f'create table "{name}" ({_declared(MODEL_COLUMNS[name])})')
        origin = connection.execute(
            f'select any_value(run_id), any_value(fitted_at) from "{names[0]}"'
        ).fetchall()[0]
        status.update(rows_run_id=origin[0], rows_fitted_at=origin[1])
        _note(connection, status)


def _note(connection: Any, status: Mapping[str, Any]) -> None:
    """Put a model's row in the place of its earlier one; other models' rows stay."""
    _made_as_declared(connection)
    connection.execute(f"delete from {STATUS_TABLE} where model = ?", [status["model"]])
    row = ", ".join(f"${name}::{kind} as {name}" for name, (kind, _) in STATUS_COLUMNS.items())
    values = {name: status[name] for name in STATUS_COLUMNS}
    connection.execute(f"insert into {STATUS_TABLE} by name select {row}", values)


def _made_as_declared(connection: Any) -> None:
    """Make the status table anew where it is absent or that of an earlier Plateau."""
    if STATUS_TABLE in tables(connection):
        held = connection.execute(f"describe {STATUS_TABLE}").fetchall()
        if [name for name, *_ in held] == list(STATUS_COLUMNS):
            return
    connection.execute(f"create or replace table {STATUS_TABLE} ({_declared(STATUS_COLUMNS)})")


def _declared(columns: Mapping[str, tuple[str, str]]) -> str:
    """Return columns as SQL declares them."""
    return ", ".join(f'"{name}" {kind}' for name, (kind, _) in columns.items())
