"""Mean curves and lines of the reports there are, without a model of who stops.

Truth is the mean of m_i(s) over the same kind of patients had none stopped.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classical.batched.mixed import design_of, fit
from simulate.studies.estimates.analyses.found import (
    LEVEL_AT,
    NONE,
    RISES_FROM,
    Found,
    asked_about,
    expected,
    found,
    found_large,
    long_term,
    members,
    of_curve,
)
from simulate.studies.estimates.cohorts import Cohort, Large

FloatArray = NDArray[np.float64]
RESAMPLES = 400


def true_curve(large: Large, of: str) -> FloatArray:
    """Return the mean of m_i(s) over everyone, or over the status responders, as `left_out`."""

    def read(one: Large) -> FloatArray:
        many = one.cohort()
        return np.asarray(expected(many)[members(many, of)].mean(axis=0))

    return large.left_out(("curve", of), read)


def mean_curve(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Mean of the reports there are at each session; percentile bootstrap over patients."""
    who = members(cohort, method.of) & (cohort["n_sessions"] >= method.at_least_sessions)
    reports = cohort["recorded"][who, :30].astype(float)
    truth = of_curve(true_curve(large, method.of))
    if not len(reports):
        return {name: found_large(NONE, value) for name, value in truth.items()}
    number = int(cohort.drawn.replicates[cohort.row])
    rng = np.random.default_rng([large.design.seed, number, len(reports)])
    times = rng.multinomial(len(reports), np.full(len(reports), 1 / len(reports)), RESAMPLES)
    seen = ~np.isnan(reports)
    told = np.where(seen, reports, 0.0)
    own = of_curve(told.sum(axis=0) / seen.sum(axis=0))
    again = of_curve((times @ told) / (times @ seen))
    limits = (level / 2, 1 - level / 2)
    return {
        name: found_large((own[name], *np.nanquantile(again[name], limits)), truth[name])
        for name in own
    }


def line(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Slope of a line through sessions, and the rise from session 4 to 15 that it makes."""
    from scipy.special import stdtrit

    at = np.arange(method.first, method.last + 1.0)
    part = slice(method.first - 1, method.last)
    reports = cohort["recorded"][members(cohort, method.of), part].astype(float)
    fits = fit(reports[None], design_of(at), robust=True)
    slope, se = float(fits.estimate[0, 1]), float(fits.se[0, 1])
    half = float(stdtrit(fits.df[0, 1], 1 - level / 2)) * se
    curve, steps = true_curve(large, method.of), LEVEL_AT - RISES_FROM
    middle = at - at.mean()
    true_slope = curve[:, part] @ middle / (middle @ middle)
    true_rise = of_curve(curve)["rise"]
    return {
        "mean_slope": found_large((slope, slope - half, slope + half), true_slope),
        "rise": found_large(
            (steps * slope, steps * (slope - half), steps * (slope + half)), true_rise
        ),
    }


def last_report(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Last report within the first sessions, of those asked about; nothing tells its error."""
    who = asked_about(cohort.n_patients)
    reports = cohort["recorded"][who, : method.sessions_seen].astype(float)
    latest = np.full(len(reports), np.nan)
    for k in range(reports.shape[1]):
        latest = np.where(np.isnan(reports[:, k]), latest, reports[:, k])
    none = np.full(len(latest), np.nan)
    truth = np.where(np.isnan(latest), np.nan, long_term(cohort)[who])
    return {"patient_plateau": found((latest, none, none), truth)}
