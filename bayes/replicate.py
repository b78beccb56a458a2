"""Cohorts drawn from the relief model itself, with the truth that made them.

Here: equations (1)-(8) of docs/models.md run forwards, for simulation-based calibration and
predictive checks. Not here: worlds that are not this model (`simulate/`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import TEST_SESSIONS
from bayes.covariates import Covariates
from bayes.heaping import GRIDS
from bayes.parameters import EFFECT_SD, NAMES, values
from bayes.population import draw_courses
from bayes.posterior import latent_reliefs, noises
from bayes.reporting import missing_chance
from bayes.stopping import relief_chance

FloatArray = NDArray[np.float64]

LEVELS = ("central", "peripheral")
MISSING_SHARE = 0.1
"""Of the reports from session 4 on."""


@dataclass(frozen=True)
class Replicate:
    """A drawn cohort.

    Attributes
    ----------
    sessions, patients
        As `cohort.prepare` takes them; a patient_id is the position in `effects`.
    scores
        Prior standard scores of parameters and effects that made it, shape (size,).
    effects
        Courses that made it, shape (patients, 5), see `Posterior.effects`.
    """

    sessions: pd.DataFrame
    patients: pd.DataFrame
    scores: FloatArray
    effects: FloatArray


def covariates() -> Covariates:
    """Return the codes of drawn cohorts: two levels."""
    return Covariates({name: LEVELS if name == "level" else () for name in EFFECT_SD})


def draw_from_prior(
    n_patients: int, n_sessions: int, rng: np.random.Generator, *, noise_factor: float = 1.0
) -> Replicate:
    """Draw a cohort from the prior.

    Parameters
    ----------
    n_patients, n_sessions
        Patients, and the session after which the data end.
    noise_factor
        Reports scatter that much more than the parameter says: 1, unless the model is to be wrong.
    """
    scores = rng.standard_normal(len(NAMES) + len(covariates().labels))
    return draw_cohort(scores, n_patients, n_sessions, rng, noise_factor=noise_factor)


def draw_cohort(
    scores: FloatArray,
    n_patients: int,
    n_sessions: int,
    rng: np.random.Generator,
    *,
    noise_factor: float = 1.0,
) -> Replicate:
    """Draw a cohort given the prior standard scores of parameters and effects; see above."""
    level = np.array(LEVELS)[rng.integers(len(LEVELS), size=n_patients)]
    natural = values(scores[: len(NAMES)])
    p = dict(zip(NAMES, natural, strict=True))
    effect = dict(zip(LEVELS, EFFECT_SD["level"] * scores[len(NAMES) :], strict=True))
    logit = np.log(p["rising_share"] / (1 - p["rising_share"]))
    logit = logit + np.array([effect[code] for code in level])
    effects = draw_courses(natural[None], 1 / (1 + np.exp(-logit))[None], rng)[0]
    numbers = np.arange(1.0, n_sessions + 1)
    latent = latent_reliefs(natural[None], effects[None], numbers)[0]
    noise = noises(natural[None], effects[None], numbers)[0]
    last, reason = _stops(latent, noise, p, rng)
    reports = _reports(latent, noise_factor * noise, p, rng)
    reports[rng.random(reports.shape) < _missing_shares(natural, effects, p, numbers)] = np.nan
    ids, number = np.arange(n_patients).astype(str), np.arange(1, n_sessions + 1)
    had = number <= last[:, None]
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(ids, had.sum(axis=1)),
            "session_no": np.broadcast_to(number, had.shape)[had],
            "pain_relief_pct": reports[had],
        }
    )
    patients = pd.DataFrame({"patient_id": ids, "lesion_level": level, "stop_reason": reason})
    return Replicate(sessions, patients, scores, effects)


def _stops(
    latent: FloatArray, noise: FloatArray, p: dict[str, float], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return each patient's last session and the reason to stop, equations (6) and (7)."""
    n, n_sessions = latent.shape
    last = np.full(n, n_sessions)
    reason = np.full(n, "ongoing", dtype=object)
    treated = np.ones(n, dtype=bool)
    for session in range(TEST_SESSIONS, n_sessions):  # what follows the last is not known
        relief = relief_chance(latent[:, session - 1], noise[:, session - 1])
        cause = "stop_test" if session == TEST_SESSIONS else "stop_later"
        lost = p[f"{cause}_low"] + (p[f"{cause}_high"] - p[f"{cause}_low"]) * relief
        operated = p["surgery_low"] + (p["surgery_high"] - p["surgery_low"]) * relief
        u, v = rng.random((2, n))
        is_cut = treated & (u < operated) & (session > TEST_SESSIONS)
        is_lost = treated & ~is_cut & (v < lost)
        last[is_cut | is_lost] = session
        reason[is_cut], reason[is_lost] = "emcs_surgery", "loss_of_efficacy"
        treated &= ~(is_cut | is_lost)
    return last, reason


def _missing_shares(
    natural: FloatArray, effects: FloatArray, p: dict[str, float], numbers: FloatArray
) -> FloatArray:
    """Return each report's chance to be missing, shape (patients, sessions), equation (7a)."""
    fourth = np.array([float(TEST_SESSIONS)])
    latent = latent_reliefs(natural[None], effects[None], fourth)[0]
    early = missing_chance(latent, noises(natural[None], effects[None], fourth)[0], p)
    return np.where(numbers < TEST_SESSIONS, early, MISSING_SHARE)


def _reports(
    latent: FloatArray, noise: FloatArray, p: dict[str, float], rng: np.random.Generator
) -> FloatArray:
    """Return reports of latent relief, equation (8)."""
    rest = 1 - p["tens_share"]
    share = [p["tens_share"], rest * p["fives_share"], rest * (1 - p["fives_share"])]
    width = np.array(GRIDS, dtype=float)[rng.choice(len(GRIDS), size=latent.shape, p=share)]
    said = latent + noise * rng.logistic(size=latent.shape)
    return np.asarray(np.clip(width * np.round(said / width), 0, 100))
