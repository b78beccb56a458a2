"""What the kernels read and fill: records of arrays, passed whole.

Here: the names. An array of size 0 in `Filled` was not asked for and is left alone.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]


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


class Lesions(NamedTuple):
    """The joint law of level, site and cause: cumulative weights and codes, one entry a row."""

    edges: NDArray[np.float64]
    level: Bytes
    site: Bytes
    aetiology: Bytes


class Dates(NamedTuple):
    """The calendar as days since 1970-01-01; a clinic never closed closes after it opens."""

    is_followed: int
    first_from: int
    first_to: int
    accrual_power: float
    rtms_end: int
    closed_from: int
    closed_to: int


class Scratch(NamedTuple):
    """Working space of one thread, as long as the longest course."""

    latent: NDArray[np.float64]
    sd: NDArray[np.float64]
    powers: NDArray[np.float64]
    noise: NDArray[np.uint64]
    heard: NDArray[np.float64]
    words: NDArray[np.uint64]


class Filled(NamedTuple):
    """Answers, (R, N, H) by session or (R, N) by patient; `simulate.batch.Batch` says which."""

    latent: Floats
    expected: Floats
    reported: Floats
    uninterrupted: Floats
    recorded: Floats
    duration_days: Floats
    session_day: NDArray[np.int32]
    evaluation_day: NDArray[np.int32]
    asymptote: Floats
    half_gain_sessions: Floats
    relapse_session: Floats
    rises: NDArray[np.bool_]
    is_sham: NDArray[np.bool_]
    grid: Bytes
    level: Bytes
    site: Bytes
    aetiology: Bytes
    flow: Bytes
    assessment: Floats
    is_responder: NDArray[np.bool_]
    n_sessions: NDArray[np.int16]
    stop_reason: Bytes
    conversion_session: NDArray[np.int16]
    last_relief: Floats
    emcs_first: Floats
    emcs_last: Floats
