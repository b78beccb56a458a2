"""What is said of a course, on the scale of reports: one definition for every family of curves.

Here: functions of m(s) = E[reported PR at session s | the patient, still treated] as an array over
sessions 1, 2, ... on the last axis, equations (9)-(11) of docs/models.md. The model's draws, a
comparator's curves and a simulator's truth all come here as such arrays. Not here: where m comes
from (`posterior.py`), tables (`tables.py`).

plateau   the largest m(s) over sessions 1-30
S90       the first session at which m reaches 0.9 plateau, between sessions by a straight line;
          1 where m(1) does; undefined (NaN) where the plateau is below 10 %
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

HORIZON = 30
MEANINGFUL_PCT = 10.0
SATURATED = 0.9
NEARLY_ALL = 0.95
SESSIONS = np.arange(1.0, HORIZON + 1)


def plateau_pct(course: FloatArray) -> FloatArray:
    """Return the plateau in percent, equation (9).

    Parameters
    ----------
    course
        m(s), s = 1.. on the last axis; sessions after 30 do not count.
    """
    return np.asarray(course[..., :HORIZON].max(axis=-1))


def saturation_session(course: FloatArray, share: float = SATURATED) -> FloatArray:
    """Return the continuous session of first reaching `share` of the plateau, equation (10).

    For display it is rounded up: the first whole session at which that much is reached.
    """
    seen = course[..., :HORIZON]
    top = seen.max(axis=-1)
    level = share * top[..., None]
    first = (seen >= level).argmax(axis=-1)
    before = np.maximum(first - 1, 0)
    low = np.take_along_axis(seen, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(seen, first[..., None], axis=-1)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (level[..., 0] - low) / (high - low)
    session = np.where(first == 0, 1.0, first + part)
    return np.where(top >= MEANINGFUL_PCT, session, np.nan)


def is_flat_from_first(course: FloatArray) -> NDArray[np.bool_]:
    """Return whether a meaningful course has saturated at session 1."""
    return saturation_session(course) <= 1


def is_rising_at(course: FloatArray, session: int = 15) -> NDArray[np.bool_]:
    """Return whether a meaningful course saturates after a session."""
    return saturation_session(course) > session


def probability_reported_at_least(
    latent: FloatArray, noise: FloatArray, tens_share: FloatArray, fives_share: FloatArray, cut: int
) -> FloatArray:
    """Return P(PR_s >= t) of one noisy report, equation (11).

    A report on the grid w reaches t where latent relief reaches (ceil(t / w) - 1/2) w.
    """
    fives = (1 - tens_share) * fives_share
    shares = ((10, tens_share), (5, fives), (1, 1 - tens_share - fives))
    total = 0.0
    for width, share in shares:
        edge = (np.ceil(cut / width) - 0.5) * width
        total = total + share / (1 + np.exp((edge - latent) / noise))
    return np.asarray(total)
