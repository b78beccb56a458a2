"""What relief is, and what of it is said and written down.

Here: the latent curve, the expected report, reports with noise and heaping, the recorded
assessment, missing reports, days of relief. All of a whole uninterrupted course: who stops when
is decided later (`course.py`). Not here: identities, dates, files.

Points are points of pain relief; sessions run along the last axis, session k at index k - 1.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.parts import Measurement, Noise
from simulate.population import FloatArray, Latent, draw_latent, draw_patients, pick
from simulate.scenario import Scenario
from simulate.streams import Stream, generator

TEST_SESSIONS = 4


@dataclass(frozen=True)
class Reports:
    """Relief of whole, uninterrupted courses; arrays (patients, sessions) unless said otherwise.

    Attributes
    ----------
    patients
        The draw of `population.draw_patients`.
    latent
        Its latent constants.
    curve
        Latent relief in points, unbounded.
    expected
        Mean report given the curve and the patient's rounding habit, 0-100.
    reported
        What the patient says at each session, 0-100.
    recorded
        The same, NaN where nothing was written down.
    assessment
        The test-period assessment that decides status, shape (patients,), NaN where missing.
    is_responder
        Status with the assessment or, without it, session 4 (rule R4), shape (patients,).
    """

    patients: pd.DataFrame
    latent: Latent
    curve: FloatArray
    expected: FloatArray
    reported: FloatArray
    recorded: FloatArray
    assessment: FloatArray
    is_responder: NDArray[np.bool_]


def latent_curve(scenario: Scenario, latent: Latent, horizon: int) -> FloatArray:
    """Return latent relief b + (A - b)(1 - exp(-s / tau)), less what a relapse takes."""
    law = scenario.response
    session = np.arange(1, horizon + 1, dtype=float)[None, :]
    progress = np.ones((len(latent.asymptote), horizon))
    if law.accumulation == "saturating":
        progress = -np.expm1(-session / latent.sessions_to_63_pct[:, None])
    after = np.maximum(session - latent.relapse_session[:, None], 0.0)
    kept = (1 - law.relapse_per_session) ** after
    return np.asarray(law.start + (latent.asymptote - law.start)[:, None] * progress * kept)


def expected_report(law: Measurement, curve: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the mean report at each point of the curve.

    A report rounds latent relief plus noise to a multiple of the patient's grid g within 0-100,
    so its mean is the sum over j of g * P(latent + noise >= (j - 1/2) g).
    """
    result = np.empty_like(curve)
    for step in np.unique(grid):
        rows = grid == step
        points, means = _report_table(law.session_noise, float(step))
        result[rows] = np.interp(curve[rows], points, means)
    return result


@lru_cache(maxsize=32)
def _report_table(noise: Noise, step: float) -> tuple[FloatArray, FloatArray]:
    from scipy.special import stdtr

    points = np.arange(-200.0, 300.5, 0.5)
    edges = (np.arange(1, round(100 / step) + 1) - 0.5) * step
    reached = stdtr(noise.degrees_of_freedom, (points[:, None] - edges) / noise.scale)
    return points, step * reached.sum(axis=1)


def heaped(value: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the value as reported: within 0-100, a multiple of the grid."""
    return np.asarray(np.floor(np.clip(value, 0, 100) / grid + 0.5) * grid)


def draw_reports(
    scenario: Scenario,
    seed: int,
    replicate: int = 0,
    *,
    n_patients: int | None = None,
    horizon: int | None = None,
) -> Reports:
    """Draw the patients of one cohort and everything they would report without stopping.

    A shorter horizon or fewer patients give the first columns and rows of the longer draw.
    """
    sessions = scenario.clinic.horizon if horizon is None else horizon
    patients = draw_patients(scenario, seed, replicate, n_patients)
    latent = draw_latent(scenario, patients, seed, replicate)
    curve = latent_curve(scenario, latent, sessions)
    noise = _session_noise(scenario, seed, replicate, len(patients))[:, :sessions]
    rng = generator(scenario, seed, Stream.REPORTING, replicate)
    u = rng.random((len(patients), 3 + scenario.clinic.horizon))
    law = scenario.measurement
    grid = pick(law.heaping, u[:, 0]).astype(float)
    reported = heaped(curve + noise, grid[:, None])
    at_test = curve[:, TEST_SESSIONS - 1], noise[:, TEST_SESSIONS - 1]
    assessed = heaped(_assessment(law, *at_test, u[:, 1]), grid)
    assessment_missing = u[:, 2] < law.missing_assessment
    is_responder = np.where(assessment_missing, reported[:, TEST_SESSIONS - 1], assessed) >= 10
    missing = u[:, 3 : 3 + sessions] < _missing_chance(law, is_responder, sessions)
    missing[:, TEST_SESSIONS - 1] &= ~assessment_missing
    return Reports(
        patients=patients,
        latent=latent,
        curve=curve,
        expected=expected_report(law, curve, grid),
        reported=reported,
        recorded=np.where(missing, np.nan, reported),
        assessment=np.where(assessment_missing, np.nan, assessed),
        is_responder=is_responder,
    )


def _session_noise(scenario: Scenario, seed: int, replicate: int, n: int) -> FloatArray:
    law = scenario.measurement.session_noise
    rng = generator(scenario, seed, Stream.NOISE, replicate)
    return law.scale * rng.standard_t(law.degrees_of_freedom, (n, scenario.clinic.horizon))


def _assessment(
    law: Measurement, curve: FloatArray, noise: FloatArray, u: FloatArray
) -> FloatArray:
    """Latent value of the recorded assessment: near session 4, but a measurement of its own."""
    from scipy.special import ndtri

    error = law.assessment_noise
    return np.asarray(curve + error.shared * noise + error.scale * ndtri(u))


def _missing_chance(law: Measurement, is_responder: NDArray[np.bool_], sessions: int) -> FloatArray:
    chance = np.full((len(is_responder), sessions), law.missing_later)
    test = law.missing_test_period
    by_status = np.where(is_responder[:, None], [test.relief], [test.no_relief])
    chance[:, :TEST_SESSIONS] = by_status[:, :sessions]
    return chance


def draw_durations(
    scenario: Scenario, reports: Reports, seed: int, replicate: int = 0
) -> FloatArray:
    """Draw whole days of relief after each session, before any cap by the next session.

    None without relief, else gamma with a mean that grows with relief (rule R11); NaN where the
    relief itself is not recorded, and now and then beside a recorded one.
    """
    from scipy.special import gammaincinv

    days = scenario.measurement.duration_days
    rng = generator(scenario, seed, Stream.DURATION, replicate)
    u = rng.random((*reports.reported.shape, 2))
    mean = days.base + days.per_relief_point * reports.reported
    drawn = np.maximum(1, np.round(mean / days.shape * gammaincinv(days.shape, u[..., 0])))
    known = np.where(reports.reported > 0, drawn, 0.0)
    missing = np.isnan(reports.recorded) | (u[..., 1] < scenario.measurement.missing_duration)
    return np.where(missing, np.nan, known)
