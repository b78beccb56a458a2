"""One delimited text file: decoded once, split once, read as one table or as several.

Belongs here: the dialect (`;`, declared alternatives), what stands above the header, whether the
file is whole. Does not: bytes (`decoding`), records (`csv_records`), REDCap's rows (`redcap`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.compute as pc

from expectations.columns import fold_accents
from expectations.row_rules import FOOTER
from orchestration.ingest import decoding
from orchestration.ingest.assembly import rows_frame, unknown_cells, verbatim_frame
from orchestration.ingest.csv_records import Records, read_records
from orchestration.ingest.headers import Header, NoHeader, find_header
from orchestration.ingest.physical_lines import Lines
from orchestration.ingest.quoted_records import Record, RecordReader
from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import (
    HEADER_SEARCH_ROWS,
    Remark,
    TextTable,
    no_dropped,
)

if TYPE_CHECKING:
    from expectations.dictionary import Table

DELIMITER = ";"
ALTERNATIVES = {"\t": "tab", ",": "comma"}
LONGEST_FOOTER = 40  # characters in which a footer says what it is


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the header of a file is and how it is delimited; `above` ends with the header."""

    delimiter: str
    above: tuple[Record, ...]

    @property
    def first_row(self) -> int:
        """Index of the line below the header."""
        return self.above[-1].last + 1


@dataclass(frozen=True, slots=True)
class Body:
    """What stands under a header: its records, the file's verbatim text, and remarks."""

    records: Records
    verbatim: pd.DataFrame
    remarks: tuple[Remark, ...]


@dataclass(slots=True)
class CsvFile:
    """A decoded file; its records are split once for each layout that is asked for."""

    lines: Lines
    encoding: str
    remarks: tuple[Remark, ...]
    _bodies: dict[tuple[str, int, int], Body] = field(default_factory=dict)

    def body(self, layout: Layout, header: Header) -> Body:
        """Everything under the header.

        Raises
        ------
        Refused
            No row, a quote that does not hold, or a file that ends too soon.
        """
        key = (layout.delimiter, layout.first_row, header.width)
        if key not in self._bodies:
            self._bodies[key] = self._read_body(layout, header)
        return self._bodies[key]

    def _read_body(self, layout: Layout, header: Header) -> Body:
        records = read_records(self.lines, layout.first_row, layout.delimiter, header.width)
        if not _holds_data(records):
            raise Refused("gate_empty_file", "there is a header but no row")
        remarks = [*self.remarks, *_about_layout(layout), *_about_end(self.lines, records, header)]
        joined = self.lines.joined
        above = [(r.first + 1, r.last + 1, joined(r.first, r.last)) for r in layout.above]
        return Body(records, verbatim_frame(above, records), tuple(remarks))


def open_csv(content: bytes) -> CsvFile:
    """Decode a file and find its lines.

    Raises
    ------
    Refused
        No text, no known encoding, or more of it than any clinic's file has.
    """
    data, encoding = decoding.as_utf8(content)
    if not data or data.isspace():
        raise Refused("gate_empty_file", "the file holds nothing but blank lines")
    lines = Lines(data)
    return CsvFile(lines, encoding, tuple(decoding.remarks(lines, encoding)))


def read_table(file: CsvFile, table: Table) -> TextTable:
    """Read a file of one dictionary table.

    Raises
    ------
    Refused
        No header of this table, or nothing whole under it.
    """
    layout, header = locate(file.lines, table)
    body = file.body(layout, header)
    return TextTable(
        rows=rows_frame(body.records, header),
        verbatim=body.verbatim,
        encoding=file.encoding,
        header_set=header.match.header_set,
        warnings=(*body.remarks, *header.remarks(layout.above[-1].first + 1)),
        unknown=unknown_cells(body.records, dict(header.unknown)),
        dropped=no_dropped(),
    )


def locate(lines: Lines, table: Table) -> tuple[Layout, Header]:
    """Find the header under the declared delimiter, else whole under an alternative one.

    Raises
    ------
    Refused
        No row names the required columns.
    """
    refusal: Refused | None = None
    for delimiter in (DELIMITER, *ALTERNATIVES):
        top: list[Record] = []
        try:
            position, header = find_header(table, cells_of_top(lines, delimiter, top))
        except NoHeader as missing:
            refusal = refusal or missing
        except Refused as fault:
            if fault.rule_id == "gate_duplicate_header":
                raise
            refusal = refusal or fault
        else:
            return Layout(delimiter, tuple(top[: position + 1])), header
    assert refusal
    raise refusal


def cells_of_top(lines: Lines, delimiter: str, top: list[Record]) -> Iterator[list[str]]:
    """Yield the cells of the first records, noting the records in `top`."""
    reader, index = RecordReader(lines, delimiter), 0
    while index < lines.n and len(top) < HEADER_SEARCH_ROWS:
        top.append(reader.at(index))
        index = top[-1].last + 1
        yield top[-1].cells


def _holds_data(records: Records) -> bool:
    return any(
        pc.any(pc.not_equal(pc.utf8_trim(chunk, ' ";,\t'), "")).as_py()
        for chunk in records.text.chunks
    )


def _about_layout(layout: Layout) -> Iterator[Remark]:
    if layout.delimiter != DELIMITER:
        name = ALTERNATIVES[layout.delimiter]
        yield "gate_alternative_delimiter", layout.above[-1].first + 1, f"delimited by {name}"
    if n := len(layout.above) - 1:
        yield "gate_rows_above_header", 1, f"{n} rows above the header skipped"


def _about_end(lines: Lines, records: Records, header: Header) -> Iterator[Remark]:
    """Refuse a file that was cut within its last row."""
    if lines.ends_with_newline:
        return
    last = int(records.line_end[-1])
    if records.n_cells[-1] < header.n_labels and not _is_blank_or_footer(records):
        raise Refused(
            "gate_truncated",
            f"line {last} is the last, lacks fields and has no line end: the file was cut",
        )
    yield "gate_no_final_newline", last, "the last line has no line end"


def _is_blank_or_footer(records: Records) -> bool:
    """Whether the last record is no data, which is proof that nothing is cut off."""
    first = next((cell for c in records.columns if (cell := c[-1].as_py().strip())), "")
    return not first or FOOTER.match(fold_accents(first[:LONGEST_FOOTER])) is not None
