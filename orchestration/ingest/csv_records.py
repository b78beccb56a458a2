"""Physical lines to records: the strict CSV of `csv.reader`, a column at a time.

Belongs here: which lines make a record, its cells and its text as written. A line without a
quotation mark is split in Arrow, which is what `csv.reader` would do (a property test holds the two
together); every other goes through `csv.reader` itself. Does not: what the cells mean.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.ingest.physical_lines import Lines
from orchestration.ingest.quoted_records import Record, RecordReader, refuse_swallowed_rows

CHUNK_LINES = 100_000
CHUNK_BYTES = 32_000_000
WHITE = string.whitespace + "\u00a0\u202f"
"""What a cell may hold and still be empty: white space, and the fixed spaces of French files."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a file below its header, in order; all arrays of shape (records,).

    Attributes
    ----------
    line, line_end
        First and last physical line, from 1.
    text
        As written, without the last line end.
    columns
        Cells of each column, '' where a record is too short.
    n_cells
        Fields of each record.
    is_empty
        No field holds a character other than white space.
    """

    line: NDArray[np.int64]
    line_end: NDArray[np.int64]
    text: pa.ChunkedArray
    columns: tuple[pa.ChunkedArray, ...]
    n_cells: NDArray[np.int64]
    is_empty: NDArray[np.bool_]


def _read_quoted(
    lines: Lines, reader: RecordReader, start: int, stop: int, delimiter: str, width: int
) -> list[Record]:
    """Records that begin on a line with a quotation mark, start <= line < stop."""
    first, last = np.searchsorted(lines.quoted, [start, stop])
    records: list[Record] = []
    place = start
    for index in lines.quoted[first:last].tolist():
        if index < place:  # within the record before
            continue
        record = reader.at(index)
        refuse_swallowed_rows(record, delimiter, width)
        records.append(record)
        place = record.last + 1
    return records


def read_records(lines: Lines, start: int, delimiter: str, width: int) -> Records:
    """Read every record from line index `start` to the end of the file.

    Parameters
    ----------
    width
        Columns of the header; cells beyond it are counted, not kept (the text keeps them).

    Raises
    ------
    Refused
        The quotes of a record do not hold together, or have swallowed lines.
    """
    parts = []
    reader = RecordReader(lines, delimiter)
    while start < lines.n:
        stop = _chunk_end(lines, start)
        quoted = _read_quoted(lines, reader, start, stop, delimiter, width)
        parts.append(_chunk(lines, start, stop, quoted, delimiter, width))
        start = max(stop, quoted[-1].last + 1) if quoted else stop
    return _concatenated(parts, width)


def _chunk_end(lines: Lines, start: int) -> int:
    limit = lines.bounds[start] + CHUNK_BYTES
    by_bytes = int(np.searchsorted(lines.bounds, limit, side="right")) - 1
    return min(start + CHUNK_LINES, max(by_bytes, start + 1), lines.n)


def _chunk(
    lines: Lines, start: int, stop: int, quoted: list[Record], delimiter: str, width: int
) -> Records:
    """Records that begin on lines start..stop-1."""
    is_plain = np.ones(stop - start, dtype=bool)
    for record in quoted:
        is_plain[record.first - start : record.last + 1 - start] = False
    plain = np.flatnonzero(is_plain)
    text = lines.without_ends(start, stop)
    if quoted:
        text = text.take(pa.array(plain))
    records = _plain_records(start + plain, text, delimiter, width)
    if not quoted:
        return records
    return _in_order(_concatenated([records, _quoted_records(lines, quoted, width)], width))


def _plain_records(index: NDArray[np.int64], text: pa.Array, delimiter: str, width: int) -> Records:
    """Lines without a quotation mark, all of them split by Arrow."""
    cells = pc.split_pattern(text, pattern=delimiter)
    flat = cells.flatten()
    bounds = cells.offsets.to_numpy().astype(np.int64)
    first, n_cells = bounds[:-1], np.diff(bounds)
    fewest = n_cells.min(initial=width)
    columns = []
    for column in range(width):
        if column < fewest:
            columns.append(flat.take(pa.array(first + column)))
        else:
            place = pa.array(first + column, mask=n_cells <= column)
            columns.append(flat.take(place).fill_null(""))
    only_delimiters = pc.equal(pc.utf8_ltrim(text, characters=delimiter + WHITE), "")
    return Records(
        line=index + 1,
        line_end=index + 1,
        text=pa.chunked_array([text], pa.large_string()),
        columns=tuple(pa.chunked_array([c], pa.large_string()) for c in columns),
        n_cells=n_cells,
        is_empty=only_delimiters.to_numpy(zero_copy_only=False),
    )


def _quoted_records(lines: Lines, records: list[Record], width: int) -> Records:
    """Records that `csv.reader` read, a cell at a time."""
    rows = [
        r.cells if len(r.cells) == width else [*r.cells[:width], *[""] * (width - len(r.cells))]
        for r in records
    ]
    columns = zip(*rows, strict=True)
    texts = [lines.joined(r.first, r.last) for r in records]
    return Records(
        line=np.array([r.first + 1 for r in records], dtype=np.int64),
        line_end=np.array([r.last + 1 for r in records], dtype=np.int64),
        text=pa.chunked_array([pa.array(texts, pa.large_string())]),
        columns=tuple(pa.chunked_array([pa.array(c, pa.large_string())]) for c in columns),
        n_cells=np.array([len(r.cells) for r in records], dtype=np.int64),
        is_empty=np.array([not "".join(r.cells).strip(WHITE) for r in records], dtype=bool),
    )


def _concatenated(parts: list[Records], width: int) -> Records:
    if len(parts) == 1:
        return parts[0]
    none = pa.chunked_array([], pa.large_string())
    chunks = [part.text.chunks for part in parts]
    return Records(
        line=np.concatenate([np.zeros(0, np.int64), *(p.line for p in parts)]),
        line_end=np.concatenate([np.zeros(0, np.int64), *(p.line_end for p in parts)]),
        text=pa.chunked_array(sum(chunks, []), pa.large_string()) if parts else none,
        columns=tuple(
            pa.chunked_array([c for p in parts for c in p.columns[k].chunks], pa.large_string())
            for k in range(width)
        ),
        n_cells=np.concatenate([np.zeros(0, np.int64), *(p.n_cells for p in parts)]),
        is_empty=np.concatenate([np.zeros(0, bool), *(p.is_empty for p in parts)]),
    )


def _in_order(records: Records) -> Records:
    order = np.argsort(records.line, kind="stable")
    taken = pa.array(order)
    return Records(
        line=records.line[order],
        line_end=records.line_end[order],
        text=pa.chunked_array([records.text.combine_chunks().take(taken)]),
        columns=tuple(pa.chunked_array([c.combine_chunks().take(taken)]) for c in records.columns),
        n_cells=records.n_cells[order],
        is_empty=records.is_empty[order],
    )
