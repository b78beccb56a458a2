"""What the kernels read and fill: codes, records of arrays, places in the working space.

Here: the names. Answers are worked out for a lane of patients in `Space` and copied to where they
were asked for, so that the laws know nothing of batches.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LANE = 200  # patients who take each step together; what they need stays in the nearest cache
ROUND = 8  # sessions that are drawn at once: as many as a block of drop-out numbers serves


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
    """Answers by session, the name in lower case is the batch's; then what kernels keep."""

    LATENT = 0
    EXPECTED = 1
    REPORTED = 2
    UNINTERRUPTED = 3
    RECORDED = 4
    DURATION_DAYS = 5
    SESSION_DAY = 6
    EVALUATION_DAY = 7
    FELT = 8  # latent relief after pauses, within 0 to 100
    IS_LATE = 9  # the report is told at the next visit, if there is one
    HEARD = 10  # the latest report on record
    RECENT = 11  # the mean of the last three that a hazard reads
    GOES_WELL = 12  # a responder, or a late one by now


class Fact(IntEnum):
    """Answers by patient, the name in lower case is the batch's; then what kernels keep."""

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
    LAST_RELIEF = 14
    EMCS_FIRST = 15
    EMCS_LAST = 16
    IS_THETA_BURST = 17
    LAST_DAY = 18
    INTERVAL_14_15_DAYS = 19
    IS_DOING_WELL = 20  # a responder, or a late one by now
    START = 21
    NOISE_FACTOR = 22
    PLANNED_SESSIONS = 23  # of those who are not analysed
    STATUS_RELIEF = 24  # the relief that decides status
    IS_OFFERED_MORE = 25  # sessions beyond the test period, without a response
    OTHER_HAZARD = 26
    LAST_BUT_ONE = 27  # report on record
    LAST_BUT_TWO = 28
    TOLD_LATE = 29
    NEXT_DAY = 30
    PAUSE = 31  # points of relief lost in pauses
    KEPT_SESSIONS = 32  # on record: none of those who are excluded


class Word(IntEnum):
    """First row of random words of each purpose."""

    NOISE = 0
    REPORTING = 8
    DROPOUT = 12
    DURATION = 16
    CALENDAR = 24
    OWN = 32  # once a patient: who it is, then the assessment
    COURSE = 36  # once a patient: what decides the course
    END = 40


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
    """Working space of one thread: a lane of patients.

    `lines` has shape (a `Line`, sessions followed, patients), `facts` (a `Fact`, patients), `words`
    (random words, patients), `who` the patients of a step; of the cohort are `sd` and `powers` by
    session, `missing` the chance that a report is not written down, by status and session, and
    `chances` of rising relief by lesion.
    """

    lines: NDArray[np.float64]
    facts: NDArray[np.float64]
    words: NDArray[np.uint64]
    who: NDArray[np.int64]
    sd: NDArray[np.float64]
    powers: NDArray[np.float64]
    missing: NDArray[np.float64]
    chances: NDArray[np.float64]


def space(followed: int, n_lesions: int) -> Space:
    """Return working space for courses of so many sessions."""
    return Space(
        lines=np.full((len(Line), followed, LANE), np.nan),
        facts=np.zeros((len(Fact), LANE)),
        words=np.zeros((Word.END, LANE), dtype=np.uint64),
        who=np.zeros(LANE, dtype=np.int64),
        sd=np.empty(followed),
        powers=np.empty(followed),
        missing=np.empty((2, followed)),
        chances=np.empty(n_lesions),
    )
