"""What typing adds to a simulated clinic: hospital numbers, times, initials, words for missing.

Here: draws that belong to the files and not to the patients. Not here: the rows (`rows.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.cohort import Cohort
from simulate.streams import Stream, generator

TextArray = NDArray[np.object_]
WordIndex = NDArray[np.int8]
MISSING_TOKENS = {"": 0.7, "NR": 0.2, "ND": 0.1}
NURSES = {"CL": 4.0, "MB": 3.0, "SP": 2.0, "JD": 1.0}
COMMENTS = {
    "": 0.95,
    "séance bien tolérée": 0.02,
    "fatigue le jour même ; repos conseillé": 0.01,
    "douleur au cœur de la nuit": 0.01,
    "patient vu avec l’infirmière": 0.01,
}
PROTOCOLS = {"m1_20hz": 0.9, "": 0.1}


@dataclass(frozen=True)
class Writing:
    """What typing adds: hospital numbers, times, names, words for missing; drawn once.

    Attributes
    ----------
    ipp
        Eight digits with leading zeros, shape (patients,).
    status_token
        Word for a missing assessment, its place in `MISSING_TOKENS`, shape (patients,).
    relief_token, duration_token, nurse, comment, protocol
        Place of the word in `MISSING_TOKENS`, `NURSES`, `COMMENTS`, `PROTOCOLS`, shape (patients,
        sessions).
    minute
        Minute of the day of the session, shape (patients, sessions).
    """

    ipp: TextArray
    status_token: WordIndex
    relief_token: WordIndex
    duration_token: WordIndex
    nurse: WordIndex
    comment: WordIndex
    protocol: WordIndex
    minute: NDArray[np.int64]


def draw_writing(cohort: Cohort, seed: int) -> Writing:
    """Draw what typing adds; the same seed types the same files."""
    rng = generator(cohort.scenario, seed, Stream.WRITING, cohort.replicate)
    n, horizon = cohort.session_day.shape
    numbers: NDArray[np.int64] = 100_000 + rng.choice(9_000_000, size=(n,), replace=False)
    u = rng.random((6, n, horizon))
    return Writing(
        ipp=np.array([f"{number:08d}" for number in numbers.tolist()], dtype=object),
        status_token=_place(MISSING_TOKENS, rng.random(size=(n,))),
        relief_token=_place(MISSING_TOKENS, u[0]),
        duration_token=_place(MISSING_TOKENS, u[1]),
        nurse=_place(NURSES, u[2]),
        comment=_place(COMMENTS, u[3]),
        protocol=_place(PROTOCOLS, u[4]),
        minute=30 * (17 + np.floor(16 * u[5]).astype(np.int64)),
    )


def _place(weights: dict[str, float], u: NDArray[np.float64]) -> WordIndex:
    """Return the place of a word for every uniform number, in proportion to the weights."""
    edges = np.cumsum(list(weights.values())) / sum(weights.values())
    place = np.zeros(u.shape, dtype=np.int8)
    for edge in edges[:-1]:
        place += u >= edge
    return place
