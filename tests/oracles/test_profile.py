"""The profile of a delivery, in SQL, against the same definitions in pandas."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from expectations.dictionary import load
from expectations.profile import profile

RELIEF = "pain_relief_pct"


def random_rows(table, n, rng):
    """Rows with every column of a raw table, a quarter of the cells NULL."""
    columns = {"patient_id": rng.choice([f"p{k}" for k in range(n // 4 + 1)], n)}
    for column in load()[table].warehouse_columns:
        if column.codes:
            cells = rng.choice(list(column.codes), n).astype(object)
        elif column.type in ("date", "datetime"):
            cells = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D")
        elif column.type in ("integer", "decimal"):
            cells = rng.choice([0, 0.25, 0.5, 1, 7, 10, 30, 30.5, 100], n)
        else:
            cells = rng.choice(["AB", "CD"], n).astype(object)
        columns[column.name] = pd.Series(cells).where(rng.random(n) > 0.25)
    return pd.DataFrame(columns)


def in_pandas(table, rows):
    """(metric, column, member) -> (value, n), from the docstring of `profile`."""
    n = len(rows)
    found = {("n_rows", None, None): (n, n)}
    found["n_patients", None, None] = (rows["patient_id"].nunique(), n)
    if "session_date" in rows and rows["session_date"].notna().any():
        last = (rows["session_date"].max() - pd.Timestamp("1970-01-01")).days
        found["last_day", "session_date", None] = (last, n)
    known = rows[rows[RELIEF].notna()] if RELIEF in rows else rows[:0]
    if len(known):
        relief, n_known = known[RELIEF], len(known)
        found["relief_mean", RELIEF, None] = (relief.mean(), n_known)
        found["round_ten_share", RELIEF, None] = ((relief % 10 == 0).mean(), n_known)
        found["fraction_share", RELIEF, None] = (relief.between(0, 1, "neither").mean(), n_known)
        residuals = (relief - relief.mean()).groupby(known["patient_id"]).sum()
        k = len(residuals)
        if k > 1:
            error = np.sqrt(k / (k - 1) * (residuals**2).sum()) / n_known
            found["relief_se", RELIEF, None] = (error, k)
    for column in load()[table].warehouse_columns:
        cells = rows[column.name]
        found["null_share", column.name, None] = (cells.isna().mean() if n else np.nan, n)
        for code in column.codes or ():
            if cells.notna().any():
                share = (cells[cells.notna()] == code).mean()
                found["code_share", column.name, code] = (share, cells.notna().sum())
    return found


@pytest.mark.parametrize("n", [0, 1, 2, 700])
@pytest.mark.parametrize("table", load())
def test_sql_and_pandas_tell_the_same_profile(table, n):
    rows = random_rows(table, n, np.random.default_rng(n))
    told = profile(f"raw_{table}", duckdb.from_df(rows)).astype({"member": object})
    told = told.replace({np.nan: None})
    found = {
        (r.metric, r.column_name, r.member): (np.nan if r.value is None else r.value, r.n)
        for r in told.itertuples()
    }
    wanted = in_pandas(table, rows)
    assert found.keys() == wanted.keys()
    for key, numbers in wanted.items():
        assert found[key] == pytest.approx(numbers, rel=1e-12, nan_ok=True), key
