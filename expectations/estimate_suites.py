"""Checks of the study's estimates: columns, scales, intervals, a cause where there is no number.

Belongs here: what the columns of `estimate_*` and `published_comparison` mean, once, and what is
asserted of them. Does not: how an estimate is computed (docs/statistics.md).
"""

from collections.abc import Mapping

import pandas as pd

from expectations.checks import (
    Check,
    between,
    has_columns,
    holds_in_rows,
    is_unique,
    not_empty,
    one_where,
)

COMPARISON = "published_comparison"
ESTIMATES = tuple(
    f"estimate_{name}"
    for name in (
        "baseline", "test_period", "slope", "odds_ratio", "group", "cohort", "band", "course",
        "emcs", "agreement", "safety",
    )
)  # fmt: skip
KEYS = dict.fromkeys(ESTIMATES, "term") | {COMPARISON: "target_id"}

# name -> (SQL type, meaning)
ESTIMATE_COLUMNS = {
    "analysis": ("varchar", "what was asked, such as slope or odds_ratio"),
    "population": ("varchar", "whom: all, responders, a lesion level ..."),
    "term": ("varchar", "which quantity; one row a population"),
    "estimate": ("double", "the number; NULL where status says why"),
    "se": ("double", "its standard error, of the logarithm for ratios; NULL: not applicable"),
    "df": ("double", "degrees of freedom behind interval and p; NULL: not applicable"),
    "lo": ("double", "lower 95 % limit; NULL: not applicable"),
    "hi": ("double", "upper 95 % limit; NULL: not applicable"),
    "p": ("double", "p value, two-sided unless the method says otherwise; NULL: nothing is tested"),
    "method": ("varchar", "how, in a sentence"),
    "n": ("bigint", "patients or observations used: the denominator of a share"),
    "n_missing": ("bigint", "those of the population whose value is unknown, never counted as 0"),
    "status": ("varchar", "ok, or not_estimable: and the cause"),
}
COMPARISON_COLUMNS = {
    "target_id": ("varchar", "published figure, one of 568"),
    "section": ("varchar", "where the study prints it"),
    "population": ("varchar", "whom the study speaks of"),
    "statistic": ("varchar", "what it is: mean, sd, n, p ..."),
    "published": ("varchar", "as printed"),
    "unit": ("varchar", "its unit"),
    "n_study": ("bigint", "patients behind it in the study"),
    "usable_for": ("varchar", "calibration, validation or audit_only"),
    "value": ("double", "ours; NULL where the verdict says why"),
    "lo": ("double", "lower limit of what the study's n allows around ours"),
    "hi": ("double", "upper limit of the same"),
    "n": ("bigint", "our patients or observations"),
    "n_missing": ("bigint", "ours whose value is unknown"),
    "tolerance": ("double", "difference that counts as agreement"),
    "scale": ("varchar", "on which scale the tolerance is"),
    "verdict": (
        "varchar",
        "as published, within sampling error, differs; cannot be computed: cause",
    ),
    "table_name": ("varchar", "table of our estimate"),
    "analysis": ("varchar", "its analysis"),
    "estimate_population": ("varchar", "its population"),
    "term": ("varchar", "its term"),
    "field": ("varchar", "its column"),
    "method": ("varchar", "its method"),
}
_VERDICTS = ("as published", "within sampling error", "differs")
_ROUNDING = 1e-9


def columns_of(name: str) -> Mapping[str, tuple[str, str]]:
    """Return name -> (SQL type, meaning) of the columns of an estimate table or the comparison."""
    return COMPARISON_COLUMNS if name == COMPARISON else ESTIMATE_COLUMNS


def checks_of_estimate(name: str) -> list[Check]:
    """Return the checks of an estimate table or the comparison."""
    return _comparison() if name == COMPARISON else _estimates()


def lies_within(frame: pd.DataFrame) -> pd.Series:
    """NULL where an estimate is outside of its own interval, or an interval lacks an end.

    A median time may lack its upper end: the survival curve's band has not come down to one half.
    """
    room = _ROUNDING * (1 + frame["estimate"].abs())
    outside = (frame["lo"] > frame["estimate"] + room) | (frame["hi"] < frame["estimate"] - room)
    has_both = frame["lo"].isna() == frame["hi"].isna()
    is_not_reached = (frame["term"] == "median_sessions") & frame["hi"].isna()
    return one_where(~outside & (has_both | is_not_reached))


def is_number_or_cause(frame: pd.DataFrame) -> pd.Series:
    """NULL where a number stands without `ok`, or none stands without a cause."""
    failed = frame["status"].str.fullmatch("not_estimable: .+").fillna(False)
    known = frame["estimate"].notna()
    return one_where(((frame["status"] == "ok") & known) | (failed & ~known))


def is_value_or_cause(frame: pd.DataFrame) -> pd.Series:
    """NULL where a value stands without a verdict, or none stands without a cause."""
    failed = frame["verdict"].str.fullmatch("cannot be computed: .+").fillna(False)
    known = frame["value"].notna()
    return one_where((frame["verdict"].isin(_VERDICTS) & known) | (failed & ~known))


def _estimates() -> list[Check]:
    scale = "estimate_scale"
    return [
        has_columns(list(ESTIMATE_COLUMNS)),
        is_unique("estimate_once", ["analysis", "population", "term"], required=False),
        holds_in_rows("estimate_or_cause", ("estimate", "status"), is_number_or_cause),
        holds_in_rows("estimate_in_interval", ("term", "lo", "estimate", "hi"), lies_within),
        *(between(scale, column, 0, None) for column in ("se", "df", "n", "n_missing")),
        between(scale, "p", 0, 1),
    ]


def _comparison() -> list[Check]:
    return [
        has_columns(list(COMPARISON_COLUMNS)),
        not_empty(),
        is_unique("estimate_once", ["target_id"], required=True),
        holds_in_rows("estimate_or_cause", ("value", "verdict"), is_value_or_cause),
        *(between("estimate_scale", column, 0, None) for column in ("n", "n_missing", "tolerance")),
    ]
