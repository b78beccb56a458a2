"""The rules that decide where a row of one file goes.

Belongs here: lines that are no data, rows without a readable key, and warnings that need two cells
of a row. Does not: single cells (`cells`), rows that share a key (`key_rules`), a file as a whole
(`file_rules`), or anything over several files.
"""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from expectations.columns import Column, fold_accents, fold_header
from expectations.dates import skips_two_to_three
from expectations.dictionary import Table
from expectations.fates import Fates, mask_of
from expectations.reading import ColumnReading, Mask, Readings, Rows

# At the start of a line's first cell, as whole words: a patient may be called Totalier.
FOOTER = re.compile(
    r"\s*(?:(?:sous[- ])?total|totaux|(?:exporte|extrait|edite|imprime) le|nombre de lignes"
    r"|fin (?:du fichier|de l'export))\b"
)
MOST_CELLS_OF_A_NOTE = 2  # a line with more, and a date or a code among them, is a row


def drop_lines_without_data(
    table: Table, readings: Readings, fates: Fates, first_column: str, misfits: Mask
) -> None:
    """Drop blank lines, repeated headers and footers; only lines without identifier can be one.

    Parameters
    ----------
    first_column
        Leftmost known column of the file: what a total or a note of the export stands in.
    misfits
        Rows with more or fewer fields than the header. One without a known cell is not blank: its
        text stands beyond the header.
    """
    identifier = readings[table.key[0]]
    rows = np.flatnonzero(identifier.parsed.isna().to_numpy()[identifier.codes])
    if not len(rows):
        return
    n_filled = np.zeros(len(rows), dtype=np.int32)
    is_header = np.ones(len(rows), dtype=bool)
    for reading in readings.values():
        filled = reading.where(rows, _is_filled)
        is_header &= ~filled | reading.where(rows, _is_header_of(reading.column))
        n_filled += filled
    note = _starts_as_note(identifier, rows) | _starts_as_note(readings[first_column], rows)
    is_note = note & ((n_filled <= MOST_CELLS_OF_A_NOTE) | ~_holds_data(readings, rows))
    fates.drop(mask_of(fates.n_rows, rows[(n_filled == 0) & ~misfits[rows]]), "row_blank")
    fates.drop(mask_of(fates.n_rows, rows[(n_filled > 1) & is_header]), "row_repeated_header")
    fates.drop(mask_of(fates.n_rows, rows[is_note]), "row_footer")


def _is_header_of(column: Column) -> Callable[[str], bool]:
    names = {fold_header(header) for header in column.headers}
    return lambda text: fold_header(text) in names


def _is_filled(text: str) -> bool:
    return bool(text.strip())


def _starts_as_note(reading: ColumnReading, rows: Rows) -> Mask:
    return reading.where(rows, lambda text: FOOTER.match(fold_accents(text[:40])) is not None)


def _holds_data(readings: Readings, rows: Rows) -> Mask:
    """Whether a line has a readable date or code, which totals and notes never have."""
    holds = np.zeros(len(rows), dtype=bool)
    for reading in readings.values():
        if reading.column.type in ("date", "datetime", "code"):
            readable = (reading.parsed.notna().to_numpy())[reading.codes[rows]]
            holds |= readable & reading.where(rows, _is_filled)
    return holds


def quarantine_unreadable_rows(table: Table, readings: Readings, fates: Fates) -> None:
    """Quarantine rows with a required cell that is missing or bad, under the cell's own rule."""
    for column in table.columns:
        if not column.required:
            continue
        reading = readings[column.name]
        for rule_id, reason, rows in reading.causes():
            fates.quarantine(rows, rule_id, f"{column.name}: {reason}")
        fates.quarantine(reading.is_missing, "required_missing", f"{column.name}: no value")


def warn_of_cells(readings: Readings, fates: Fates) -> None:
    """Flag every cell that is kept as it is though something is odd about it."""
    for name, reading in readings.items():
        for rule_id, texts in reading.warned.items():
            fates.warn(texts[reading.codes], name, rule_id)


def warn_of_skipped_hour(readings: Readings, fates: Fates) -> None:
    """Flag times from 02:00 to 02:59 of the day on which clocks skip that hour.

    Times are local and stay so: which side of the hour was meant nobody can say.
    """
    days = [reading for reading in readings.values() if reading.column.dates_record]
    for name, reading in readings.items():
        if reading.column.type != "time" or not days:
            continue
        skips = np.array([_skips(day) for day in days[0].parsed], dtype=bool)
        at_two = reading.parsed.str.startswith("02:", na=False).to_numpy(dtype=bool)
        rows = at_two[reading.codes] & skips[days[0].codes]
        fates.warn(rows, name, "time_does_not_exist")


def _skips(day: pd.Timestamp) -> bool:
    return not pd.isna(day) and skips_two_to_three(day.date())
