"""Fingerprints of row keys: one number a row, equal where the key is equal.

Belongs here: what makes two rows the same record. Does not: saying so of a table (`suites`), or
settling it (`row_rules` in one file, `history` over deliveries).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

STANDING = ("known_to", "set_aside_rule")
"""Columns of a `raw_*` table that are both NULL in a row that holds today."""


def fingerprint(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return 64-bit fingerprints of some columns together.

    Two different keys among a million share one with a probability of 3 in 100 million.

    Parameters
    ----------
    frame
        The rows; strings may be NULL.
    columns
        The key.

    Returns
    -------
    Series of UInt64
        In the order and with the index of `frame`; NULL where any part of the key is NULL.
    """
    part = frame[list(columns)]
    hashed = pd.util.hash_pandas_object(part, index=False).to_numpy()
    absent = part.isna().to_numpy().any(axis=1)
    return pd.Series(pd.arrays.IntegerArray(hashed, absent), index=frame.index)


def current_key(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    date: str | None = None,
    restarts_after_days: int | None = None,
) -> pd.Series:
    """Return fingerprints of the rows that hold today; NULL for closed or set-aside versions.

    Parameters
    ----------
    frame
        Rows of a `raw_*` table.
    columns
        The natural key.
    date, restarts_after_days
        Column of the record's day, and the gap in days after which the same key is another record.
    """
    stands = frame[list(STANDING)].isna().to_numpy().all(axis=1)
    prints = fingerprint(frame, columns).mask(~stands)
    if date is not None and restarts_after_days is not None:
        shared = prints.duplicated(keep=False) & prints.notna()
        restarts = _restarts(prints[shared], frame.loc[shared, date], restarts_after_days)
        prints[shared] += restarts
    return prints


def _restarts(prints: pd.Series, dates: pd.Series, after_days: int) -> pd.Series:
    """Count, within each fingerprint, the long gaps before each date."""
    days = pd.DataFrame({"key": prints, "date": dates}).sort_values(["key", "date"])
    gap = days.groupby("key")["date"].diff().dt.days.to_numpy()
    days["restart"] = np.nan_to_num(gap) > after_days
    return days.groupby("key")["restart"].cumsum().astype("UInt64").reindex(prints.index)
