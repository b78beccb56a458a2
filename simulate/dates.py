"""Arithmetic of whole days on NumPy dates.

Here: conversions that NumPy wants spelled out. Not here: any decision about when things happen.
"""

from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

DayArray = NDArray[np.datetime64]
NO_DAY = np.datetime64("NaT", "D")
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.2425


def day(value: date) -> np.datetime64:
    """Return a date as a NumPy day."""
    return np.datetime64(value, "D")


def in_days(count: ArrayLike) -> NDArray[np.timedelta64]:
    """Return whole days, rounding fractions down."""
    return np.floor(np.asarray(count, dtype=float)).astype(np.int64).astype("timedelta64[D]")


def days_between(start: DayArray, end: DayArray) -> NDArray[np.float64]:
    """Return days from start to end, NaN where either is unknown."""
    span = (end - start).astype("timedelta64[D]")
    return np.where(np.isnat(span), np.nan, span.astype(np.int64).astype(float))


def weekday(days: DayArray, roll: Literal["forward", "backward"] = "forward") -> DayArray:
    """Return the days, those on a weekend moved to Monday or to Friday; unknown ones stay."""
    known = np.where(np.isnat(days), np.datetime64("2000-01-03", "D"), days)
    return np.where(np.isnat(days), NO_DAY, np.busday_offset(known, 0, roll=roll))
