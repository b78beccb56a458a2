"""Does our centre look like the study? Every published figure beside ours: `published_comparison`.

Here: the comparison of estimate rows with `published.csv`, which names for each printed figure of
the study (Thomas et al., 20 Hz rTMS over the motor cortex, 213 patients, 2010-2022) the row and
field of the estimate tables that holds ours, or why none can. Not here: computing estimates.
Nothing is fitted here: figures held out for validation are compared and used for nothing else.

Two samples are compared, theirs and ours, so both have sampling error: theirs is taken to be ours
scaled by the square root of the sizes. Odds ratios are compared on the log scale, p values as
standard normal deviates (whose error is 1 each), counts as counts of the study's denominator.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

AS_PUBLISHED, WITHIN, DIFFERS = "as published", "within sampling error", "differs"
CANNOT = "cannot be computed"
TABLES = (
    "estimate_baseline", "estimate_test_period", "estimate_slope", "estimate_cohort",
    "estimate_course", "estimate_band", "estimate_group", "estimate_emcs", "estimate_safety",
)  # fmt: skip
COLUMNS = (
    "target_id", "section", "population", "statistic", "published", "unit", "n_study",
    "usable_for", "value", "lo", "hi", "n", "n_missing", "tolerance", "scale", "verdict",
    "table_name", "analysis", "estimate_population", "term", "field", "method",
)  # fmt: skip
Z = 1.959963984540054
KEY = ["analysis", "population", "term"]


def published_figures() -> pd.DataFrame:
    """Return `published.csv`: one row a printed figure, with the place of ours or a reason."""
    with (files("classical") / "published.csv").open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype=str, keep_default_na=False)


def published_comparison(estimates: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare every published figure with the estimate tables.

    Parameters
    ----------
    estimates
        Tidy frames by table name (`TABLES`); absent tables leave their figures without a value.

    Returns
    -------
    pandas.DataFrame
        One row a published figure, columns `COLUMNS`. value, lo, hi are ours; tolerance is half a
        printed digit plus 1.96 standard errors of the difference, on the scale named; verdict is
        'as published' (equal to the printed digits), 'within sampling error', 'differs' or
        'cannot be computed: <why>'.
    """
    rows = {
        name: {tuple(key): one for *key, one in _records(frame)}
        for name, frame in estimates.items()
    }
    figures: list[dict[str, Any]] = published_figures().to_dict("records")  # type: ignore[assignment]
    compared = [_compare(figure, rows) for figure in figures]
    frame = pd.DataFrame(compared, columns=list(COLUMNS))
    numbers = ["value", "lo", "hi", "tolerance"]
    counts = ["n_study", "n", "n_missing"]
    types = dict.fromkeys(COLUMNS, "str") | dict.fromkeys(numbers, "float64")
    return frame.astype(types | dict.fromkeys(counts, "Int64"))


def summary(comparison: pd.DataFrame) -> dict[str, int]:
    """Count figures by verdict, those computed, and the distinct statistics among them."""
    computed = comparison[~comparison["verdict"].str.startswith(CANNOT)]
    place = ["table_name", "analysis", "estimate_population", "term", "field"]
    words = comparison["verdict"].str.split(":").str[0]
    return {
        "published": len(comparison),
        "computed": len(computed),
        "distinct": len(computed[place].drop_duplicates()),
        **{word: int((words == word).sum()) for word in (AS_PUBLISHED, WITHIN, DIFFERS, CANNOT)},
    }


def _records(frame: pd.DataFrame) -> list[tuple]:
    return [(*(one[name] for name in KEY), one) for one in frame.to_dict("records")]


def _compare(figure: dict[str, str], rows: dict[str, dict[tuple, dict]]) -> dict:
    found = {name: figure[name] for name in COLUMNS if name in figure} | {
        "table_name": figure["table"], "estimate_population": figure["group"], "scale": "",
        "n_study": int(figure["n_study"]) if figure["n_study"] else None,
    }  # fmt: skip
    if figure["reason"]:
        return found | {"verdict": f"{CANNOT}: {figure['reason']}"}
    if figure["table"] not in rows:
        return found | {"verdict": f"{CANNOT}: {figure['table']} is not there"}
    ours, cause = _ours(figure, rows[figure["table"]])
    if cause:
        return found | {"verdict": f"{CANNOT}: {cause}"}
    return found | ours | _verdict(figure, ours)


def _ours(figure: dict[str, str], table: dict[tuple, dict]) -> tuple[dict, str]:
    """Return our value with interval and error, or why there is none."""
    key = tuple(figure[name] for name in ("analysis", "group", "term"))
    row = table.get(key) or _nobody(key, table)
    if row is None:
        return {}, "nobody belongs to this group"
    field = figure["field"]
    scale = row["n"] / 100 if field == "count" else 1.0
    value = scale * row["estimate" if field == "count" else field]
    if not np.isfinite(value):
        return {}, row["status"].partition(": ")[2] or "no value"
    ours = {name: row[name] for name in ("n", "n_missing", "method")} | {"value": value}
    if field in ("estimate", "count"):
        se = scale * row["se"]
        lo, hi = scale * row["lo"], scale * row["hi"]
        if not np.isfinite(lo) and np.isfinite(se):
            lo, hi = value - Z * se, value + Z * se
        if field == "count" and not np.isfinite(se):
            se = float(np.sqrt(max(value, 1) * (1 - value / row["n"])))
        return ours | {"lo": lo, "hi": hi, "se": se}, ""
    return ours | {"se": row["se"] if field in ("lo", "hi") else np.nan}, ""


def _nobody(key: tuple, table: dict[tuple, dict]) -> dict | None:
    """Return a count of 0 for a code that nobody has, if its siblings were counted."""
    analysis, population, term = key
    column, _, rest = term.partition("=")
    ending = rest.rpartition(".")[2]
    if not rest or ending not in ("n", "percent"):
        return None
    for (a, p, t), row in table.items():
        if (a, p) == (analysis, population) and t.startswith(f"{column}=") and t.endswith(ending):
            from classical.describe import count_and_share

            n, missing = int(row["n"]), int(row["n_missing"])
            both = count_and_share(a, p, f"{column}={rest.rpartition('.')[0]}", 0, n=n,
                                   n_missing=missing)  # fmt: skip
            return both[ending == "percent"]
    return None


def _verdict(figure: dict[str, str], ours: dict) -> dict:
    """Compare on the scale on which errors are about normal."""
    printed, value, se = float(figure["published"]), ours["value"], ours["se"]
    half_digit = _half_digit(figure["published"])
    theirs = float(figure["n_study"]) if figure["n_study"] else float(ours["n"])
    ratio = ours["n"] / theirs if theirs else 1.0
    if figure["field"] == "p":
        scale, se, ratio = "normal deviate", 1.0, 1.0
        a, b, rounding = _deviate(value), _deviate(printed), _width(_deviate, printed, half_digit)
    elif ".odds_ratio" in figure["term"]:
        scale = "log"
        a, b, rounding = np.log(value), np.log(printed), _width(np.log, printed, half_digit)
    elif figure["statistic"] == "n" and figure["term"].endswith((".n", "share_of_all")):
        scale = "count of the study's n"
        a, b, rounding, se = value / ratio, printed, half_digit, se / ratio
    else:
        scale, a, b, rounding = "as printed", value, printed, half_digit
    sampling = Z * se * np.sqrt(1 + ratio) if np.isfinite(se) else 0.0
    distance = abs(a - b)
    equal = abs(value - printed) <= half_digit * (1 + 1e-9)
    if equal and (scale != "count of the study's n" or distance <= rounding + sampling):
        verdict = AS_PUBLISHED
    else:
        verdict = WITHIN if sampling and distance <= rounding + sampling else DIFFERS
    return {"tolerance": float(rounding + sampling), "scale": scale, "verdict": verdict}


def _half_digit(text: str) -> float:
    from decimal import Decimal

    exponent = Decimal(text).as_tuple().exponent
    return 0.5 * 10.0 ** int(exponent)


def _deviate(p: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(np.clip(p, 1e-300, 1.0) / 2))


def _width(scale: Callable[[float], float], printed: float, half_digit: float) -> float:
    low, high = max(printed - half_digit, printed / 10), printed + half_digit
    return float(abs(scale(high) - scale(low)) / 2)
