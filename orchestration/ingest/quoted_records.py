"""One record at a time through the strict `csv.reader`, for lines that hold quotation marks.

Belongs here: a record over several physical lines, and the signs that a quote was left open. Does
not: lines without quotes, which `csv_records` splits by the chunk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.ingest.physical_lines import Lines
from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import MAX_CELL_LENGTH

LONGEST_RECORD = 50
"""Physical lines of one record; a longer one is an open quote that another closes by chance."""
_FEW_DELIMITERS = 3
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: indices of its first and last physical line, and its cells."""

    first: int
    last: int
    cells: list[str]


class RecordReader:
    """Reads the record that begins on a given line; lines must be asked for in rising order."""

    def __init__(self, lines: Lines, delimiter: str) -> None:
        csv.field_size_limit(MAX_CELL_LENGTH)
        self._lines = lines
        self._first = self._next = 0
        self._reader = csv.reader(self._feed(), delimiter=delimiter, strict=True)

    def at(self, index: int) -> Record:
        """Read the record that begins on line `index`.

        Raises
        ------
        Refused
            Its quotes do not hold together, or a cell is longer than any clinic's.
        """
        self._first = self._next = index
        try:
            cells = next(self._reader)
        except csv.Error as error:
            if "field larger" in str(error):
                longest = f"a cell on line {index + 1} is longer than {MAX_CELL_LENGTH} characters"
                raise Refused("gate_too_large", longest) from None
            raise Refused(
                "gate_unclosed_quote",
                f"the record that begins on line {index + 1} is not CSV ({error})",
            ) from None
        return Record(index, self._next - 1, cells)

    def _feed(self) -> Iterator[str]:
        while self._next < self._lines.n:
            if self._next - self._first >= LONGEST_RECORD:
                raise Refused(
                    "gate_unclosed_quote",
                    f"a quote in the record that begins on line {self._first + 1} is still open "
                    f"{LONGEST_RECORD} lines later",
                )
            self._next += 1
            yield self._lines.raw(self._next - 1)


def refuse_swallowed_rows(record: Record, delimiter: str, width: int) -> None:
    """Refuse a record in whose quotes other rows have vanished, by an open quote closed later.

    Parameters
    ----------
    width
        Columns of the header.

    Raises
    ------
    Refused
        A line within a quoted field has the delimiters of a row.
    """
    if record.last == record.first or width < 2:
        return
    for position, cell in enumerate(record.cells):
        counts = [part.count(delimiter) for part in _LINE_END.split(cell)[1:]]
        if not counts:
            continue
        # The row that closes the quote does so in the column in which the first one opened it.
        closes = counts[-1] >= max(position, _FEW_DELIMITERS)
        if closes or max(counts) >= width - 1:
            raise Refused(
                "gate_unclosed_quote",
                f"a quote that opens on line {record.first + 1} swallowed rows up to line "
                f"{record.last + 1}",
            )
