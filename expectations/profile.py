"""The profile of a table as it stood after a delivery: a few numbers that the next is held against.

Belongs here: sizes, shares and means of the rows that stand. Does not: comparing two profiles
(`drift`), limits (`profile_suites`), rows or values: a member is a code of the dictionary.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from expectations.dictionary import load

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

type Number = tuple[str, str | None, str | None, float | None, int]


def profile(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the profile of the rows of a raw table that stand.

    Parameters
    ----------
    table_name
        `raw_patients`, `raw_sessions` or `raw_emcs`.
    frame
        Its current rows, with the columns of the dictionary and `patient_id`.

    Returns
    -------
    DataFrame
        table_name, metric, column_name, member, value, n. Metrics of a table: `n_rows`,
        `n_patients`, `last_day` (days since 1970), `relief_mean` and `relief_se` (percent; standard
        error by patient), `round_ten_share`, `fraction_share`; of a column: `null_share`; of a
        code: `code_share`. A share of nothing is NULL.
    """
    numbers = [*_of_the_table(frame), *_of_columns(table_name, frame)]
    names = ["metric", "column_name", "member", "value", "n"]
    found = pd.DataFrame(numbers, columns=names).astype({"value": "float64", "n": "int64"})
    found.insert(0, "table_name", table_name)
    return found.astype({"column_name": "object", "member": "object"})


def _of_the_table(frame: pd.DataFrame) -> Iterator[Number]:
    yield "n_rows", None, None, len(frame), len(frame)
    yield "n_patients", None, None, frame["patient_id"].nunique(), len(frame)
    if "session_date" in frame and frame["session_date"].notna().any():
        yield "last_day", "session_date", None, day_number(frame["session_date"].max()), len(frame)
    if RELIEF in frame:
        yield from _of_relief(frame[RELIEF], frame["patient_id"])


def _of_relief(relief: pd.Series, patients: pd.Series) -> Iterator[Number]:
    known = relief.notna().to_numpy()
    values, n = relief.to_numpy(dtype="float64", na_value=np.nan)[known], int(known.sum())
    if not n:
        return
    mean = values.mean()
    patient = pd.factorize(patients[known])[0]
    # sessions of one patient resemble each other: their residuals are summed before squaring
    residuals = np.bincount(patient, weights=values - mean)
    k = len(residuals)
    yield "relief_mean", RELIEF, None, float(mean), n
    if k > 1:
        error = float(np.sqrt(k / (k - 1) * (residuals**2).sum()) / n)
        yield "relief_se", RELIEF, None, error, k
    yield "round_ten_share", RELIEF, None, float((values % 10 == 0).mean()), n
    yield "fraction_share", RELIEF, None, float(((values > 0) & (values < 1)).mean()), n


def _of_columns(table_name: str, frame: pd.DataFrame) -> Iterator[Number]:
    n = len(frame)
    for column in load()[table_name.removeprefix("raw_")].warehouse_columns:
        if column.name not in frame:
            continue
        n_known = int(frame[column.name].notna().sum())
        yield "null_share", column.name, None, 1 - n_known / n if n else None, n
        if column.codes and n_known:
            counts = frame[column.name].value_counts()
            for code in column.codes:
                yield "code_share", column.name, code, counts.get(code, 0) / n_known, n_known


def day_number(day: pd.Timestamp) -> int:
    """Days since 1970 of a day."""
    return (day - pd.Timestamp(1970, 1, 1)).days
