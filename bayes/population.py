"""What is said of the population, draw by draw: mean curves, patients nobody has seen yet.

Here: functions of a posterior that return one number or one course a draw. Not here: the
summaries (`tables.py`), single patients (`patients.py`).
"""

import numpy as np
from numpy.typing import NDArray

from bayes.curves import COURSES, ONSETS
from bayes.parameters import NAMES
from bayes.posterior import Posterior, mean_reports
from bayes.quantities import SESSIONS, saturation_session
from bayes.scatter import SHARES

FloatArray = NDArray[np.float64]

LONG_TREATED = 15
NEW_PATIENTS = 200


def groups(posterior: Posterior) -> dict[str, NDArray[np.bool_]]:
    """Return the patients of each population by name; only `treated_15` meets the study's six."""
    cohort = posterior.cohort
    everyone = np.ones(len(cohort.patients), dtype=bool)
    found = {
        "all": everyone,
        "responders": cohort.is_responder == 1,
        "treated_15": cohort.n_sessions >= LONG_TREATED,
    }
    return {name: members for name, members in found.items() if members.any()}


def saturation_of_groups(posterior: Posterior, course: FloatArray) -> dict[str, FloatArray]:
    """Return S90 of each group's mean curve, and of its median patient, by draw.

    Parameters
    ----------
    course
        m_i(s), sessions 1-30, shape (draws, patients, sessions).
    """
    result = {}
    each = saturation_session(course)
    for name, members in groups(posterior).items():
        result[f"saturation_mean_curve_{name}"] = saturation_session(
            course[:, members].mean(axis=1)
        )
        result[f"saturation_median_patient_{name}"] = _median(each[:, members])
    return result


def _median(values: FloatArray) -> FloatArray:
    """Median over patients that have a value, NaN in a draw where none has."""
    result = np.full(len(values), np.nan)
    some = np.isfinite(values).any(axis=1)
    result[some] = np.nanmedian(values[some], axis=1)
    return result


def new_patients(posterior: Posterior, n: int = NEW_PATIENTS) -> FloatArray:
    """Return m(s), sessions 1-30, of patients with lesions as in the cohort but no report yet.

    Shape (draws, n, sessions).
    """
    natural, _ = posterior.flat
    rng = np.random.default_rng([posterior.seed, 2])
    like = rng.integers(len(posterior.cohort.patients), size=n)
    chance = chance_to_rise(posterior)[:, like]
    return mean_reports(natural, draw_courses(natural, chance, rng), SESSIONS)


def chance_to_rise(posterior: Posterior) -> FloatArray:
    """Return the chance of a rising course given each patient's lesion, shape (draws, patients)."""
    natural, _ = posterior.flat
    scores = posterior.scores.reshape(len(natural), -1)
    logit = scores[:, len(NAMES) :] @ posterior.covariates.design(posterior.cohort).T
    share = natural[:, NAMES.index("rising_share"), None]
    return np.asarray(1 / (1 + (1 - share) / share * np.exp(-logit)))


def draw_courses(natural: FloatArray, chance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw courses from the population, shape (draws, n, 5), see `Posterior.effects`.

    Parameters
    ----------
    natural
        Natural values of the parameters, shape (draws, parameters).
    chance
        Of a rising course, shape (draws, n).
    """
    value = dict(zip(NAMES, natural.T[..., None], strict=True))
    z_start, z_plateau, z_rate = rng.standard_normal((3, *chance.shape))
    correlation = value["start_plateau_correlation"]
    score = correlation * z_start + np.sqrt(1 - correlation**2) * z_plateau
    start = value["start_mean"] + value["start_sd"] * z_start
    shift, spread = value["flat_shift"], value["flat_spread"]
    level = value["start_mean"] + shift + value["start_sd"] * spread * z_start
    rises = rng.random(chance.shape) < chance
    relapses = rng.random(chance.shape) < value["relapse_share"]
    onset = rng.integers(len(ONSETS), size=chance.shape)
    kept = COURSES.index("kept")
    course = np.where(rises, np.where(relapses, kept + 1 + onset, kept), COURSES.index("flat"))
    start = np.where(rises, start, level)
    plateau = np.where(rises, value["plateau_mean"] + value["plateau_sd"] * score, level)
    log_rate = value["log_rate_mean"] + value["log_rate_sd"] * z_rate
    scatter = rng.choice(len(SHARES), size=chance.shape, p=SHARES)
    return np.stack([course, start, plateau, log_rate, scatter], axis=-1)
