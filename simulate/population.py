"""Who the patients are: age, sex, duration and side of the pain, rating, topography.

Here: what does not enter the response. Not here: lesion, latent course and flow, which do
(`engine/patient.py`), or the joint law of margins (`margins.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.margins import margins_of
from simulate.parts import Bounded
from simulate.scenario import Scenario
from simulate.streams import FloatArray, Stream, scores, uniforms

SEXES = ("F", "M")
DRAWS = 8


def draw_demography(
    scenario: Scenario,
    seed: int,
    replicates: NDArray[np.int64],
    patients: tuple[int, int],
    site: NDArray[np.int8],
) -> dict[str, NDArray[Any]]:
    """Draw the demography of a block of patients, given the site of their lesion.

    Returns
    -------
    dict
        Arrays (R, N): age_years at first session, sex (code of `SEXES`), pain_duration_years,
        nrs_initial (0-10, in halves), topography and laterality (position in the scenario).
    """
    law = scenario.population
    margins = margins_of(law)
    u = uniforms(scenario, seed, Stream.POPULATION, replicates, patients, DRAWS, first=1)
    topography = _pick(margins.topography_of_site[site], u[..., 4])
    laterality = _pick(margins.laterality_of_topography[topography], u[..., 5])
    return {
        "age_years": np.floor(0.5 + _truncated(law.age_years, u[..., 0])).astype(np.float32),
        "sex": (u[..., 1] < law.male_share).astype(np.int8),
        "pain_duration_years": _log_normal(law.pain_duration_years, u[..., 2]).astype(np.float32),
        "nrs_initial": (np.round(2 * _clipped(law.nrs_initial, u[..., 3])) / 2).astype(np.float32),
        "topography": topography,
        "laterality": laterality,
    }


def _pick(edges: FloatArray, u: FloatArray) -> NDArray[np.int8]:
    return np.minimum((u[..., None] >= edges).sum(axis=-1), edges.shape[-1] - 1).astype(np.int8)


def _clipped(law: Bounded, u: FloatArray) -> FloatArray:
    return np.clip(law.mean + law.sd * scores(u), law.low, law.high)


def _truncated(law: Bounded, u: FloatArray) -> FloatArray:
    """Draw from a normal law that, rounded to a whole number, stays within its bounds."""
    from scipy.special import ndtr

    low, high = ndtr((np.array([law.low - 0.5, law.high + 0.5]) - law.mean) / law.sd)
    return law.mean + law.sd * scores(low + u * (high - low))


def _log_normal(law: Bounded, u: FloatArray) -> FloatArray:
    """Log-normal law with the given mean and SD, clipped, in tenths."""
    variance = np.log1p((law.sd / law.mean) ** 2)
    value = np.exp(np.log(law.mean) - variance / 2 + np.sqrt(variance) * scores(u))
    return np.round(np.clip(value, law.low, law.high), 1)
