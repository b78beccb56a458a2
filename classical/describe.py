"""Rows of the tidy estimate frame, and the descriptions that need no model.

Here: the columns every estimate has, means, standard deviations, extremes, counts and shares with
their denominators and errors. Not here: which variables of which table (`estimates.py` and the
other tables), models (`mixed.py`).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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


def known_values(values: pd.Series) -> NDArray[np.float64]:
    """Return the values that are numbers; missing and infinite ones are left out."""
    found = values.to_numpy(dtype=float, na_value=np.nan)
    return found[np.isfinite(found)]


def mean_and_sd(analysis: str, population: str, term: str, values: pd.Series) -> list[Row]:
    """Return the rows `<term>.mean` (t interval) and `<term>.sd` of the known values."""
    known = known_values(values)
    counts = {"n": len(known), "n_missing": len(values) - len(known)}
    mean = row(analysis, population, f"{term}.mean", method="mean, t interval", **counts)
    sd = row(analysis, population, f"{term}.sd", method="standard deviation (n - 1)", **counts)
    if len(known) == 0:
        mean["status"] = sd["status"] = "not_estimable: no known values"
        return [mean, sd]
    mean["estimate"] = known.mean()
    if len(known) == 1:
        sd["status"] = "not_estimable: one known value"
    else:
        sd |= {"estimate": known.std(ddof=1), "se": _sd_error(known)}
        mean |= _mean_interval(known)
    return [mean, sd]


def extremes(analysis: str, population: str, term: str, values: pd.Series) -> list[Row]:
    """Return the rows `<term>.min` and `<term>.max` of the known values, which have no error."""
    known = known_values(values)
    counts = {"n": len(known), "n_missing": len(values) - len(known)}
    rows = [row(analysis, population, f"{term}.{end}", method=f"{end}imum", **counts)
            for end in ("min", "max")]  # fmt: skip
    if not len(known):
        return [one | {"status": "not_estimable: no known values"} for one in rows]
    ends = (float(known.min()), float(known.max()))
    return [one | {"estimate": end} for one, end in zip(rows, ends, strict=True)]


def count(analysis: str, population: str, term: str, events: int, *, n: int, n_missing: int) -> Row:
    """Return how many of n, with the Wilson interval of the share as a count of n."""
    result = share(analysis, population, term, events, n=n, n_missing=n_missing)
    scale = n / 100
    numbers = {name: result[name] * scale for name in ("estimate", "se", "lo", "hi")}
    return result | numbers | {"method": "count of known, Wilson interval"}


def count_and_share(
    analysis: str, population: str, term: str, events: int, *, n: int, n_missing: int = 0
) -> list[Row]:
    """Return the rows `<term>.n` and `<term>.percent` of events among n."""
    counts = {"n": n, "n_missing": n_missing}
    return [
        count(analysis, population, f"{term}.n", events, **counts),
        share(analysis, population, f"{term}.percent", events, **counts),
    ]


def flag(analysis: str, population: str, term: str, values: pd.Series) -> list[Row]:
    """Count and share of True among the known values of a boolean column."""
    known = values.dropna().astype(bool)
    missing = len(values) - len(known)
    return count_and_share(
        analysis, population, term, int(known.sum()), n=len(known), n_missing=missing
    )


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
    tally = known.astype(str).value_counts().rename_axis("code").reset_index(name="events")
    tally = tally.sort_values(["events", "code"], ascending=[False, True])
    rows = []
    for code, events in zip(tally["code"], tally["events"], strict=True):
        rows += count_and_share(analysis, population, f"{term}={code}", int(events), **counts)
    return rows


def share(analysis: str, population: str, term: str, events: int, *, n: int, n_missing: int) -> Row:
    """Return events as percent of n with the Wilson 95 % interval.

    The standard error is that of Agresti and Coull's share, which is positive for 0 and n events.
    """
    method = "percent of known, Wilson interval"
    result = row(analysis, population, term, method=method, n=n, n_missing=n_missing)
    if n == 0:
        return result | {"status": "not_estimable: no patients"}
    lo, hi = wilson_interval(int(events), n)
    near = (events + 2) / (n + 4)
    se = 100 * np.sqrt(near * (1 - near) / (n + 4))
    return result | {"estimate": 100 * events / n, "se": se, "lo": 100 * lo, "hi": 100 * hi}


def _mean_interval(known: NDArray[np.float64]) -> Row:
    from scipy.stats import t as student

    se = known.std(ddof=1) / np.sqrt(len(known))
    half = student.ppf(0.975, len(known) - 1) * se
    mean = known.mean()
    return {"se": se, "df": float(len(known) - 1), "lo": mean - half, "hi": mean + half}


def _sd_error(known: NDArray[np.float64]) -> float:
    """Large-sample error of a standard deviation, from the fourth moment: no normality needed."""
    n, sd = len(known), known.std(ddof=1)
    if n < 4 or sd == 0:
        return float("nan")
    fourth = ((known - known.mean()) ** 4).mean()
    variance = (fourth - sd**4 * (n - 3) / (n - 1)) / n
    return float(np.sqrt(max(variance, 0.0)) / (2 * sd))
