"""What the kernels read and fill: codes, records of arrays, places in the working space.

Here: the names. Answers are worked out for one patient in `Space` and copied to where they were
asked for, so that the laws know nothing of batches.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Stop(IntEnum):
    """Why a course ended; the code of the warehouse is the name in lower case."""

    STILL_TREATED = 0  # at the last session followed
    LOSS_OF_EFFICACY = 1
    EMCS_SURGERY = 2
    INTERCURRENT_EVENT = 3
    PATIENT_CHOICE = 4
    TOLERANCE = 5
    LOST_TO_FOLLOW_UP = 6
    ONGOING = 7  # at the end of the study's window


class Flow(IntEnum):
    """Who reaches the analysis (rule R1)."""

    ANALYSED = 0
    EXCLUDED = 1
    EARLY_STOP = 2


class Line(IntEnum):
    """Answers by session; the name in lower case is the batch's."""

    LATENT = 0
    EXPECTED = 1
    REPORTED = 2
    UNINTERRUPTED = 3
    RECORDED = 4
    DURATION_DAYS = 5
    SESSION_DAY = 6
    EVALUATION_DAY = 7


class Fact(IntEnum):
    """Answers by patient; the name in lower case is the batch's."""

    LEVEL = 0
    SITE = 1
    AETIOLOGY = 2
    FLOW = 3
    IS_SHAM = 4
    RISES = 5
    ASYMPTOTE = 6
    HALF_GAIN_SESSIONS = 7
    RELAPSE_SESSION = 8
    GRID = 9
    ASSESSMENT = 10
    IS_RESPONDER = 11
    N_SESSIONS = 12
    STOP_REASON = 13
    CONVERSION_SESSION = 14
    LAST_RELIEF = 15
    EMCS_FIRST = 16
    EMCS_LAST = 17
    IS_THETA_BURST = 18
    LAST_DAY = 19
    INTERVAL_14_15_DAYS = 20


class Lesions(NamedTuple):
    """The joint law of level, site and cause: cumulative weights and codes, one entry a row.

    `guide[b]` is the first entry that a number from b / len(guide) on can have.
    """

    edges: NDArray[np.float64]
    guide: NDArray[np.int64]
    level: NDArray[np.int8]
    site: NDArray[np.int8]
    aetiology: NDArray[np.int8]


class Dates(NamedTuple):
    """The calendar as days since 1970-01-01; a clinic never closed closes after it opens."""

    is_followed: int
    first_from: int
    first_to: int
    accrual_power: float
    rtms_end: int
    closed_from: int
    closed_to: int


class Space(NamedTuple):
    """Working space of one thread.

    `lines` has one row a `Line` and the sessions followed as columns, `facts` one entry a `Fact`,
    `sd` and `powers` the sessions, `words` the random words of the next sessions, `chances` an
    entry a lesion.
    """

    lines: NDArray[np.float64]
    facts: NDArray[np.float64]
    sd: NDArray[np.float64]
    powers: NDArray[np.float64]
    words: NDArray[np.uint64]
    chances: NDArray[np.float64]


def space(followed: int, n_lesions: int) -> Space:
    """Return working space for courses of so many sessions."""
    return Space(
        lines=np.full((len(Line), followed), np.nan),
        facts=np.zeros(len(Fact)),
        sd=np.empty(followed),
        powers=np.empty(followed),
        words=np.zeros(12, dtype=np.uint64),
        chances=np.empty(n_lesions),
    )
