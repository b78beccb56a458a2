"""What each patient's reports say, as normal factors: what NUTS takes from the marginal fit.

Here: coordinates made from the mode of the marginal engine and courses drawn there. A normal factor
stands for a report where it has the same slope and bend, averaged over those courses. What is
wrong here makes chains slow and no posterior wrong. Not here: what is made of it
(`coordinates.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayes import reporting, stopping
from bayes.cohort import MISSING, NOTHING, Cohort
from bayes.coordinates import Coordinates
from bayes.covariates import Covariates
from bayes.curves import ONSETS, kept_share, saturating
from bayes.heaping import cells, log_probability
from bayes.parameters import NAMES, values
from bayes.scatter import NOISE, noise_of

if TYPE_CHECKING:
    from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

DRAWS = 200
"""Courses drawn of each patient."""
SURE = 30.0
"""Added to the logits of rising, or taken from them, where every patient is to be of one kind."""
HALF = 2.0
"""Half of the distance in points over which probabilities are compared for slope and bend."""


def informed(cohort: Cohort, covariates: Covariates, seed: int, threads: int = 1) -> Coordinates:
    """Return coordinates that follow the marginal engine: its mode, and the courses there."""
    from bayes.marginal.mode import find_mode
    from bayes.marginal.target import Target

    target = Target(cohort, covariates, threads=threads)
    mode = find_mode(target)
    p = dict(zip(NAMES, values(mode.point[: len(NAMES)]), strict=True))
    rising, flat = (_courses_at(target, mode.point, kind, seed) for kind in (SURE, -SURE))
    onset = np.array([np.inf, np.inf, *ONSETS])[rising[..., 0].astype(int)]
    start, plateau, log_rate = (rising[..., k] for k in (1, 2, 3))
    of, session = cohort.patient, cohort.session
    kept = kept_share(session, onset[:, of], p["relapse_rate"])
    rate = np.exp(log_rate)[:, of]
    latent = saturating(session, start[:, of], plateau[:, of], rate, p["curve_shape"], kept)
    scatter = rising[..., 4].astype(int)[:, of]
    noise = noise_of([p[name] for name in NOISE], scatter, session)
    level_sd = p["start_sd"] * p["flat_spread"]
    return Coordinates(
        centre=mode.point,
        root=mode.root,
        kept=kept.mean(axis=0),
        report=_report_summary(cohort, p, latent.T, noise.T),
        log_rate=_summary(log_rate, p["log_rate_mean"], p["log_rate_sd"]),
        level=_summary(flat[..., 1], p["start_mean"] + p["flat_shift"], level_sd),
    )


def _courses_at(target: "Target", point: FloatArray, more: float, seed: int) -> FloatArray:
    """Draw courses at a point, `more` added to the logits of rising.

    Shape (draws, patients, 5), see `Posterior.effects`. Every component counts, however unlikely
    its kind is.
    """
    places = target.new_places()
    target.adapt(point, places, 8)
    _, component, _ = target.log_marginals(point, places, more=more)
    drawn = np.empty((DRAWS, len(target.cohort.patients), 5))
    target.draw_effects(point, places, component, [seed, 19], drawn, more=more)
    return drawn


def _report_summary(
    cohort: Cohort, p: dict[str, float], latent: FloatArray, noise: FloatArray
) -> FloatArray:
    """Return precision and pull of every row, shape (2, rows), given draws (rows, draws)."""
    below, at, above = (_log_of_rows(cohort, p, latent + d, noise) for d in (-HALF, 0.0, HALF))
    slope = ((above - below) / (2 * HALF)).mean(axis=1)
    bend = ((2 * at - above - below) / HALF**2).mean(axis=1)
    precision = np.maximum(bend, 0.0)
    return np.stack([precision, precision * latent.mean(axis=1) + slope])


def _log_of_rows(
    cohort: Cohort, p: dict[str, float], latent: FloatArray, noise: FloatArray
) -> FloatArray:
    """Return log P(report, which are missing, fate) of every row, shape (rows, draws)."""
    tens, fives = p["tens_share"], p["fives_share"]
    share = (tens, (1 - tens) * fives, (1 - tens) * (1 - fives))
    result = np.zeros(latent.shape)
    told = np.flatnonzero(cohort.kind != MISSING)
    cell = cells(cohort.relief[told])
    listed = told[cell.order]
    result[listed] = log_probability(cell.over_draws(), latent[told], noise[told], share)
    known = np.flatnonzero(cohort.fate != NOTHING)
    fate, session = cohort.fate[known][:, None], cohort.session[known][:, None]
    result[known] += stopping.log_probability(fate, session, latent[known], noise[known], p)
    due = np.flatnonzero(cohort.asked > 0)
    asked, unreported = cohort.asked[due][:, None], cohort.unreported[due][:, None]
    result[due] += reporting.log_probability(asked, unreported, latent[due], noise[due], p)
    return result


def _summary(draws: FloatArray, mean: float, sd: float) -> FloatArray:
    """Return precision and pull that make of a normal prior one with the moments of draws.

    Parameters
    ----------
    draws
        Shape (draws, patients).
    """
    # Reports never say less than nothing: a spread wider than the prior's is cut to it.
    whole = 1 / np.clip(draws.var(axis=0), 1e-6 * sd**2, sd**2)
    return np.stack([whole - 1 / sd**2, whole * draws.mean(axis=0) - mean / sd**2])
