"""Which row is the header, and which column of the dictionary stands under each label.

Belongs here: the search for the header below titles and blank rows, the matching through the
dictionary's aliases, labels whose accents were encoded twice. Does not: rows of data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.columns import fold_header
from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import MAX_COLUMNS, Remark

if TYPE_CHECKING:
    from expectations.dictionary import HeaderMatch, Table


@dataclass(frozen=True, slots=True)
class Header:
    """A header row as the dictionary reads it.

    Attributes
    ----------
    columns
        Position of a cell -> column name.
    unknown
        Position -> label as written, of labels that the dictionary does not know, and of columns
        without a label.
    width, n_labels
        Cells of the row, and cells up to the last that has a label.
    n_repaired
        Labels whose accents were encoded twice.
    match
        What the dictionary says.
    """

    columns: Mapping[int, str]
    unknown: Mapping[int, str]
    width: int
    n_labels: int
    n_repaired: int
    match: HeaderMatch

    def has_field_count(self, n_cells: int) -> bool:
        """Whether a row of this many fields is a row under this header."""
        return n_cells == self.width or self.n_labels <= n_cells < self.width

    def remarks(self, line: int) -> Iterator[Remark]:
        """Yield what is unusual about the header, which stands on `line`."""
        if self.n_repaired:
            yield "gate_header_encoding", line, f"{self.n_repaired} headers were encoded twice"
        for position, label in self.unknown.items():
            if label:
                detail = f"column {position + 1} is not in the dictionary"
                yield "gate_unknown_header", line, detail
        if absent := self.match.missing_expected:
            yield "gate_missing_expected", line, f"no value in this file: {', '.join(absent)}"


def match_row(table: Table, cells: Sequence[str]) -> Header:
    """Match one row to a table's headers, whether or not it is the header row.

    Raises
    ------
    Refused
        More columns than any clinic's file has.
    """
    if len(cells) > MAX_COLUMNS:
        raise Refused(
            "gate_too_large", f"its header has {len(cells)} columns, more than {MAX_COLUMNS}"
        )
    written = [cell.strip() for cell in cells]
    labels = [_redecoded(table, label) for label in written]
    match = table.match_headers([label for label in labels if label])
    named = {n: match.mapping[label] for n, label in enumerate(labels) if label in match.mapping}
    n_labels = max((n + 1 for n, label in enumerate(labels) if label), default=0)
    return Header(
        columns=named,
        unknown={n: label for n, label in enumerate(written) if n not in named},
        width=len(cells),
        n_labels=n_labels,
        n_repaired=sum(a != b for a, b in zip(written, labels, strict=True)),
        match=match,
    )


def _redecoded(table: Table, label: str) -> str:
    """Undo a double encoding (`sÃ©ance`) where that, and only that, gives a known header."""
    if label.isascii() or fold_header(label) in table.by_header:
        return label
    for encoding in ("cp1252", "latin-1"):
        try:
            once = label.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if fold_header(once) in table.by_header:
            return once
    return label


class NoHeader(Refused):
    """No row names a table's required columns; `n_known` is how many the best row names."""

    def __init__(self, missing: Sequence[str], n_known: int) -> None:
        named = ", ".join(missing) if n_known else "all of them"
        super().__init__(
            "gate_missing_column", f"required columns not found in its header: {named}"
        )
        self.n_known = n_known


def find_header(table: Table, rows: Iterable[Sequence[str]]) -> tuple[int, Header]:
    """Position and reading of the first row that names every required column.

    Raises
    ------
    NoHeader
        There is none among `rows`.
    Refused
        The header names a column twice.
    """
    best: HeaderMatch | None = None
    for position, cells in enumerate(rows):
        header = match_row(table, cells)
        match = header.match
        if match.mapping and not match.missing_required:
            if match.duplicated:
                raise Refused(
                    "gate_duplicate_header",
                    f"{len(match.duplicated)} headers of its row {position + 1} name a column "
                    "that another names too",
                )
            return position, header
        if best is None or len(match.mapping) > len(best.mapping):
            best = match
    raise NoHeader(best.missing_required if best else (), len(best.mapping) if best else 0)
