"""The written answer on predicted chances says what its rows say, with their errors."""

from functools import partial
from pathlib import Path

import pandas as pd
import pytest

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"
WITHIN = "chance of 30 % at session 15, from session 2, {}"
RULES = {
    "last": ("last", 10, None),
    "practice": ("practice", 10, None),
    "mean": ("mean_of_two", 10, None),
    "maximum": ("maximum", 10, None),
    "fixed": ("bayes_fixed", 50, None),
    "10 to 80": ("bayes_sequential", 50, WITHIN.format("10 to 80 %")),
    "5 to 90": ("bayes_sequential", 50, WITHIN.format("5 to 90 %")),
    "backward": ("backward_induction", 30, None),
    "bound": ("backward_induction_true", 30, None),
}


def rows(name, key):
    frame = pd.read_csv(EVIDENCE / f"{name}.csv", keep_default_na=False)
    found = frame[(frame[list(key)].astype(str) == pd.Series(key).astype(str)).all(axis=1)]
    assert len(found) == 1, key
    return found.iloc[0]


def mean(which, sessions, measure="missed_per_100", per=1, digits=1, spread=False):
    rule, threshold, parameters = RULES[which]
    key = {"cut_pct": 30, "rule": rule, "threshold_pct": float(threshold)}
    key |= {"test_sessions": sessions, "measure": measure}
    key |= {} if parameters is None else {"parameters": parameters}
    row = rows("bayesian-test-period", key)
    told = f"{per * float(row['mean']):.{digits}f} ± {per * float(row['error']):.{digits}f}"
    lo, hi = (f"{per * float(row[end]):.{digits}f}" for end in ("lo", "hi"))
    return f"{told} ({lo} to {hi})" if spread else told


def line(which, sessions):
    """One row of the table."""
    return " | ".join(
        (
            mean(which, sessions, spread=True),
            mean(which, sessions, "expected_test_sessions", digits=2),
            mean(which, sessions, "sensitivity", 100),
            mean(which, sessions, "specificity", 100),
            mean(which, sessions, "cost_at_20", 1, 2),
        )
    )


def less(of, other, measure="missed_per_100", worlds="all", per=1, digits=1, sign=1):
    key = {"of": of, "less": other, "measure": measure, "worlds": worlds}
    row = rows("bayesian-test-period-differences", key)
    value = sign * per * float(row["difference"])
    return f"{value:.{digits}f} ± {per * float(row['error']):.{digits}f}"


def early(rule, measure="missed_per_100", digits=1):
    """What a rule loses by having learnt from early steps in worlds of another family."""
    return less(f"{rule}, learnt from early_step", rule, measure, "another family", digits=digits)


def split(which, sessions):
    """SD by worlds, training cohorts and evaluation cohorts."""
    rule, threshold, parameters = RULES[which]
    key = {"rule": rule, "threshold_pct": float(threshold), "test_sessions": sessions}
    key |= {} if parameters is None else {"parameters": parameters}
    parts = [
        rows("bayesian-test-period-variance", key | {"part": part})
        for part in ("world", "training", "cohort")
    ]
    return " | ".join(
        f"{float(part['sd']):.1f} ({float(part['share_pct']):.0f} %)" for part in parts
    )


SEQUENTIAL, FIXED = "sequential 10 to 80 %, at most 5", "chance of 50 %, 5 sessions"
BACKWARD = "backward induction, at most 10"
BOUND = "backward induction with the world's parameters, at most 10"
TABLE = [
    *(("last", 4), ("last", 5), ("practice", 4), ("mean", 5), ("maximum", 5), ("fixed", 4)),
    *(("fixed", 5), ("10 to 80", 4), ("10 to 80", 5), ("5 to 90", 5), ("backward", 10)),
    ("bound", 10),
]
CLAIMS = {
    **{f"{which} {n}": partial(line, which, n) for which, n in TABLE},
    **{
        f"split of {which}": partial(split, which, n)
        for which, n in (("fixed", 4), ("10 to 80", 5), ("backward", 10))
    },
    "sequential": lambda: (
        f"misses {less(SEQUENTIAL, 'practice', sign=-1)} fewer of 100 than today's practice, in "
        f"{less(SEQUENTIAL, 'practice', 'expected_test_sessions', digits=2, sign=-1)} fewer test "
        "sessions"
    ),
    "sequential and the last report": lambda: (
        f"{less(SEQUENTIAL, 'last report of 10 %, 5 sessions', sign=-1)} fewer than the last "
        "report after five"
    ),
    "sequential and the mean": lambda: (
        f"{less(SEQUENTIAL, 'mean of two of 10 %, 5 sessions', sign=-1)} fewer than the mean of two"
    ),
    "sequential and any report": lambda: (
        f"misses {less(SEQUENTIAL, 'any report of 10 %, 5 sessions')} more than any report of 10 %"
    ),
    "fixed": lambda: (
        f"misses {less(FIXED, 'mean of two of 10 %, 5 sessions')} more of 100 than the mean of two"
    ),
    "early step, sequential": lambda: (
        f"{early(SEQUENTIAL)} more of 100 missed and {early(SEQUENTIAL, 'cost_at_20', 2)} more cost"
    ),
    "early step, fixed": lambda: f"{early(FIXED)} and {early(FIXED, 'cost_at_20', 2)};",
    "early step, backward": lambda: f"{early(BACKWARD)} and {early(BACKWARD, 'cost_at_20', 2)}.",
    "backward": lambda: (
        f"costs {less(BACKWARD, BOUND, 'cost_at_20', digits=2)} test sessions a patient more"
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_answer_says_what_its_rows_say(claim):
    answer = (EVIDENCE / "test-period-answer.md").read_text(encoding="utf-8")
    assert CLAIMS[claim]() in answer
