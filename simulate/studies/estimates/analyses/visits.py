"""Analyses of dated sessions: around a closure of the clinic, and of maintenance by its interval.

Truths are read from paired draws: the same patients, reports and dates with one thing changed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.batch import dates_of
from simulate.engine.records import Stop
from simulate.studies.estimates.analyses.found import Found, found_large
from simulate.studies.estimates.cohorts import Cohort, Large

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
YEAR_DAYS = 365.25
EFFICACY = int(Stop.LOSS_OF_EFFICACY)
MAINTENANCE = 4  # index of session 5, the first of maintenance


def closure(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Reports before less reports after a closure; stops for want of relief soon after it.

    The truth of the first is the relief that the pause has cost, of the second the stops that there
    had been if it had cost none: the difference to that is what the pause has caused.
    """
    from scipy.special import stdtrit

    from simulate.studies.estimates.analyses.shares import wilson

    key = ("closure", method.after_sessions, method.within_sessions)
    lost, without = large.left_out(key, lambda one: _truths(method, one)).T
    who, last, then = _across(cohort, method.after_sessions)
    before = _on_record(cohort["recorded"], who, last)
    after = cohort["recorded"][who, then].astype(float)
    change = before - after
    change = change[~np.isnan(change)]
    n = len(change)
    mean = change.mean() if n else np.nan
    half = stdtrit(n - 1, 1 - level / 2) * change.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    share = wilson(float(_stops(cohort, method.within_sessions).sum()), n_at_risk(cohort), level)
    return {
        "loss_at_reopening": found_large((mean, mean - half, mean + half), lost),
        "stops_after_reopening": found_large(share, without),
    }


def _truths(method: Any, large: Large) -> tuple[float, float]:
    many, spared = large.cohort(), large.cohort(gap_loss=0.0)
    who, _, then = _across(many, method.after_sessions)
    lost = (spared["reported"][who, then] - many["reported"][who, then]).astype(float)
    at_risk = n_at_risk(spared)
    stops = _stops(spared, method.within_sessions).sum() / at_risk if at_risk else np.nan
    return float(lost.mean()) if len(lost) else np.nan, 100 * float(stops)


def _ends(cohort: Cohort) -> tuple[NDArray[np.bool_], IntArray, IntArray]:
    """Return who was treated before and after the closure, and the sessions on either side."""
    dates = dates_of(cohort.drawn.parameters.scenario, is_followed=True)
    day = cohort["session_day"]
    last = ((day >= 0) & (day < dates.closed_from)).sum(axis=1) - 1
    first = last + 1
    given = cohort["n_sessions"].astype(np.int64)
    crosses = (last >= 0) & (first < np.minimum(given, day.shape[1]))
    return crosses, last, first


def _across(cohort: Cohort, k: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return who has a k-th session after the closure, his last before it, and that one."""
    crosses, last, first = _ends(cohort)
    then = first + k - 1
    has = crosses & (then < np.minimum(cohort["n_sessions"], cohort["recorded"].shape[1]))
    who = np.flatnonzero(has)
    return who, last[who], then[who]


def _on_record(recorded: Any, who: IntArray, last: IntArray) -> FloatArray:
    """Return the last report on record at or before a session, NaN where there is none."""
    value = np.full(len(who), np.nan)
    for s in range(recorded.shape[1]):
        told = recorded[who, s].astype(float)
        value = np.where((s <= last) & ~np.isnan(told), told, value)
    return value


def _stops(cohort: Cohort, within: int) -> NDArray[np.bool_]:
    """Return who stops for want of relief within so many sessions after the closure."""
    crosses, _, first = _ends(cohort)
    soon = cohort["n_sessions"] <= first + within
    return np.asarray(crosses & soon & (cohort["stop_reason"] == EFFICACY))


def n_at_risk(cohort: Cohort) -> int:
    """Return how many have a session on either side of the closure."""
    return int(_ends(cohort)[0].sum())


def maintenance(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Share of days with relief, and patients a daily place keeps; both ratios over patients.

    The truth has no missing report and no missing duration.
    """

    def read(one: Large) -> list[float]:
        complete = one.cohort(missing_later=0.0, missing_last=0.0, missing_duration=0.0)
        return [value[0] for value in _maintenance(method, complete, level).values()]

    truth = large.left_out(("maintenance", method.days_a_year), read)
    own = _maintenance(method, cohort, level)
    return {name: found_large(own[name], truth[:, k]) for k, name in enumerate(own)}


def _maintenance(method: Any, cohort: Cohort, level: float) -> dict[str, Any]:
    day = cohort["session_day"][:, MAINTENANCE:].astype(float)
    day[day < 0] = np.nan
    gap = np.diff(day, axis=1)
    lasting = cohort["duration_days"][:, MAINTENANCE:-1].astype(float)
    told = cohort["recorded"][:, MAINTENANCE:-1]
    lasting = np.where(told == 0, 0.0, lasting)
    known = np.isfinite(gap) & np.isfinite(lasting)
    covered = np.where(known, np.minimum(lasting, gap), 0).sum(axis=1)
    days = np.where(known, gap, 0).sum(axis=1)
    every, sessions = np.nansum(gap, axis=1), np.isfinite(gap).sum(axis=1)
    return {
        "days_covered": _ratio(100 * covered, days, level),
        "patients_per_place": _ratio(method.days_a_year / YEAR_DAYS * every, sessions, level),
    }


def _ratio(over: FloatArray, under: Any, level: float) -> tuple[float, float, float]:
    """Return a ratio of sums over patients with its interval (Cochran 1977, 2.39)."""
    from scipy.stats import norm

    total, n = float(under.sum()), len(over)
    if total == 0:
        return np.nan, np.nan, np.nan
    share = float(over.sum()) / total
    error = np.sqrt(n / (n - 1) * ((over - share * under) ** 2).sum()) / total
    half = float(norm.ppf(1 - level / 2)) * error
    return share, share - half, share + half
