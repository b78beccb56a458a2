"""Neuropathic Pain Symptom Inventory (NPSI): item answers at baseline and sessions 1-4.

Here: codes of answers, no wording of items. Not here: scoring rules of the warehouse; the totals
written by a clinic follow from the items (rule R12).
"""

import numpy as np
from numpy.typing import NDArray

from simulate.population import FloatArray
from simulate.relief import TEST_SESSIONS, Reports
from simulate.scenario import Scenario
from simulate.streams import Stream, generator

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


def draw_answers(scenario: Scenario, reports: Reports, seed: int, replicate: int = 0) -> FloatArray:
    """Draw item answers, shape (patients, 5 visits, 12 items); NaN where not answered.

    Visit 0 is the baseline. Items 4 and 7 are temporal codes 1-5, the others 0-10.
    """
    law = scenario.questionnaire
    n, visits = len(reports.patients), TEST_SESSIONS + 1
    rng = generator(scenario, seed, Stream.QUESTIONNAIRE, replicate)
    u = rng.random((n, 1 + visits + N_ITEMS))
    z = rng.standard_normal((n, 1 + len(DIMENSION_ITEMS) + N_ITEMS, 1))
    visit_noise = law.visit_sd * rng.standard_normal((n, visits, N_ITEMS))
    visit_noise[:, 0] = 0.0
    drift = _drift(scenario, reports)
    answers = np.empty((n, visits, N_ITEMS))
    for number, (dimension, items) in enumerate(DIMENSION_ITEMS.items(), start=1):
        level = law.dimensions[dimension]
        for item in items:
            parts = _shared_score(scenario, z[:, 0], z[:, number], z[:, 5 + item])
            value = level.mean + level.sd * parts + drift + visit_noise[:, :, item - 1]
            answers[:, :, item - 1] = np.clip(np.round(value), 0, 10) + 0.0  # no negative zero
    for item in TEMPORAL_ITEMS:
        answers[:, :, item - 1] = 1 + np.floor(5 * u[:, visits + item])[:, None]
    answered = u[:, 1 : 1 + visits] < law.visit_answered
    answered[:, 0] = True
    available = u[:, 0] < law.available_share
    answers[~(available[:, None] & answered)] = np.nan
    return answers


def total(answers: FloatArray) -> FloatArray:
    """Return the sum of the ten intensity items along the last axis, NaN unless all are known."""
    return np.asarray(answers[..., [item - 1 for item in INTENSITY_ITEMS]].sum(axis=-1))


def dimension_scores(answers: FloatArray) -> FloatArray:
    """Return the five dimension scores, 0-10 each, along a new last axis."""
    scores = [
        answers[..., [item - 1 for item in items]].mean(axis=-1)
        for items in DIMENSION_ITEMS.values()
    ]
    return np.stack(scores, axis=-1)


def most_painful(answers: FloatArray) -> NDArray[np.int64]:
    """Return the number of the highest baseline dimension, -1 without a baseline (rule R12)."""
    scores = dimension_scores(answers[:, 0])
    known = ~np.isnan(scores).any(axis=1)
    return np.where(known, np.argmax(np.nan_to_num(scores), axis=1), -1)


def _drift(scenario: Scenario, reports: Reports) -> FloatArray:
    """Change of every item since baseline, shape (patients, visits): down with relief."""
    law = scenario.questionnaire.drift_per_session
    expected = reports.expected[:, :TEST_SESSIONS].mean(axis=1)
    slope = law.at_zero + law.per_relief_point * expected
    return slope[:, None] * np.arange(TEST_SESSIONS + 1)


def _shared_score(
    scenario: Scenario, patient: FloatArray, dimension: FloatArray, item: FloatArray
) -> FloatArray:
    """Return the standard normal score of an item, shared in part within patient and dimension."""
    law = scenario.questionnaire
    own = 1 - law.patient_share - law.dimension_share
    shared = np.sqrt(law.patient_share) * patient + np.sqrt(law.dimension_share) * dimension
    return np.asarray(shared + np.sqrt(own) * item)
