"""Performance of a decision rule, each figure with its Monte Carlo standard error.

Here: counts in, figures out. Not here: who is counted. Cohorts of one world are independent and
alike, so pooled counts are multinomial and proportions have binomial errors (Morris, White and
Crowther 2019, Table 6). An undefined figure is NaN with n 0.
"""

from dataclasses import dataclass
from math import nan, sqrt

MEASURES = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
    "expected_test_sessions",
)


@dataclass(frozen=True)
class Counts:
    """Decisions against truth over all simulated patients of a cell.

    Attributes
    ----------
    tp, fn
        With long-term relief: decided to go on, decided not to.
    fp, tn
        Without it: decided to go on, decided not to.
    n_test_sessions
        Test sessions of all patients together; the length is the same for everyone.
    """

    tp: int
    fp: int
    fn: int
    tn: int
    n_test_sessions: int

    @property
    def n_patients(self) -> int:
        """Patients counted."""
        return self.tp + self.fp + self.fn + self.tn


@dataclass(frozen=True)
class Figure:
    """An estimate, its Monte Carlo standard error and the patients it rests on."""

    measure: str
    estimate: float
    mcse: float
    n: int


def performance(counts: Counts, horizon_session: int) -> list[Figure]:
    """Return every measure of `MEASURES`.

    Parameters
    ----------
    counts
        Pooled counts of a cell.
    horizon_session
        Session until which a patient who goes on is treated.

    Notes
    -----
    Sessions without long-term relief are the test sessions of those without it who do not go on
    and all sessions to the horizon of those who do.
    """
    n = counts.n_patients
    length = counts.n_test_sessions / n if n else nan
    return [
        _proportion("sensitivity", counts.tp, counts.tp + counts.fn),
        _proportion("specificity", counts.tn, counts.tn + counts.fp),
        _proportion("ppv", counts.tp, counts.tp + counts.fp),
        _proportion("npv", counts.tn, counts.tn + counts.fn),
        _proportion("missed_per_100", counts.fn, n, per=100),
        _mean(
            "sessions_without_long_term_relief_per_100",
            {length: counts.tn, float(horizon_session): counts.fp, 0.0: counts.tp + counts.fn},
            per=100,
        ),
        _mean("expected_test_sessions", {length: n}),
    ]


def _proportion(measure: str, k: int, n: int, per: int = 1) -> Figure:
    if n == 0:
        return Figure(measure, nan, nan, 0)
    p = k / n
    return Figure(measure, per * p, per * sqrt(p * (1 - p) / n), n)


def _mean(measure: str, count_of: dict[float, int], per: int = 1) -> Figure:
    """Mean of a value that is the same for everyone in a group, with its standard error."""
    n = sum(count_of.values())
    if n == 0:
        return Figure(measure, nan, nan, 0)
    mean = sum(value * k for value, k in count_of.items()) / n
    variance = sum(k * (value - mean) ** 2 for value, k in count_of.items()) / n
    return Figure(measure, per * mean, per * sqrt(variance / n), n)
