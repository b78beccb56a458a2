"""Bulk predictions: courses drawn from a fitted population, weighed by a patient's reports.

Here: the bank, and what it says of many patients after every session. Not here: predictions of one
patient with nodes of his own (`predict.py`), which are finer and a hundred times slower.

The courses of a bank are patients that the population makes likely, with lesions as in the cohort
it was learnt from. A patient's own reports weigh them: after session k the weight of a course is
the product of its chances of the reports written down until then, and of which reports of sessions
1-3 are missing among those that were due before session k (7a). Reports beyond what any course
makes likely count as no less than `FLOOR`, so that one odd report does not leave a single course.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import TEST_SESSIONS
from bayes.heaping import cells, log_probability
from bayes.marginal.compiled import compiled
from bayes.parameters import NAMES
from bayes.population import chance_to_rise, draw_courses
from bayes.posterior import Posterior, latent_reliefs, mean_reports, noises
from bayes.quantities import SESSIONS
from bayes.reporting import missing_chance

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
FLOOR = 1e-6
WHOLE_REPORTS = 101


@dataclass(frozen=True)
class Bank:
    """Courses and what each would report.

    Attributes
    ----------
    chance
        P(report y after session k | course), shape (sessions, 101, courses).
    mean
        m(s) in percent, sessions 1-30, shape (courses, 30).
    missing
        P(report of session 1..3 is missing | course), shape (3, courses); 0 where missing reports
        are to say nothing.
    """

    chance: SingleArray
    mean: FloatArray
    missing: SingleArray

    def reaches(self, horizon_session: int, cut_pct: float) -> SingleArray:
        """Return 1 where the mean of m over the three sessions to a horizon reaches a cut, else 0.

        Shape (courses,).
        """
        late = self.mean[:, horizon_session - 3 : horizon_session].mean(axis=1)
        return (late >= cut_pct).astype(np.float32)


def draw_bank(posterior: Posterior, n: int, sessions: int, seed: int) -> Bank:
    """Draw n courses from a posterior's population.

    Parameters
    ----------
    posterior
        Of the cohort that the bank learns from.
    n
        Courses; each has a population draw of its own, draws taken in turn.
    sessions
        Sessions whose reports may be weighed.
    """
    rng = np.random.default_rng([seed, 11])
    natural, _ = posterior.flat
    turn = np.arange(n) % len(natural)
    natural = natural[turn]
    like = rng.integers(len(posterior.cohort.patients), size=n)
    chance = chance_to_rise(posterior)[turn, like][:, None]
    effects = draw_courses(natural, chance, rng)
    value = dict(zip(NAMES, natural.T, strict=True))
    numbers = np.arange(1.0, sessions + 1)
    latent = latent_reliefs(natural, effects, numbers)[:, 0]
    noise = noises(natural, effects, numbers)[:, 0]
    table = np.empty((sessions, WHOLE_REPORTS, n), dtype=np.float32)
    for k in range(sessions):
        table[k] = np.maximum(_chances_of_reports(value, latent[:, k], noise[:, k]), FLOOR)
    fourth = np.array([float(TEST_SESSIONS)])
    relief = latent_reliefs(natural, effects, fourth)[:, 0, 0]
    missing = missing_chance(relief, noises(natural, effects, fourth)[:, 0, 0], value)
    means = mean_reports(natural, effects, SESSIONS)[:, 0]
    missing = np.repeat(missing[None].astype(np.float32), TEST_SESSIONS - 1, axis=0)
    return Bank(table, means, missing)


def weigh(bank: Bank, reports: FloatArray, holds: SingleArray) -> FloatArray:
    """Return the chance of what holds in a course, given a patient's reports up to each session.

    Parameters
    ----------
    reports
        Whole percent, NaN where missing, shape (patients, sessions).
    holds
        1 or 0 by course, shape (events, courses).

    Returns
    -------
    numpy.ndarray
        Shape (patients, sessions, events); entry k knows the reports of sessions 1..k alone.
    """
    found = np.empty((*reports.shape, len(holds)))
    _weigh(bank.chance, bank.missing, np.ascontiguousarray(reports), holds, found)
    return found


def _chances_of_reports(
    value: dict[str, FloatArray], latent: FloatArray, noise: FloatArray
) -> FloatArray:
    """P(report = 0 ... 100) of every course at its latent relief, shape (101, courses)."""
    tens = value["tens_share"]
    fives = (1 - tens) * value["fives_share"]
    cell = cells(np.arange(float(WHOLE_REPORTS)))
    every = np.broadcast_to(latent, (WHOLE_REPORTS, len(latent)))
    logs = log_probability(cell.over_draws(), every, noise, (tens, fives, 1 - tens - fives))
    table = np.empty_like(logs)
    table[cell.order] = np.exp(logs)
    return table


@compiled
def _weigh(chance: Any, missing: Any, reports: Any, holds: Any, found: Any) -> None:
    n_courses = chance.shape[2]
    weight = np.empty(n_courses, dtype=np.float32)
    share = np.empty(len(holds))
    given, tells = np.float32(1.0) - missing, missing.max() > 0
    for i in range(len(reports)):
        weight[:] = np.float32(1.0)
        for k in range(reports.shape[1]):
            is_due, is_given = 1 <= k < TEST_SESSIONS and tells, not np.isnan(reports[i, k])
            if k == 0 or is_due or is_given:
                if is_due and np.isnan(reports[i, k - 1]):
                    weight *= missing[k - 1]
                elif is_due:
                    weight *= given[k - 1]
                if is_given:
                    of = chance[k, int(reports[i, k])]
                    for c in range(n_courses):
                        weight[c] *= of[c]
                total = weight.sum()
                for e in range(len(holds)):
                    share[e] = np.dot(weight, holds[e]) / total
                weight /= total / np.float32(n_courses)
            found[i, k] = share
