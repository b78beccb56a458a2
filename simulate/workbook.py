"""The eMCS spreadsheet kept by hand in neurosurgery.

Here: a workbook with a sheet a year, a title row above the header, merged patient cells. Not
here: what the cells say (`rows.py`). The bytes depend on the rows alone.
"""

import io
import re
import zipfile
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from simulate import french

MERGED = ("ipp", "surgery_date", "n_electrodes")
EPOCH = (1980, 1, 1, 0, 0, 0)
HEADER_ROW = 2


Place = tuple[int, int]
"""Number of a sheet and of a row in it, both from 1."""


def workbook_bytes(visits: pd.DataFrame) -> tuple[bytes, dict[int, Place]]:
    """Return the workbook of at least one visit as bytes, and where each row of it stands.

    Parameters
    ----------
    visits
        Rows of `rows.visit_rows`: days, numbers and words by warehouse column.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    years = pd.to_datetime(visits["visit_date"]).dt.year
    places: dict[int, Place] = {}
    for number, year in enumerate(sorted(years.unique()), start=1):
        sheet = book.create_sheet(str(year))
        title = f"Stimulation corticale {year} (SYNTHETIQUE)"
        rows = _fill(sheet, title, visits[years == year])
        places |= {visit: (number, row) for visit, row in rows.items()}
    buffer = io.BytesIO()
    book.save(buffer)
    return without_clock(buffer.getvalue()), places


def _fill(sheet: Worksheet, title: str, visits: pd.DataFrame) -> dict[int, int]:
    """Write title, header and rows, and return the row of each visit.

    What repeats in one patient's visits is a merged cell.
    """
    columns = [column for column, _ in french.EMCS_HEADERS]
    sheet.append([title])
    sheet.append([header for _, header in french.EMCS_HEADERS])
    ordered = visits.sort_values(["ipp", "visit_date"])[columns]
    rows: dict[int, int] = {}
    first = row = HEADER_ROW
    before = None
    for label, *visit in ordered.itertuples():
        row += 1
        if visit[0] != before:
            _merge(sheet, columns, first, row - 1)
            first, before = row, visit[0]
        rows[label] = row
        for column, value in enumerate(visit, start=1):
            _write(sheet, row, column, value, columns[column - 1] in MERGED and row > first)
    _merge(sheet, columns, first, row)
    return rows


def _merge(sheet: Worksheet, columns: list[str], first: int, last: int) -> None:
    """Merge what the rows of one patient repeat."""
    if HEADER_ROW < first < last:
        for column in (1 + columns.index(name) for name in MERGED):
            sheet.merge_cells(None, first, column, last, column)


def _write(sheet: Worksheet, row: int, column: int, value: Any, is_merged: bool) -> None:
    if is_merged or value == "" or pd.isna(value):
        return
    if isinstance(value, pd.Timestamp):
        cell = sheet.cell(row, column, value.to_pydatetime())
        cell.number_format = "DD/MM/YYYY"
    else:
        sheet.cell(row, column, value)


def without_clock(content: bytes) -> bytes:
    """Return the same workbook with the times of writing set to a constant."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"1980-01-01T00:00:00Z", part)
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, part)
    return buffer.getvalue()
