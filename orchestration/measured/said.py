"""What the pipeline said of the delivered files, rule by rule and place by place.

Here: reading it back from a warehouse, and the suites that name rows judged once more, since their
places are in no table. Not here: what was really wrong (`scores`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from orchestration.quality.queries import FOLDER
from orchestration.warehouse import tables

if TYPE_CHECKING:
    import duckdb

    from expectations.validate import Verdict

COLUMNS = ("delivery", "file", "line", "column_name", "rule_id", "action")
SUITES = ("raw_patients", "raw_sessions", "raw_emcs", "intervals", "patients")
FLAGS = ("int_session_flags", "int_patient_flags", "int_emcs_flags")
AGAINST = ("failed", "passed_with_rows")
TIERS = {
    "refuse": "hard",
    "block": "hard",
    "quarantine_row": "hard",
    "quarantine_cell": "hard",
    "repair": "repair",
    "drop": "repair",
    "warn": "flag",
    "version": "history",
}
"""Action -> tier. History (a record that changed or vanished) says nothing against a row."""


def everything_said(
    connection: duckdb.DuckDBPyConnection, suites: Iterable[str] = SUITES
) -> pd.DataFrame:
    """Return every finding of gate, contract, history, dbt and Great Expectations.

    Parameters
    ----------
    connection
        A warehouse after a run, attached read-only.
    suites
        Tables whose rows Great Expectations judges once more.

    Returns
    -------
    DataFrame
        delivery, file, line, column_name, rule_id, action, tier; line is NULL of a whole file, and
        delivery and file too of a rule over all deliveries.
    """
    connection.execute(_sql("row_places"))
    parts = [connection.execute(_sql("said")).df()]
    held = set(tables(connection))
    if held.issuperset(FLAGS):
        parts.append(connection.execute(_sql("flagged")).df())
    parts += [_placed(connection, verdict) for verdict in _verdicts(connection, held, suites)]
    parts.append(_without_rows(connection, held))
    found = pd.concat(
        [part.astype("object") for part in parts if len(part)], ignore_index=True
    ).reindex(columns=list(COLUMNS))
    found = found.drop_duplicates(ignore_index=True)
    return found.assign(tier=found["action"].map(TIERS))


def read_whole(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Delivery and name of the files that were read as if nothing were wrong."""
    rows = connection.execute(_sql("read_whole")).fetchall()
    return {(str(delivery), str(file)) for delivery, file in rows}


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _verdicts(
    connection: duckdb.DuckDBPyConnection, held: set[str], suites: Iterable[str]
) -> list[Verdict]:
    from expectations import patterns
    from expectations.suites import columns_needed
    from expectations.validate import validate

    found = []
    for name in suites:
        if name in held:
            header = [row[0] for row in connection.execute(f'describe "{name}"').fetchall()]
            listed = ", ".join(f'"{c}"' for c in columns_needed(name) if c in header)
            frame = connection.execute(f'select {listed} from "{name}"').df()
            found.append(validate(name, frame, header=header, most_row_keys=len(frame)))
    listed = ", ".join(patterns.COLUMNS)
    sessions = connection.execute(
        f"select {listed} from raw_sessions where known_to is null and set_aside_rule is null"
    ).df()
    for name, frame in (
        ("profile_relief_runs", patterns.relief_runs(sessions)),
        ("profile_nurses", patterns.nurses(sessions)),
        ("profile_typing_days", patterns.typing_days(sessions)),
    ):
        found.append(validate(name, frame, most_row_keys=len(frame)))
    return found


def _placed(connection: duckdb.DuckDBPyConnection, verdict: Verdict) -> pd.DataFrame:
    keys = [
        (key, result.rule_id)
        for result in verdict.results
        if result.status in AGAINST
        for key in result.row_keys
    ]
    if not keys:
        return pd.DataFrame(columns=list(COLUMNS))
    named = pd.DataFrame(keys, columns=["row_key", "rule_id"]).drop_duplicates()
    connection.register("named_rows", named)
    placed = connection.execute(
        "select p.delivery, p.\"file\", p.line, null as column_name, n.rule_id, 'warn' as action "
        "from named_rows as n inner join row_places as p using (row_key)"
    ).df()
    connection.unregister("named_rows")
    return placed


def _without_rows(connection: duckdb.DuckDBPyConnection, held: set[str]) -> pd.DataFrame:
    """Rules over volumes and distributions that failed in the newest run: they name no row."""
    if "dq_result" not in held:
        return pd.DataFrame(columns=list(COLUMNS))
    return connection.execute(
        'select distinct null as delivery, null as "file", null as line, column_name, rule_id, '
        "'warn' as action from dq_result where owner = 'gx' and status = 'failed' and "
        "table_name in ('profile_volumes', 'profile_tables', 'profile_columns') and "
        'run_id = (select arg_max(run_id, "at") from dq_result)'
    ).df()
