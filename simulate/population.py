"""Who the patients are: demography, lesion, and the latent course their relief would take.

Here: draws of patients. Not here: what they report (`relief.py`) or how long they stay
(`course.py`). Draws are laid out one row a patient, so the first twenty patients of a clinic of
213 are the patients of a clinic of twenty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.dates import DayArray, day, in_days, weekday
from simulate.parts import Bounded, Lesion, Normal
from simulate.scenario import Scenario
from simulate.streams import Stream, generator

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Latent:
    """Constants of each patient's latent relief curve; every array has shape (patients,).

    Attributes
    ----------
    has_relief
        Whether the patient belongs to those whose relief rises.
    asymptote
        Latent points approached when sessions go on.
    sessions_to_63_pct
        Sessions after which 63 % of the way from start to asymptote is done.
    relapse_session
        Session after which the gain decays; infinite without a relapse.
    """

    has_relief: NDArray[np.bool_]
    asymptote: FloatArray
    sessions_to_63_pct: FloatArray
    relapse_session: FloatArray


def draw_patients(
    scenario: Scenario, seed: int, replicate: int = 0, n_patients: int | None = None
) -> pd.DataFrame:
    """Draw who comes to the clinic.

    Returns
    -------
    pandas.DataFrame
        One row a patient: age_years at first session, sex, pain_duration_years, nrs_initial,
        laterality, topography, lesion_level, lesion_site, aetiology (codes of the warehouse),
        planned_first_day, exclusion_reason, planned_sessions (of those who are excluded or
        stop before session 4, else 0), and details that later steps use.

    Raises
    ------
    ValueError
        If `n_patients` is below 1.
    """
    n = scenario.clinic.n_patients if n_patients is None else n_patients
    if n < 1:
        raise ValueError(f"n_patients must be 1 or more, got {n}")
    u = generator(scenario, seed, Stream.POPULATION, replicate).random((n, 14))
    law = scenario.population
    lesions = pick_rows(law.lesions, u[:, 5])
    causes = np.array([lesion[2] for lesion in lesions], dtype=object)
    strokes = pick(law.stroke_types, u[:, 6])
    flow = _flow(scenario, u[:, 9], u[:, 10])
    return pd.DataFrame(
        {
            "age_years": np.floor(_truncated(law.age_years, u[:, 0])),
            "sex": np.where(u[:, 1] < law.male_share, "M", "F"),
            "pain_duration_years": np.round(_log_normal(law.pain_duration_years, u[:, 2]), 1),
            "nrs_initial": np.round(2 * _clipped(law.nrs_initial, u[:, 3])) / 2,
            "laterality": pick(law.laterality, u[:, 4]),
            "topography": pick(law.topography, u[:, 7]),
            "lesion_level": np.array([lesion[0] for lesion in lesions], dtype=object),
            "lesion_site": pd.Series([lesion[1] for lesion in lesions], dtype="str"),
            "aetiology": np.where(causes == "stroke", strokes, causes),
            "planned_first_day": _first_session_days(scenario, u[:, 8]),
            "days_since_consultation": 30 + np.floor(150 * u[:, 11]).astype(int),
            "birthday_offset": 2 + np.floor(360 * u[:, 12]).astype(int),
            "has_adverse_event": u[:, 13] < scenario.clinic.adverse_event_share,
        }
    ).assign(**flow)


def draw_latent(
    scenario: Scenario, patients: pd.DataFrame, seed: int, replicate: int = 0
) -> Latent:
    """Draw the latent course of each patient, shifted by lesion level and cause."""
    law = scenario.response
    u = generator(scenario, seed, Stream.LATENT, replicate).random((len(patients), 5))
    has_relief = u[:, 0] < relief_probability(scenario, patients)
    z = _normal_score(u[:, 1])
    asymptote = np.where(
        has_relief, _normal(law.relief_asymptote, z), _normal(law.no_relief_asymptote, z)
    )
    onset = law.sessions_to_63_pct
    relapse = law.relapse_from_session
    relapse_at = relapse.low + np.floor(-np.log1p(-u[:, 4]) * (relapse.mean - relapse.low))
    relapses = has_relief & (u[:, 3] < law.relapse_share)
    return Latent(
        has_relief=has_relief,
        asymptote=asymptote,
        sessions_to_63_pct=onset.median * np.exp(onset.log_sd * _normal_score(u[:, 2])),
        relapse_session=np.where(relapses, relapse_at, np.inf),
    )


def relief_probability(scenario: Scenario, patients: pd.DataFrame) -> FloatArray:
    """Return each patient's chance of a rising curve; shifts of level and cause add up."""
    law = scenario.response
    logit = np.full(len(patients), np.log(law.relief_share / (1 - law.relief_share)))
    for column in ("lesion_level", "aetiology"):
        logit += patients[column].map(law.logit_shift).fillna(0.0).to_numpy(float)
    return 1 / (1 + np.exp(-logit))


def pick(weights: Mapping[str, float], u: FloatArray) -> NDArray[np.object_]:
    """Return a name for every uniform number, in proportion to the weights."""
    return np.array(list(weights), dtype=object)[_index(list(weights.values()), u)]


def pick_rows(lesions: tuple[Lesion, ...], u: FloatArray) -> list[Lesion]:
    """Return a row of the lesion table for every uniform number."""
    return [lesions[i] for i in _index([row[3] for row in lesions], u)]


def _index(weights: list[float], u: FloatArray) -> NDArray[np.int64]:
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, u, side="right"), len(weights) - 1)


def _flow(scenario: Scenario, u: FloatArray, v: FloatArray) -> dict[str, Any]:
    """Who cannot be assessed, who stops before session 4, after how many sessions (rule R1)."""
    clinic = scenario.clinic
    excluded = u < clinic.excluded_share
    early = ~excluded & (u < clinic.excluded_share + clinic.early_stop_share)
    reason = np.where(v < 0.5, "language_barrier", "psychiatric_disorder").astype(object)
    reason[~excluded] = None
    planned = np.where(excluded, 3 + np.floor(3 * v), np.where(early, 1 + np.floor(3 * v), 0))
    return {
        "exclusion_reason": pd.Series(reason, dtype="str"),
        "planned_sessions": planned.astype(np.int64),
    }


def _first_session_days(scenario: Scenario, u: FloatArray) -> DayArray:
    first, last = day(scenario.clinic.first_session_from), day(scenario.clinic.first_session_to)
    return weekday(
        first + in_days(u**scenario.clinic.accrual_power * ((last - first).astype(int) + 1))
    )


def _normal_score(u: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(u, 1e-12, 1 - 1e-12)), dtype=float)


def _normal(law: Normal, z: FloatArray) -> FloatArray:
    return law.mean + law.sd * z


def _clipped(law: Bounded, u: FloatArray) -> FloatArray:
    return np.clip(law.mean + law.sd * _normal_score(u), law.low, law.high)


def _truncated(law: Bounded, u: FloatArray) -> FloatArray:
    """Draw from a normal law within its bounds; `high` may be reached as a whole year."""
    from scipy.special import ndtr

    low, high = ndtr((law.low - law.mean) / law.sd), ndtr((law.high + 1 - law.mean) / law.sd)
    return law.mean + law.sd * _normal_score(low + u * (high - low))


def _log_normal(law: Bounded, u: FloatArray) -> FloatArray:
    """Log-normal law with the given mean and SD, clipped."""
    variance = np.log1p((law.sd / law.mean) ** 2)
    value = np.exp(np.log(law.mean) - variance / 2 + np.sqrt(variance) * _normal_score(u))
    return np.clip(value, law.low, law.high)
