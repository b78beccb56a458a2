"""One worksheet's XML: rows of cells, merged ranges, what is hidden.

Belongs here: the streamed reading with caps of our own; openpyxl builds a cell for each of a merged
or linked range, so that a kilobyte of XML can fill the memory. Does not: a cell (`sheet_cells`),
which row is the header (`sheet_tables`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from orchestration.ingest.refusal import Refused
from orchestration.ingest.sheet_cells import Cell, Styles, local, read_cell

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_CELLS = 1_000_000
MAX_CHARACTERS = 100_000_000
MAX_MERGED = 100_000
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


@dataclass(slots=True)
class Sheet:
    """The filled part of a worksheet: row -> column -> cell, both from 1."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    n_hidden_columns: int = 0
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Last column that holds something."""
        filled = (n for row in self.rows.values() for n, cell in row.items() if cell.text)
        return max(filled, default=0)


def read_sheet(content: bytes, styles: Styles) -> Sheet:
    """Read the XML of one worksheet.

    Raises
    ------
    Refused
        More cells, characters or merged ranges than any clinic's sheet has.
    ElementTree.ParseError, ValueError, IndexError
        It is no worksheet.
    """
    sheet, row, n_cells, n_characters = Sheet(), 0, 0, 0
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        name = local(element)
        if event == "start":
            if name == "row":
                row = int(element.get("r") or row + 1)
                _require(1 <= row <= LAST_ROW, "a row lies outside the sheet")
                if element.get("hidden") in ("1", "true"):
                    sheet.hidden_rows.append(row)
        elif name == "row":
            cells = dict(_cells(element, row, styles))
            n_cells += len(element)
            n_characters += sum(len(cell.text) for cell in cells.values())
            if n_cells > MAX_CELLS or n_characters > MAX_CHARACTERS:
                raise Refused("gate_too_large", f"a sheet has more than {MAX_CELLS} cells")
            sheet.rows.setdefault(row, {}).update(cells)
            element.clear()
        elif name == "mergeCell":
            sheet.merged.append(_range(element.get("ref") or ""))
            if len(sheet.merged) > MAX_MERGED:
                raise Refused("gate_too_large", f"a sheet has over {MAX_MERGED} merged ranges")
        elif name == "col" and element.get("hidden") in ("1", "true"):
            sheet.n_hidden_columns += 1
    return sheet


def _require(is_so: bool, words: str) -> None:
    if not is_so:
        raise ValueError(words)


def _cells(row_element: Element, row: int, styles: Styles) -> Iterator[tuple[int, Cell]]:
    column = 0
    for element in row_element:
        if local(element) != "c":
            continue
        reference = element.get("r")
        column = _place(reference)[1] if reference else column + 1
        _require(column <= LAST_COLUMN, "a column lies outside the sheet")
        yield column, read_cell(element, styles)


def _place(reference: str) -> tuple[int, int]:
    """Row and column of `B7`."""
    match = _REFERENCE.fullmatch(reference)
    _require(match is not None, "a cell has no place")
    assert match
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def _range(reference: str) -> tuple[int, int, int, int]:
    first, _, last = reference.partition(":")
    (row, column), (end_row, end_column) = _place(first), _place(last or first)
    return row, column, end_row, end_column
