"""What patients with such first sessions went on to report: predictions without a new fit.

Here: the courses of new patients given the draws of a fitted population, and what follows for any
horizon. Each population draw is weighed by what it makes of the patient's own reports; nodes are
placed once at the mean of the population and follow each draw by one Newton step, as in a fit.
Not here: the fit, the basis of a prediction in words and counts (`basis.py`).

Patients are still treated: that they went on after sessions 4..k - 1 counts, what they will do
after session k does not.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import Cohort, prepare
from bayes.covariates import Covariates
from bayes.marginal.grid import copy_places
from bayes.marginal.target import Target
from bayes.parameters import EFFECT_SD, NAMES, values
from bayes.population import draw_courses
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """What a prediction needs of a fit.

    Attributes
    ----------
    scores
        Draws of prior standard scores, parameters then effects, shape (draws, size).
    covariates
        The codes whose effects they are.
    """

    scores: FloatArray
    covariates: Covariates

    def thinned(self, n: int) -> "Population":
        """Return about n draws, evenly spaced."""
        return Population(self.scores[:: max(1, len(self.scores) // n)], self.covariates)


@dataclass(frozen=True)
class Courses:
    """Weighted draws of the courses of new patients.

    Attributes
    ----------
    natural
        Population of each draw, shape (draws, parameters).
    effects
        Shape (draws, patients, 5), see `Posterior.effects`.
    weight
        Shape (draws, patients); each patient's sum to 1.
    """

    natural: FloatArray
    effects: FloatArray
    weight: FloatArray

    def mean_reports(self, sessions: FloatArray = SESSIONS) -> FloatArray:
        """Return m(s) in percent, shape (draws, patients, sessions)."""
        return mean_reports(self.natural, self.effects, sessions)

    def probability(self, holds: NDArray[np.bool_] | FloatArray) -> FloatArray:
        """Return each patient's probability of what holds (or has this chance) in a draw."""
        return np.asarray((self.weight * holds).sum(axis=0))

    def quantiles(self, value: FloatArray, at: tuple[float, ...]) -> FloatArray:
        """Return weighted quantiles of known (not NaN) values, shape (len(at), patients)."""
        weight = np.where(np.isfinite(value), self.weight, 0.0)
        order = np.argsort(value, axis=0)
        ordered = np.take_along_axis(value, order, axis=0)
        below = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
        below = below / np.maximum(below[-1], 1e-12)
        found = [np.argmax(below >= share - 1e-12, axis=0) for share in at]
        return np.stack([np.take_along_axis(ordered, k[None], axis=0)[0] for k in found])


def cohort_of(relief: FloatArray, level: list[str], site: list[str], stroke: list[str]) -> Cohort:
    """Return new patients as the model takes them.

    Parameters
    ----------
    relief
        Reports of sessions 1..k, percent, NaN where missing, shape (patients, k). A patient
        needs at least one report; without any see `without_reports`.
    level, site, stroke
        Codes by patient, empty where unknown.
    """
    n, k = relief.shape
    ids = np.arange(n).astype(str)
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(ids, k),
            "session_no": np.tile(np.arange(1, k + 1), n),
            "pain_relief_pct": relief.ravel(),
        }
    )
    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "lesion_level": level,
            "lesion_site": site,
            "stroke_type": stroke,
            "stop_reason": "ongoing",
        }
    )
    return prepare(sessions, patients)


def predict_courses(
    population: Population, cohort: Cohort, *, copies: int = 4, seed: int = 1
) -> Courses:
    """Draw the courses of new patients.

    Parameters
    ----------
    population
        Some twenty draws do for thousands of patients, some hundred for a single one.
    cohort
        From `cohort_of`.
    copies
        Courses a patient and population draw.
    """
    target = Target(cohort, population.covariates, threads=1)
    places = target.new_places()
    middle = population.scores.mean(axis=0)
    target.adapt(middle, places, 8)
    target.choose_efforts(middle, places)
    n_draws, n = len(population.scores), len(cohort.patients)
    effects = np.empty((n_draws, copies, n, 5))
    logs = np.empty((n_draws, n))
    extra = unseen_logits(population, cohort, seed)
    for d, point in enumerate(population.scores):
        own = copy_places(places)
        target.adapt(point, own, 1)
        logs[d], component, _ = target.log_marginals(point, own, more=extra[d])
        target.draw_effects(point, own, component, [seed, d], effects[d], more=extra[d])
    weight = np.exp(logs - logs.max(axis=0))
    weight = np.repeat(weight / weight.sum(axis=0), copies, axis=0) / copies
    natural = values(population.scores[:, : len(NAMES)])
    return Courses(np.repeat(natural, copies, axis=0), effects.reshape(-1, n, 5), weight)


def without_reports(
    population: Population, cohort: Cohort, *, copies: int = 40, seed: int = 1
) -> Courses:
    """Draw the courses of patients of whom only the lesion is known: the reports are ignored."""
    rng = np.random.default_rng([seed, 5])
    scores = np.repeat(population.scores, copies, axis=0)
    extra = np.repeat(unseen_logits(population, cohort, seed), copies, axis=0)
    natural = values(scores[:, : len(NAMES)])
    share = natural[:, [NAMES.index("rising_share")]]
    logit = np.log(share / (1 - share)) + extra
    logit = logit + scores[:, len(NAMES) :] @ population.covariates.design(cohort).T
    effects = draw_courses(natural, 1 / (1 + np.exp(-logit)), rng)
    weight = np.full(effects.shape[:2], 1 / len(effects))
    return Courses(natural, effects, weight)


def unseen_logits(population: Population, cohort: Cohort, seed: int) -> FloatArray:
    """Return what codes that the population never saw add to the logit, drawn from the prior.

    Shape (draws, patients); 0 where every code was seen.
    """
    rng = np.random.default_rng([seed, 7])
    result = np.zeros((len(population.scores), len(cohort.patients)))
    for name, spread in EFFECT_SD.items():
        given = getattr(cohort, name)
        for code in set(given.tolist()) - {"", *population.covariates.codes[name]}:
            drawn = spread * rng.standard_normal((len(result), 1))
            result += drawn * (given == code)
    return result
