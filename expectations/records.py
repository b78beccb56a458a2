"""Which record of the clinic a row is about: the rest of its natural key, and its day.

Belongs here: the natural key as text, from typed rows. Does not: the patient's number, which
becomes a pseudonym elsewhere, or the choice between two rows of one record.
"""

import pandas as pd

from expectations.dictionary import Table


def record_no(table: Table, frame: pd.DataFrame) -> pd.Series:
    """Return the natural key of each row without the patient, as text.

    Parameters
    ----------
    table
        Table of the dictionary.
    frame
        Typed rows with the columns of the table's key.

    Returns
    -------
    Series of str
        The session number, the ISO date of the visit, or '' for patients; NULL where a part of the
        key is NULL.
    """
    parts = [_as_text(frame[name]) for name in table.key[1:]]
    if not parts:
        return pd.Series("", index=frame.index, dtype="str")
    number = parts[0]
    for part in parts[1:]:
        number = number + " " + part
    return number


def record_date(table: Table, frame: pd.DataFrame) -> pd.Series:
    """Return the day of each row's session or visit; NULL throughout for a table without one."""
    for column in table.file_columns:
        if column.dates_record:
            return frame[column.name].astype("datetime64[us]")
    return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")


def _as_text(part: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(part):
        return part.dt.strftime("%Y-%m-%d").astype("str")
    return part.astype("string").astype("str")
