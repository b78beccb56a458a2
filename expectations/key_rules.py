"""Rows of one file that share a natural key: repeats, contradictions, numbers that start again.

Belongs here: what decides between rows of one key. Does not: rows of several files, which are set
rules over all deliveries, or rows without a readable key (`row_rules`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.columns import Column
from expectations.dictionary import Table
from expectations.fates import Fates, mask_of
from expectations.reading import Readings, Rows

type Numbers = NDArray[np.int64]


def settle_shared_keys(table: Table, readings: Readings, fates: Fates) -> None:
    """Keep the first of equal rows; quarantine all rows of a record that say different things.

    A session number that comes back more than `restarts_after_days` later is another record: both
    are kept and the later one is flagged.
    """
    kept = np.flatnonzero(fates.kept)
    key = _key(table, readings, kept)
    shared = pd.Series(key).duplicated(keep=False).to_numpy()
    rows, key = kept[shared], key[shared]
    if not len(rows):
        return
    said = pd.DataFrame({name: reading.same(rows) for name, reading in readings.items()})
    again = said.duplicated().to_numpy()
    fates.drop(mask_of(fates.n_rows, rows[again]), "row_duplicate")
    rows, key = rows[~again], key[~again]
    course = _courses(table, readings, rows, key)
    record = pd.DataFrame({"key": key, "course": course})
    against = record.duplicated(keep=False).to_numpy()
    _quarantine_contradictions(readings, fates, rows[against], key[against])
    for column in _numbered(table):
        later = mask_of(fates.n_rows, rows[course > 0])
        fates.warn(later, column.name, "session_number_restart")


def _key(table: Table, readings: Readings, rows: Rows) -> Numbers:
    """Number the natural keys of rows; equal typed values make an equal key."""
    number = np.zeros(len(rows), dtype=np.int64)
    for name in table.key:
        reading = readings[name]
        value = pd.factorize(reading.parsed)[0].astype(np.int64)
        number = number * (value.max(initial=0) + 2) + value[reading.codes[rows]] + 1
    return number


def _numbered(table: Table) -> list[Column]:
    return [column for column in table.file_columns if column.restarts_after_days is not None]


def _courses(table: Table, readings: Readings, rows: Rows, key: Numbers) -> Numbers:
    """Number, within each key, the runs of days without a gap beyond `restarts_after_days`."""
    dated = [reading for reading in readings.values() if reading.column.dates_record]
    days = [column.restarts_after_days or 0 for column in _numbered(table)]
    if not dated or not days:
        return np.zeros(len(rows), dtype=np.int64)
    day = dated[0].take(rows)
    by_key = pd.DataFrame({"key": key, "day": day}).sort_values(["key", "day"])
    restarts = by_key.groupby("key")["day"].diff() > pd.Timedelta(days=days[0])
    course = restarts.astype("int64").groupby(by_key["key"]).cumsum()
    return np.asarray(course.sort_index(), dtype=np.int64)


def _quarantine_contradictions(readings: Readings, fates: Fates, rows: Rows, key: Numbers) -> None:
    for rule_id, columns in _conflict_rules(readings).items():
        differs = np.zeros(len(rows), dtype=bool)
        for name in columns:
            value = pd.Series(pd.factorize(readings[name].take(rows))[0])
            differs |= (value.where(value >= 0).groupby(key).transform("nunique") > 1).to_numpy()
        reason = f"same key, different {' or '.join(columns)} in one file"
        fates.quarantine(mask_of(fates.n_rows, rows[differs]), rule_id, reason)
    reason = "same key, different values in one file"
    fates.quarantine(mask_of(fates.n_rows, rows), "key_conflict", reason)


def _conflict_rules(readings: Readings) -> dict[str, Sequence[str]]:
    rules: dict[str, list[str]] = {}
    for name, reading in readings.items():
        if reading.column.conflict_rule:
            rules.setdefault(reading.column.conflict_rule, []).append(name)
    return dict(rules)
