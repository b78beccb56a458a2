"""Relief under rTMS against relief under eMCS in those who were operated, and in all.

Truth: the same law of eMCS relief in every status responder, had all been operated after their last
session (equation 14 of docs/simulation.md).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.engine.operation import operate
from simulate.engine.records import Fact, Stop
from simulate.streams import key, pair
from simulate.studies.estimates.analyses.found import NONE, Found, found_large, members
from simulate.studies.estimates.analyses.shares import wilson
from simulate.studies.estimates.cohorts import Cohort, Large
from simulate.studies.truth_error import block_of

FloatArray = NDArray[np.float64]


def pairs(cohort: Cohort, operated: int) -> FloatArray:
    """Return last rTMS and first eMCS relief of the first so many operated, shape (n, 2).

    Who lacks either is passed over; fewer where the cohort has fewer.
    """
    both = np.stack([cohort["last_relief"], cohort["emcs_first"]], axis=1).astype(float)
    return np.asarray(both[np.isfinite(both).all(axis=1)][:operated])


def all_operated(large: Large) -> FloatArray:
    """Return the same of every status responder, had all been operated after the last session."""

    def work_out() -> FloatArray:
        many = replace(large, without=None).cohort()
        facts = np.zeros((len(Fact), many.n_patients))
        facts[Fact.STOP_REASON] = int(Stop.EMCS_SURGERY)
        facts[Fact.LAST_RELIEF] = many["last_relief"]
        batch = many.drawn
        place = int(batch.replicates[0]), 0
        world = pair(key(batch.parameters.scenario, batch.seed))
        operate(world, place, batch.parameters.rows[0], many.n_patients, facts)
        who = members(many, "responders") & np.isfinite(facts[Fact.LAST_RELIEF])
        both = np.stack([facts[Fact.LAST_RELIEF], facts[Fact.EMCS_FIRST]], axis=1)
        return np.where(who[:, None], both, np.nan)

    both = np.asarray(large.once("all operated", work_out))
    if large.without is not None:
        both = both[block_of(len(both)) != large.without]
    return both[~np.isnan(both[:, 0])]


def correlation(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """Spearman's correlation with Fisher's interval; corrected, the range is all responders'."""
    from scipy.stats import norm, spearmanr

    def ranked(both: FloatArray) -> float:
        return float(spearmanr(both[:, 0], both[:, 1]).statistic)

    truth = large.left_out("correlation", lambda one: ranked(all_operated(one)))
    both = pairs(cohort, method.operated)
    if len(both) < 5 or np.ptp(both, axis=0).min() == 0:
        return {"correlation": found_large(NONE, truth)}
    half = norm.ppf(1 - level / 2) * np.sqrt(1.06 / (len(both) - 3))  # Fieller et al. 1957
    rho = ranked(both)
    limits = np.array([rho, *np.tanh(np.arctanh(np.clip(rho, -0.999, 0.999)) + [-half, half])])
    if method.corrected:
        last = cohort["last_relief"][members(cohort, "responders")].astype(float)
        limits = _corrected(limits, np.nanstd(last, ddof=1) / both[:, 0].std(ddof=1))
    return {"correlation": found_large(tuple(limits), truth)}


def _corrected(rho: FloatArray, ratio: float) -> FloatArray:
    """Return correlations at `ratio` times the SD (Thorndike 1949, case 2)."""
    return np.asarray(rho * ratio / np.sqrt(1 + rho**2 * (ratio**2 - 1)))


def referral(method: Any, cohort: Cohort, large: Large, level: float) -> dict[str, Found]:
    """PPV and NPV, percent, of the rule among the operated; truth in all responders."""

    def values(both: FloatArray, *, level: float) -> dict[str, tuple[float, float, float]]:
        is_referred, succeeds = both[:, 0] >= method.cut_pct, both[:, 1] >= method.success_pct
        return {
            "ppv": wilson(float((is_referred & succeeds).sum()), is_referred.sum(), level),
            "npv": wilson(float((~is_referred & ~succeeds).sum()), (~is_referred).sum(), level),
        }

    own = values(pairs(cohort, method.operated), level=level)
    key_ = ("referral", method.cut_pct, method.success_pct)
    true = large.left_out(
        key_, lambda one: [value[0] for value in values(all_operated(one), level=level).values()]
    )
    return {name: found_large(own[name], true[:, k]) for k, name in enumerate(own)}
