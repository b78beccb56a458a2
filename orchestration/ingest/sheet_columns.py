"""What a column of a sheet needs before it is text: merged patients, serial dates, percents.

Belongs here: changes to cells that follow from the workbook's own marks, each of them told. Does
not: cells as stored (`sheet_cells`), headers and rows (`sheet_tables`), repairs of spelling, which
are the row contract's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from orchestration.ingest.refusal import Refused
from orchestration.ingest.sheet_cells import EMPTY, Cell, date_text, number_text
from orchestration.ingest.sheets import Sheet
from orchestration.ingest.text_table import SHEET_STRIDE, Remark

if TYPE_CHECKING:
    from expectations.columns import Column

MAX_FILLED = 1_000_000
FIRST_SERIAL, LAST_SERIAL = 10_000, 80_000  # 1927 to 2119: not a year, not yyyymmdd
_SERIAL_TEXT = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")

type Grid = list[tuple[int, list[Cell]]]
"""Row number and cells, as wide as the sheet."""


def fill_merged(number: int, sheet: Sheet, body: Grid) -> list[Remark]:
    """Carry the value of a merged range down its first column, into rows that hold something."""
    place = [row for row, _ in body]
    filled_rows = [any(cell.text for cell in cells) for _, cells in body]
    filled, n_spanned = [], 0
    for row, column, end_row, _ in sheet.merged:
        value = sheet.rows.get(row, {}).get(column, EMPTY)
        if not place or row < place[0] or not value.text:  # the header's, or of nothing
            continue
        spanned = range(bisect_left(place, row + 1), bisect_right(place, end_row))
        n_spanned += len(spanned)
        if n_spanned > MAX_FILLED:
            raise Refused("gate_too_large", f"merged ranges span more than {MAX_FILLED} cells")
        for index in spanned:
            cells = body[index][1]
            if filled_rows[index] and not cells[column - 1].text:
                cells[column - 1] = value
                filled.append(place[index])
    if not filled:
        return []
    line = number * SHEET_STRIDE + min(filled)
    return [("gate_merged_cells", line, f"{len(filled)} cells filled inside merged ranges")]


def read_column(
    number: int, body: Grid, position: int, column: Column, epoch: datetime
) -> Iterator[Remark]:
    """Write serial dates as dates and shown percents as percents, saying so."""
    percents = []
    for row, cells in body:
        cell = cells[position]
        line = number * SHEET_STRIDE + row
        if column.type in ("date", "datetime"):
            if written := _serial_date(cell, epoch):
                cells[position] = Cell(written, "date")
                yield "xlsx_serial_date", line, f"{column.name}: a serial number read as a date"
        elif cell.kind == "percent" and cell.number is not None:
            shown = number_text(cell.number * 100)
            cells[position] = Cell(shown if column.unit == "pct" else f"{shown} %")
            percents.append(line)
    if percents:
        detail = f"{column.name}: {len(percents)} cells in percent format read as shown"
        yield "gate_percent_format", percents[0], detail


def _serial_date(cell: Cell, epoch: datetime) -> str:
    """ISO text of a number that stands for a day, in a cell that does not say so; else ''."""
    serial = cell.number if cell.kind in ("number", "percent") else None
    if cell.kind == "text" and _SERIAL_TEXT.fullmatch(cell.text.strip()):
        serial = float(cell.text.strip().replace(",", "."))
    if serial is None or not FIRST_SERIAL <= serial <= LAST_SERIAL:
        return ""
    return date_text(serial, epoch)
