"""The profile of a table as it stood after a delivery: a few numbers that the next is held against.

Belongs here: sizes, shares and means of the rows that stand. Does not: comparing two profiles
(`drift`), limits (`profile_suites`), rows or values: a member is a code of the dictionary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import pandas as pd

from expectations.dictionary import load

if TYPE_CHECKING:
    import duckdb

PROFILE_COLUMNS = {
    "run_id": "varchar",
    "at": "timestamp",
    "delivery_id": "varchar",
    "delivery_date": "date",
    "table_name": "varchar",
    "metric": "varchar",
    "column_name": "varchar",
    "member": "varchar",
    "value": "double",
    "n": "bigint",
}
"""Columns of `dq_profile`: one row a number; `n` is what it is a share or a mean of."""

RELIEF = "pain_relief_pct"
_SINCE_1970 = "date_diff('day', date '1970-01-01', {})"


@dataclass(frozen=True)
class Number:
    """One number of a profile: what it is about, and the SQL of its value and of its `n`."""

    metric: str
    column_name: str | None
    member: str | None
    value: str
    n: str = "count(*)"


def profile(table_name: str, rows: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Return the profile of the rows of a raw table that stand.

    Parameters
    ----------
    table_name
        `raw_patients`, `raw_sessions` or `raw_emcs`.
    rows
        Its current rows, with columns of the dictionary and `patient_id`; they stay in DuckDB,
        which goes through them twice.

    Returns
    -------
    DataFrame
        table_name, metric, column_name, member, value, n. Metrics of a table: `n_rows`,
        `n_patients`, `last_day` (days since 1970), `relief_mean` and `relief_se` (percent; standard
        error by patient), `round_ten_share`, `fraction_share`; of a column: `null_share`; of a
        code: `code_share`. A share of nothing is NULL.
    """
    asked = [*_of_the_table(rows.columns), *_of_columns(table_name, rows.columns)]
    listed = ", ".join(f"{number.value}, {number.n}" for number in asked)
    (said,) = rows.aggregate(listed).fetchall()
    numbers = [
        (one.metric, one.column_name, one.member, value, n)
        for one, value, n in zip(asked, said[::2], said[1::2], strict=True)
        # of nothing only the share of NULLs is told, as NULL
        if value is not None or one.metric == "null_share"
    ]
    for metric, _, _, mean, n in list(numbers):
        if metric == "relief_mean":
            numbers += _error_by_patient(rows, mean, n)
    names = ["metric", "column_name", "member", "value", "n"]
    found = pd.DataFrame(numbers, columns=names).astype({"value": "float64", "n": "int64"})
    found.insert(0, "table_name", table_name)
    return found.astype({"column_name": "object", "member": "object"})


def _of_the_table(columns: Collection[str]) -> Iterator[Number]:
    yield Number("n_rows", None, None, "count(*)")
    yield Number("n_patients", None, None, "count(distinct patient_id)")
    if "session_date" in columns:
        newest = _SINCE_1970.format("max(session_date)")
        yield Number("last_day", "session_date", None, newest)
    if RELIEF in columns:
        share = f"avg(({{}})::integer) filter (where {RELIEF} is not null)"
        for metric, value in (
            ("relief_mean", f"avg({RELIEF})"),
            ("round_ten_share", share.format(f"{RELIEF} % 10 = 0")),
            ("fraction_share", share.format(f"{RELIEF} > 0 and {RELIEF} < 1")),
        ):
            yield Number(metric, RELIEF, None, value, f"count({RELIEF})")


def _of_columns(table_name: str, columns: Collection[str]) -> Iterator[Number]:
    for column in load()[table_name.removeprefix("raw_")].warehouse_columns:
        if column.name not in columns:
            continue
        known = f'count("{column.name}")'
        absent = f"1 - {known} / nullif(count(*), 0)"
        yield Number("null_share", column.name, None, absent)
        for code in column.codes or ():
            those = f"count(*) filter (where \"{column.name}\" = '{code}')"
            yield Number("code_share", column.name, code, f"{those} / nullif({known}, 0)", known)


def _error_by_patient(
    rows: duckdb.DuckDBPyRelation, mean: float, n: int
) -> Iterator[tuple[str, str, None, float, int]]:
    """Give the standard error of the mean relief, where more than one patient reported.

    Sessions of one patient resemble each other: their residuals are summed before squaring.
    """
    by_patient = rows.filter(f"{RELIEF} is not null").aggregate(
        f"sum({RELIEF} - {mean!r}) as residual", "patient_id"
    )
    ((k, squares),) = by_patient.aggregate("count(*), sum(residual ** 2)").fetchall()
    if k > 1:
        yield "relief_se", RELIEF, None, sqrt(k / (k - 1) * squares) / n, k


def day_number(day: pd.Timestamp) -> int:
    """Days since 1970 of a day."""
    return (day - pd.Timestamp(1970, 1, 1)).days
