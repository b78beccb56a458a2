"""Rows of the tidy estimate frame, and the descriptions that need no model.

Here: the columns every estimate has, means, standard deviations, counts and shares with their
denominators. Not here: which variables of which table (`estimates.py`), models (`mixed.py`).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from classical.contingency import wilson_interval

ESTIMATE_COLUMNS = (
    "analysis", "population", "term", "estimate", "se", "df", "lo", "hi", "p", "method",
    "n", "n_missing", "status",
)  # fmt: skip

Row = dict[str, Any]


def row(analysis: str, population: str, term: str, **values: Any) -> Row:
    """Return one estimate; numbers not given are not applicable and stay NaN."""
    numbers = dict.fromkeys(("estimate", "se", "df", "lo", "hi", "p"), np.nan)
    named = {"analysis": analysis, "population": population, "term": term}
    return named | numbers | {"status": "ok"} | values


def estimate_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as the tidy frame: columns ESTIMATE_COLUMNS in order, counts as integers."""
    frame = pd.DataFrame(list(rows), columns=list(ESTIMATE_COLUMNS))
    text = {name: "str" for name in ("analysis", "population", "term", "method", "status")}
    counts = {"n": "int64", "n_missing": "int64"}
    floats = {name: "float64" for name in ("estimate", "se", "df", "lo", "hi", "p")}
    return frame.astype(text | counts | floats)


def mean_and_sd(analysis: str, population: str, term: str, values: pd.Series) -> list[Row]:
    """Return the rows `<term>.mean` and `<term>.sd` of the known values."""
    known = values.dropna().to_numpy(dtype=float)
    counts = {"n": len(known), "n_missing": len(values) - len(known)}
    mean = row(analysis, population, f"{term}.mean", method="arithmetic mean", **counts)
    sd = row(analysis, population, f"{term}.sd", method="standard deviation (n - 1)", **counts)
    if len(known) == 0:
        mean["status"] = sd["status"] = "not_estimable: no known values"
        return [mean, sd]
    mean["estimate"] = known.mean()
    if len(known) == 1:
        sd["status"] = "not_estimable: one known value"
    else:
        sd["estimate"] = known.std(ddof=1)
    return [mean, sd]


def counts_and_shares(analysis: str, population: str, term: str, values: pd.Series) -> list[Row]:
    """Return rows `<term>=<code>.n` and `.percent` of every code, the most frequent first.

    The denominator n is the number of patients with a known code; the percent carries its Wilson
    95 % interval.
    """
    known = values.dropna()
    counts = {"n": len(known), "n_missing": len(values) - len(known)}
    if known.empty:
        status = "not_estimable: no known values"
        return [row(analysis, population, term, method="count", status=status, **counts)]
    tally = known.astype(str).value_counts().rename_axis("code").reset_index(name="count")
    tally = tally.sort_values(["count", "code"], ascending=[False, True])
    rows = []
    for code, count in zip(tally["code"], tally["count"], strict=True):
        name = f"{term}={code}"
        rows.append(
            row(analysis, population, f"{name}.n", estimate=count, method="count", **counts)
        )
        rows.append(share(analysis, population, f"{name}.percent", count, **counts))
    return rows


def share(analysis: str, population: str, term: str, events: int, *, n: int, n_missing: int) -> Row:
    """Return events as percent of n with the Wilson 95 % interval."""
    method = "percent of known, Wilson interval"
    result = row(analysis, population, term, method=method, n=n, n_missing=n_missing)
    if n == 0:
        return result | {"status": "not_estimable: no patients"}
    lo, hi = wilson_interval(int(events), n)
    return result | {"estimate": 100 * events / n, "lo": 100 * lo, "hi": 100 * hi}
