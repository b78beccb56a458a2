"""Neuropathic Pain Symptom Inventory (NPSI): item answers at baseline and sessions 1-4.

Here: codes of answers, no wording of items. Not here: scoring rules of the warehouse; the totals
written by a clinic follow from the items (rule R12).
"""

import numpy as np
from numpy.typing import NDArray

from simulate.parameters import Parameters
from simulate.streams import FloatArray, Stream, scores, uniforms

DIMENSION_ITEMS = {
    "burning": (1,),
    "deep": (2, 3),
    "paroxysmal": (5, 6),
    "evoked": (8, 9, 10),
    "paresthesia": (11, 12),
}
INTENSITY_ITEMS = tuple(item for items in DIMENSION_ITEMS.values() for item in items)
TEMPORAL_ITEMS = (4, 7)
N_ITEMS = 12
N_VISITS = 5
DRAWS = 8 + 6 + N_ITEMS + N_VISITS * N_ITEMS


def draw_answers(
    parameters: Parameters,
    seed: int,
    replicates: NDArray[np.int64],
    patients: tuple[int, int],
    expected: FloatArray,
) -> NDArray[np.float32]:
    """Draw item answers (equation 15).

    Parameters
    ----------
    parameters
        One row a replicate.
    expected
        Expected reports of sessions 1-4 and more, shape (R, N, H).

    Returns
    -------
    numpy.ndarray
        Shape (R, N, 5 visits, 12 items), NaN where not answered. Visit 0 is the baseline. Items 4
        and 7 are temporal codes 1-5, the others 0-10.
    """
    law = {name: parameters[name][:, None] for name in parameters.rows.dtype.names or ()}
    u = uniforms(
        parameters.scenario, seed, Stream.QUESTIONNAIRE, replicates, patients, DRAWS, first=0
    )
    z = scores(u[..., 8:])
    patient, dimensions, own = z[..., 0], z[..., 1:6], z[..., 6 : 6 + N_ITEMS]
    visits = z[..., 6 + N_ITEMS :].reshape(*z.shape[:2], N_VISITS, N_ITEMS)
    drift = _drift(law, expected)
    answers = np.empty(visits.shape, dtype=np.float32)
    for number, (dimension, items) in enumerate(DIMENSION_ITEMS.items()):
        for item in items:
            score = _score(law, patient, dimensions[..., number], own[..., item - 1])
            level = law[f"{dimension}_mean"] + law[f"{dimension}_sd"] * score
            noise = law["npsi_visit_sd"][..., None] * visits[..., item - 1]
            noise[..., 0] = 0.0
            value = level[..., None] + drift + noise
            answers[..., item - 1] = np.clip(np.round(value), 0, 10) + 0.0  # no negative zero
    for number, item in enumerate(TEMPORAL_ITEMS):
        answers[..., item - 1] = 1 + np.floor(5 * u[..., 6 + number])[..., None]
    answered = u[..., 1:6] < law["npsi_answered"][..., None]
    answered[..., 0] = True
    available = u[..., 0] < law["npsi_available"]
    answers[~(available[..., None] & answered)] = np.nan
    return answers


def total(answers: NDArray[np.floating]) -> FloatArray:
    """Return the sum of the ten intensity items along the last axis, NaN unless all are known."""
    return np.asarray(answers[..., [item - 1 for item in INTENSITY_ITEMS]].sum(axis=-1))


def dimension_scores(answers: NDArray[np.floating]) -> FloatArray:
    """Return the five dimension scores, 0-10 each, along a new last axis."""
    scores = [
        answers[..., [item - 1 for item in items]].mean(axis=-1)
        for items in DIMENSION_ITEMS.values()
    ]
    return np.stack(scores, axis=-1)


def most_painful(answers: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the number of the highest baseline dimension, -1 without a baseline (rule R12).

    `answers` has shape (..., visits, items); ties go to the first dimension.
    """
    scores = dimension_scores(answers[..., 0, :])
    known = ~np.isnan(scores).any(axis=-1)
    return np.where(known, np.argmax(np.nan_to_num(scores), axis=-1), -1)


def _drift(law: dict[str, FloatArray], expected: FloatArray) -> FloatArray:
    """Change of every item since baseline, shape (R, N, visits): down with relief."""
    mean = expected[..., : N_VISITS - 1].mean(axis=-1)
    slope = law["npsi_drift"] + law["npsi_drift_per_point"] * mean
    return np.asarray(slope[..., None] * np.arange(N_VISITS))


def _score(
    law: dict[str, FloatArray], patient: FloatArray, dimension: FloatArray, own: FloatArray
) -> FloatArray:
    """Return the standard normal score of an item, shared in part within patient and dimension."""
    of_patient, of_dimension = law["npsi_patient_share"], law["npsi_dimension_share"]
    shared = np.sqrt(of_patient) * patient + np.sqrt(of_dimension) * dimension
    return np.asarray(shared + np.sqrt(np.maximum(1 - of_patient - of_dimension, 0)) * own)
