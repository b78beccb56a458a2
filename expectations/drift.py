"""What changed from the last delivery to this one, as small frames that suites can judge.

Belongs here: the comparison of two profiles and of the sizes of full dumps. Does not: the profiles
(`profile`), the limits (`profile_suites`). A comparison with too few rows is NULL, and so is one
with nothing: the first delivery drifts from nowhere.
"""

from datetime import date

import numpy as np
import pandas as pd

from expectations.dictionary import load
from expectations.profile import day_number

FEWEST_ROWS = 30
"""Rows on both sides below which a change is chance."""

FEWEST_REPORTS = 20
"""Known reports below which their digits say nothing."""

MAY_BE_EMPTY = ("exclusion_reason", "stop_date", "stop_reason", "test_period_relief_pct")
"""Columns in which no value at all is a clinical fact and no fault of an export."""


def volumes(files: pd.DataFrame) -> pd.DataFrame:
    """Compare the rows of each table's newest full dump with those of the one before.

    Parameters
    ----------
    files
        Rows of `ingest_file`: delivery_id, delivery_date, received_no, table_name, delivery_mode,
        status, n_rows.

    Returns
    -------
    DataFrame
        table_name, n_rows, n_rows_before, row_ratio; one row a table with a full dump.
    """
    dumps = files[(files["status"] == "accepted") & (files["delivery_mode"] == "complet")]
    by_dump = dumps.groupby(["table_name", "delivery_date", "received_no", "delivery_id"])
    rows = by_dump["n_rows"].sum().reset_index()
    rows["n_rows_before"] = rows.groupby("table_name")["n_rows"].shift()
    newest = rows.drop_duplicates("table_name", keep="last")
    newest = newest[["table_name", "n_rows", "n_rows_before"]].astype("float64", errors="ignore")
    return newest.assign(
        table_name=newest["table_name"].astype("object"),
        row_ratio=_ratio(newest["n_rows"], newest["n_rows_before"]),
    ).reset_index(drop=True)


def tables(now: pd.DataFrame, before: pd.DataFrame, *, delivery_date: date) -> pd.DataFrame:
    """Compare each table as a whole with what it was after the delivery before.

    Parameters
    ----------
    now, before
        Profiles (`profile.profile`) of all raw tables; `before` may be empty.
    delivery_date
        Of the delivery that `now` is about.

    Returns
    -------
    DataFrame
        table_name, patients_ratio, days_since_last_session, relief_shift_se (difference of means
        in standard errors of the mean before), round_ten_share, fraction_share.
    """
    one, other = _wide(now), _wide(before).reindex(_wide(now).index)
    error = other["relief_se"].where(other["relief_se"] > 0)
    age = day_number(pd.Timestamp(delivery_date)) - one["last_day"]
    compared = {
        "patients_ratio": _ratio(one["n_patients"], other["n_patients"]),
        "days_since_last_session": age,
        "relief_shift_se": (one["relief_mean"] - other["relief_mean"]) / error,
        "round_ten_share": _of_enough(now, "round_ten_share", one.index),
        "fraction_share": _of_enough(now, "fraction_share", one.index),
    }
    return pd.DataFrame(compared).rename_axis("table_name").reset_index()


def columns(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Compare each column with what it was after the delivery before.

    Parameters
    ----------
    now, before
        As in `tables`.

    Returns
    -------
    DataFrame
        place (`raw_sessions.nurse`), expected_null_share (NULL where an empty column is no fault),
        null_share_change, population_stability (index, of code columns).
    """
    one, other = _by_place(now, "null_share"), _by_place(before, "null_share")
    other = other.reindex(one.index)
    enough = (one["n"] >= FEWEST_ROWS) & (other["n"] >= FEWEST_ROWS)
    stability = _stability(now, before)
    found = pd.DataFrame(
        {
            "expected_null_share": one["value"].where(
                (one["n"] >= FEWEST_ROWS) & ~one.index.isin(_possibly_empty())
            ),
            "null_share_change": (one["value"] - other["value"]).where(enough),
            "population_stability": stability.reindex(one.index).astype("float64"),
        }
    )
    return found.rename_axis("place").reset_index()


def _wide(profile: pd.DataFrame) -> pd.DataFrame:
    metrics = ["n_patients", "last_day", "relief_mean", "relief_se"]
    by_metric = {
        metric: profile[profile["metric"] == metric].set_index("table_name")["value"]
        for metric in metrics
    }
    return pd.DataFrame(by_metric, dtype="float64")


def _of_enough(profile: pd.DataFrame, metric: str, tables: pd.Index) -> pd.Series:
    """Shares by table; NULL where they are of too few."""
    chosen = profile[(profile["metric"] == metric) & (profile["n"] >= FEWEST_REPORTS)]
    return chosen.set_index("table_name")["value"].reindex(tables).astype("float64")


def _by_place(profile: pd.DataFrame, metric: str) -> pd.DataFrame:
    chosen = profile[profile["metric"] == metric]
    place = chosen["table_name"].astype(str) + "." + chosen["column_name"].astype(str)
    return chosen[["value", "n"]].astype("float64").set_index(place)


def _stability(now: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Sum of (p - q) ln(p / q) over the codes; an absent code counts as half a row."""
    key = ["table_name", "column_name", "member"]
    sides = [
        one.loc[one["metric"] == "code_share", [*key, "value", "n"]].astype(
            {"value": "float64", "n": "float64"}
        )
        for one in (now, before)
    ]
    both = sides[0].merge(sides[1], on=key, suffixes=("", "_before"))
    both = both[(both["n"] >= FEWEST_ROWS) & (both["n_before"] >= FEWEST_ROWS)]
    p = both["value"].clip(lower=0.5 / both["n"])
    q = both["value_before"].clip(lower=0.5 / both["n_before"])
    place = both["table_name"].astype(str) + "." + both["column_name"].astype(str)
    terms = pd.Series((p - q) * np.log(p / q), index=both.index)
    return terms.groupby(place).sum()


def _ratio(now: pd.Series, before: pd.Series) -> pd.Series:
    return (now / before.where(before >= FEWEST_ROWS)).astype("float64")


def _possibly_empty() -> set[str]:
    return {
        f"raw_{table.name}.{column.name}"
        for table in load().values()
        for column in table.warehouse_columns
        if column.optional or column.derived_from or column.name in MAY_BE_EMPTY
    }
