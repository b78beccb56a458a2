"""Shares: who is called what after a session, and who has stopped before one."""

from typing import Any

import numpy as np

from classical.survival import aalen_johansen, kaplan_meier
from simulate.engine.records import Stop
from simulate.studies.estimates.analyses.found import (
    Found,
    expected,
    found_large,
    long_term,
    members,
)
from simulate.studies.estimates.cohorts import Cohort, Large

NOT_ENDED = (int(Stop.STILL_TREATED), int(Stop.ONGOING))
EFFICACY = int(Stop.LOSS_OF_EFFICACY)


def wilson(hits: float, n: float, level: float) -> tuple[float, float, float]:
    """Return a share in percent with its Wilson interval; NaN of nobody."""
    from scipy.stats import norm

    if n == 0:
        return np.nan, np.nan, np.nan
    z, p = float(norm.ppf(1 - level / 2)), hits / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return 100 * p, 100 * (middle - half), 100 * (middle + half)


def share_called(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Reports of at least the cut among those there are; truth: mean m(13..15) of at least it."""
    report = cohort["recorded"][:, method.session - 1]
    seen = report[~np.isnan(report)]
    truth = large.left_out(
        ("long-term", method.cut_pct),
        lambda one: 100 * (long_term(one.cohort()) >= method.cut_pct).mean(),
    )
    share = wilson(float((seen >= method.cut_pct).sum()), len(seen), level)
    return {"share_at_least_cut": found_large(share, truth)}


def selected_mean(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Mean report of the selected, and the mean of what they feel (m) at the same session."""
    from scipy.special import stdtrit

    def chosen(one: Cohort) -> Any:
        return one["recorded"][:, method.selected_at - 1] >= method.cut_pct

    def truth(one: Large) -> float:
        many = one.cohort()
        return float(expected(many)[chosen(many), method.session - 1].mean())

    reports = cohort["recorded"][chosen(cohort), method.session - 1]
    reports = reports[~np.isnan(reports)].astype(float)
    n = len(reports)
    mean = reports.mean() if n else np.nan
    half = stdtrit(n - 1, 1 - level / 2) * reports.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    key = ("selected", method.selected_at, method.session, method.cut_pct)
    true = large.left_out(key, truth)
    return {"mean_of_selected": found_large((mean, mean - half, mean + half), true)}


def retention(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Share of responders who have stopped before a session, by a landmark or by a curve.

    The truth has no end of the study and no closure: all are followed until they stop.
    """
    who = members(cohort, "responders")
    n_sessions, reason = cohort["n_sessions"][who].astype(float), cohort["stop_reason"][who]
    ended, before = ~np.isin(reason, NOT_ENDED), n_sessions < method.before_session
    asked = {"stopped_before": ended, "stopped_for_efficacy": reason == EFFICACY}
    result = {}
    for name, stopped in asked.items():
        truth = _truly_stopped(large, method.before_session, name)
        if method.way == "landmark":
            n = float((~before | ended).sum())
            share = wilson(float((before & stopped).sum()), n, level)
        else:
            share = _by_curve(n_sessions, ended, stopped, name, method.before_session, level)
        result[name] = found_large(share, truth)
    return result


def _by_curve(
    n_sessions: Any, ended: Any, stopped: Any, name: str, before_session: int, level: float
) -> tuple[float, float, float]:
    """Percent by Kaplan-Meier, or by Aalen-Johansen for want of relief."""
    if not len(n_sessions):
        return np.nan, np.nan, np.nan
    if name == "stopped_before":
        curve = kaplan_meier(n_sessions, ended, level=1 - level)
        left, _, lo, hi = curve.at(before_session - 1, 1.0)
        return 100 * (1 - left), 100 * (1 - hi), 100 * (1 - lo)
    cause = [
        (name if mine else "other") if end else None
        for end, mine in zip(ended, stopped, strict=True)
    ]
    share, _, lo, hi = aalen_johansen(n_sessions, cause, name, level=1 - level).at(
        before_session - 1, 0.0
    )
    return 100 * share, 100 * lo, 100 * hi


def _truly_stopped(large: Large, before_session: int, name: str) -> Any:
    def read(one: Large) -> float:
        many = one.cohort(calendar=False)
        who = members(many, "responders")
        reason, early = many["stop_reason"][who], many["n_sessions"][who] < before_session
        stopped = ~np.isin(reason, NOT_ENDED) if name == "stopped_before" else reason == EFFICACY
        return 100 * float((early & stopped).mean())

    return large.left_out((name, before_session), read)
