"""What may stand for the session number of a curve: time, or a number that begins anew.

The model's clock is the session number: a gap of months moves a curve no further than one of two
weeks, and what was gained before it is taken to be kept. Here: other clocks, days between sessions.
Not here: the analyses that ask whether it matters (`sensitivity.py`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.cohort import LAST_SESSION, TEST_SESSIONS, Cohort
from bayes.quantities import SESSIONS

FloatArray = NDArray[np.float64]

LONG_GAP_DAYS = 180
"""Days without a session from which an interval is a long one (rule R10, `long_gap_days`)."""


def days_before(sessions: pd.DataFrame) -> pd.Series:
    """Return the days since the patient's session before, NaN where a date is missing."""
    ordered = sessions.sort_values(["patient_id", "session_no"])
    date = pd.to_datetime(ordered["session_date"]).to_numpy().astype("datetime64[D]")
    day = pd.Series(np.where(np.isnat(date), np.nan, date.astype(float)), index=ordered.index)
    return day.groupby(ordered["patient_id"]).diff().reindex(sessions.index)


def restarted(cohort: Cohort, sessions: pd.DataFrame) -> FloatArray:
    """Return a session number that begins again at 1 after a long gap, shape (patients, 30)."""
    row = pd.Index(cohort.patients).get_indexer(pd.Index(sessions["patient_id"]))
    number = sessions["session_no"].to_numpy(dtype=int)
    is_long = (days_before(sessions) > LONG_GAP_DAYS).to_numpy()
    kept = is_long & (row >= 0) & (number <= LAST_SESSION)
    first = np.zeros((len(cohort.patients), LAST_SESSION))
    first[row[kept], number[kept] - 1] = number[kept] - 1
    return SESSIONS - np.maximum.accumulate(first, axis=1)


def clock_of(cohort: Cohort, sessions: pd.DataFrame) -> FloatArray:
    """Return the time of each patient's sessions 1-30, in typical intervals, 1 at the first.

    A typical interval is the median one of the test period. Times are rounded to whole intervals,
    never to less than one; sessions that were not delivered go on from the last one by the
    patient's own median interval. Shape (patients, 30).
    """
    day = pd.to_datetime(sessions["session_date"]).to_numpy().astype("datetime64[D]")
    wide = np.full((len(cohort.patients), LAST_SESSION), np.nan)
    row = pd.Index(cohort.patients).get_indexer(pd.Index(sessions["patient_id"]))
    number = sessions["session_no"].to_numpy(dtype=int)
    kept = (row >= 0) & (number <= LAST_SESSION) & ~np.isnat(day)
    wide[row[kept], number[kept] - 1] = day[kept].astype(float)
    since = wide - wide[:, [0]]
    gaps = np.diff(since, axis=1)
    typical = float(np.nanmedian(gaps[:, : TEST_SESSIONS - 1]))
    clock = np.maximum(1 + np.round(since / typical), 1.0)
    for i, own in enumerate(clock):
        known = gaps[i][np.isfinite(gaps[i])]
        step = np.median(known) / typical if known.size else 1.0
        for k in np.flatnonzero(~np.isfinite(own)):
            own[k] = own[k - 1] + step if k else 1.0
    return clock
