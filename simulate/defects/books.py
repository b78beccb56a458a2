"""Defects of a workbook, each in a small delivery with the visits of one operated patient.

Here: merged and hidden cells, serial dates, formulas, percent formats, bombs and macros. Not here:
text files (`files.py`).
"""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from simulate import french
from simulate.defects.files import Place, serial_in_text
from simulate.defects.small import Small, small_delivery, with_book
from simulate.defects.source import Source
from simulate.workbook import HEADER_ROW, without_clock

FIRST_LINE = 10_000_000 + HEADER_ROW + 1
DAY_0 = date(1899, 12, 30)
COLUMNS = [column for column, _ in french.EMCS_HEADERS]
BOMB_BYTES = 30_000_000


def merged(source: Source, on: date, variant: str) -> tuple[Small, Place]:
    """Class 59: the writer merges what one patient's visits of a year repeat."""
    small = with_book(source, on, n_visits=2)
    return small, Place(small.book_name)


def serial(source: Source, on: date, variant: str) -> tuple[Small, Place]:
    """Class 60."""
    if variant == "text_file":
        small = small_delivery(source, on)
        return small, serial_in_text(source, small, variant)
    small = with_book(source, on)
    return small, _edit(small, "visit_date", _as_serial)


def _as_serial(sheet: Worksheet, row: int, column: int) -> str:
    cell = sheet.cell(row, column)
    assert isinstance(cell.value, datetime)
    number = (cell.value.date() - DAY_0).days
    cell.value = number
    cell.number_format = "General"
    return str(number)


def formula(source: Source, on: date, variant: str) -> tuple[Small, Place]:
    """Class 61."""
    text = {"unsaved": "=10*3", "error": "#N/A"}[variant]

    def write(sheet: Worksheet, row: int, column: int) -> str:
        sheet.cell(row, column, text)
        return text

    small = with_book(source, on)
    return small, _edit(small, "pain_relief_pct", write)


def hidden_or_percent(source: Source, on: date, variant: str) -> tuple[Small, Place]:
    """Class 62."""

    def write(sheet: Worksheet, row: int, column: int) -> str:
        if variant == "hidden":
            sheet.row_dimensions[row].hidden = True
            return ""
        cell = sheet.cell(row, column)
        share = float(str(cell.value or 30)) / 100
        cell.value, cell.number_format = share, "0%"
        return str(share)

    small = with_book(source, on)
    _edit(small, "pain_relief_pct", write)
    return small, Place(small.book_name)


def dangerous(source: Source, on: date, variant: str) -> tuple[Small, Place]:
    """Class 63."""
    small = with_book(source, on)
    assert small.book is not None
    part, content = {
        "bomb": ("xl/media/image1.png", b"\0" * BOMB_BYTES),
        "macro": ("xl/vbaProject.bin", b"Attribut VB_Name"),
    }[variant]
    buffer = io.BytesIO(small.book[0])
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(part), content, zipfile.ZIP_DEFLATED)
    small.book = (buffer.getvalue(), small.book[1])
    return small, Place(small.book_name)


def _edit(small: Small, name: str, write: Callable[[Worksheet, int, int], str]) -> Place:
    """Change the first visit's cell of a column, and say where it stands."""
    assert small.book is not None
    book = load_workbook(io.BytesIO(small.book[0]))
    column = COLUMNS.index(name) + 1
    sheet = book.worksheets[0]
    before = sheet.cell(HEADER_ROW + 1, column).value
    injected = write(sheet, HEADER_ROW + 1, column)
    buffer = io.BytesIO()
    book.save(buffer)
    small.book = (without_clock(buffer.getvalue()), small.book[1])
    return Place(small.book_name, FIRST_LINE, name, _text(before), injected)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y}"
    return "" if value is None else str(value).replace(".", ",")


MAKERS: dict[int, Callable[[Source, date, str], tuple[Small, Place]]] = {
    59: merged,
    60: serial,
    61: formula,
    62: hidden_or_percent,
    63: dangerous,
}
