"""Decision rules: from the sessions of the test period to a score; go on if it is high enough.

Here: what a rule may see (`Prefix`), the rules, and their scores for a cohort. Not here: the truth,
or any session after the decision. A `Prefix` is made by `extend` alone, one session after another,
so that a rule cannot look ahead: there is nothing in its argument to look at.

A missing report is never 0: the last recorded one stands in for it and is counted; who has no
report at all has nothing that speaks against going on, goes on, and is counted too.
"""

from collections.abc import Callable
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulate.studies.compiled import compiled

FloatArray = NDArray[np.float64]

OWN, CARRIED, NO_REPORT = range(3)
"""What a decision rests on: the report of its session, an earlier one, none."""
LAST, MAXIMUM, MEAN_OF_TWO, SLOPE, CONFIRM, PRACTICE, ORACLE = range(7)
BAYES_FIXED, BAYES_SEQUENTIAL = 7, 8
CODES = {
    "last": LAST,
    "maximum": MAXIMUM,
    "mean_of_two": MEAN_OF_TWO,
    "slope": SLOPE,
    "confirm": CONFIRM,
    "practice": PRACTICE,
    "oracle": ORACLE,
    "bayes_fixed": BAYES_FIXED,
    "bayes_sequential": BAYES_SEQUENTIAL,
    "backward_induction": BAYES_SEQUENTIAL,  # what was solved stands in the forecast
    "backward_induction_true": BAYES_SEQUENTIAL,
}
ASSESSED_AFTER = 4
"""Session after which the clinic records its assessment (rule R4)."""


class Prefix(NamedTuple):
    """A patient's sessions so far: all that a rule on reports may know.

    Attributes
    ----------
    n_sessions
        Sessions given.
    n_reports
        Reports recorded.
    is_missing
        Whether the report of the last session is.
    last, before_last, maximum
        Recorded reports, 0-100; NaN where there is none.
    sum_session, sum_report, sum_session2, sum_product
        Sums over recorded reports of session number, report, their square and product.
    """

    n_sessions: int
    n_reports: int
    is_missing: bool
    last: float
    before_last: float
    maximum: float
    sum_session: float
    sum_report: float
    sum_session2: float
    sum_product: float


NOTHING = Prefix(0, 0, True, nan, nan, nan, 0.0, 0.0, 0.0, 0.0)


@njit
def extend(seen: Prefix, report: float) -> Prefix:
    """Return the prefix after one more session; `report` is NaN where nothing was written down."""
    k = seen.n_sessions + 1
    if np.isnan(report):
        return Prefix(
            k, seen.n_reports, True, seen.last, seen.before_last, seen.maximum,
            seen.sum_session, seen.sum_report, seen.sum_session2, seen.sum_product,
        )  # fmt: skip
    highest = report if seen.n_reports == 0 else max(seen.maximum, report)
    return Prefix(
        k, seen.n_reports + 1, False, report, seen.last, highest, seen.sum_session + k,
        seen.sum_report + report, seen.sum_session2 + k * k, seen.sum_product + k * report,
    )  # fmt: skip


@njit
def last(seen: Prefix) -> float:
    """Return the last recorded report."""
    return seen.last


@njit
def maximum(seen: Prefix) -> float:
    """Return the highest recorded report."""
    return seen.maximum


@njit
def mean_of_two(seen: Prefix) -> float:
    """Return the mean of the last two recorded reports; the one there is, where it is the first."""
    return seen.last if seen.n_reports == 1 else 0.5 * (seen.last + seen.before_last)


@njit
def slope(seen: Prefix, to_session: float, ridge: float) -> float:
    """Return the last report carried on to a session by a ridge slope of the reports so far.

    slope = Sxy / (Sxx + ridge), which shrinks towards 0 the fewer the sessions; ridge in squared
    sessions is the ratio of noise variance to the variance of slopes between patients.
    """
    n = max(seen.n_reports, 1)
    sxx = seen.sum_session2 - seen.sum_session * seen.sum_session / n
    sxy = seen.sum_product - seen.sum_session * seen.sum_report / n
    rise = sxy / (sxx + ridge) if sxx + ridge > 0 else 0.0
    return seen.last + max(to_session - seen.n_sessions, 0.0) * rise


@njit
def assessed(seen: Prefix, assessment: float) -> float:
    """Return the recorded assessment or, without it, the last report (rule R4)."""
    return seen.last if np.isnan(assessment) else assessment


class Columns(NamedTuple):
    """Rule and length of every column of scores, by length; lag and thresholds come later.

    Attributes
    ----------
    rule, sessions
        Code of `CODES`; test sessions.
    numbers
        Parameters, shape (columns, 4): session projected to and ridge; first look's session and
        threshold; first look's session, chance that declines, chance that accepts, prediction.
    """

    rule: NDArray[np.int64]
    sessions: NDArray[np.int64]
    numbers: FloatArray


@njit
def _score(
    code: int, seen: Prefix, looked: float, assessment: float, first: float, second: float
) -> float:
    """Score of one rule; infinite where nothing speaks against going on."""
    if code == ORACLE:
        return 0.0
    if code == PRACTICE and not np.isnan(assessment):
        return assessed(seen, assessment)
    if seen.n_reports == 0:
        return inf
    if code == MAXIMUM:
        return maximum(seen)
    if code == MEAN_OF_TWO:
        return mean_of_two(seen)
    if code == SLOPE:
        return slope(seen, first, second)
    if code == CONFIRM and looked < second:
        return -inf
    return last(seen)


@njit
def decided_early(
    chances: FloatArray, first: int, last_session: int, low: float, high: float
) -> tuple[float, int]:
    """Return score and session of a sequential rule on chances after every session, percent.

    Minus infinity where it declines, infinity where it accepts, else the chance at the end.
    """
    for k in range(first, last_session):
        if chances[k - 1] <= low:
            return -inf, k
        if chances[k - 1] >= high:
            return inf, k
    return chances[last_session - 1], last_session


@compiled
def score_cohort(
    recorded: FloatArray,
    assessment: FloatArray,
    forecast: FloatArray,
    columns: Columns,
    score: FloatArray,
    at: NDArray[np.int64],
    basis: NDArray[np.int64],
) -> None:
    """Walk through each patient's sessions once and fill in every column's score.

    Parameters
    ----------
    recorded
        Shape (patients, sessions), NaN where not recorded.
    assessment
        Shape (patients,), NaN where missing; used from session 4 on.
    forecast
        Chances in percent after each session given the reports until then, shape (patients,
        sessions, predictions).
    columns
        Sorted by `sessions`.
    score, at, basis
        Filled: score, session of the decision, what it rests on (`OWN`, `CARRIED`, `NO_REPORT`);
        shape (columns, patients). A first look that declines decides at its own session.
    """
    n_columns = len(columns.rule)
    for i in range(recorded.shape[0]):
        seen = NOTHING
        looks = np.full(recorded.shape[1] + 1, inf)
        c = 0
        for k in range(1, recorded.shape[1] + 1):
            seen = extend(seen, recorded[i, k - 1])
            looks[k] = inf if seen.n_reports == 0 else last(seen)
            told = assessment[i] if k >= ASSESSED_AFTER else nan
            while c < n_columns and columns.sessions[c] == k:
                code, own = columns.rule[c], columns.numbers[c]
                first, second = own[0], own[1]
                if code == BAYES_FIXED:
                    score[c, i], at[c, i] = forecast[i, k - 1, int(own[3])], k
                elif code == BAYES_SEQUENTIAL:
                    chances = forecast[i, :, int(own[3])]
                    score[c, i], at[c, i] = decided_early(chances, int(first), k, second, own[2])
                else:
                    looked = looks[int(first)] if code == CONFIRM else inf
                    score[c, i] = _score(code, seen, looked, told, first, second)
                    at[c, i] = int(first) if code == CONFIRM and looked < second else k
                basis[c, i] = OWN
                if code != ORACLE and not (code == PRACTICE and not np.isnan(told)):
                    if seen.n_reports == 0:
                        basis[c, i] = NO_REPORT
                    elif seen.is_missing:
                        basis[c, i] = CARRIED
                c += 1


def parameters(
    method: Any, sessions: int, predictions: tuple[Any, ...], policies: tuple[Any, ...]
) -> tuple[float, ...]:
    """Return a method's four numbers at a length, as `Columns` holds them."""
    if method.rule == "slope":
        return float(method.project_to_session), float(method.ridge_sessions2), 0.0, 0.0
    if method.rule == "confirm":
        return float(method.first_look_session), float(method.first_look_threshold_pct), 0.0, 0.0
    if method.rule == "bayes_fixed":
        return 0.0, 0.0, 0.0, float(predictions.index(method.predicts))
    if method.rule == "bayes_sequential":
        looks = float(method.first_look_session), method.decline_pct, method.accept_pct
        return *looks, float(predictions.index(method.predicts))
    if method.rule.startswith("backward_induction"):
        solved = len(predictions) + policies.index((method, sessions))
        return float(method.first_look_session), -0.5, 100.5, float(solved)
    return 0.0, 0.0, 0.0, 0.0


def see(reports: FloatArray) -> Prefix:
    """Return the prefix of one patient's recorded reports, session by session."""
    seen = NOTHING
    for report in reports:
        seen = extend(seen, float(report))
    return seen


RULES: dict[str, Callable[..., float]] = {
    "last": last,
    "maximum": maximum,
    "mean_of_two": mean_of_two,
    "slope": slope,
    "practice": assessed,
}
"""Rules of one prefix, for use outside a study."""
