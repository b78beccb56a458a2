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


def workbook_bytes(visits: pd.DataFrame) -> bytes:
    """Return the workbook of at least one visit as bytes.

    Parameters
    ----------
    visits
        Rows of `rows.visit_rows`: days, numbers and words by warehouse column.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    years = pd.to_datetime(visits["visit_date"]).dt.year
    for year in sorted(years.unique()):
        sheet = book.create_sheet(str(year))
        _fill(sheet, f"Stimulation corticale {year} (SYNTHETIQUE)", visits[years == year])
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_clock(buffer.getvalue())


def _fill(sheet: Worksheet, title: str, visits: pd.DataFrame) -> None:
    """Write title, header and rows; what repeats in one patient's visits is a merged cell."""
    columns = [column for column, _ in french.EMCS_HEADERS]
    sheet.append([title])
    sheet.append([header for _, header in french.EMCS_HEADERS])
    row = HEADER_ROW
    for _, of_patient in visits.sort_values(["ipp", "visit_date"]).groupby("ipp"):
        first = row + 1
        for visit in of_patient[columns].itertuples(index=False):
            row += 1
            for column, value in enumerate(visit, start=1):
                _write(sheet, row, column, value, columns[column - 1] in MERGED and row > first)
        if row > first:
            for column in (1 + columns.index(name) for name in MERGED):
                sheet.merge_cells(None, first, column, row, column)


def _write(sheet: Worksheet, row: int, column: int, value: Any, is_merged: bool) -> None:
    if is_merged or value == "" or pd.isna(value):
        return
    if isinstance(value, pd.Timestamp):
        cell = sheet.cell(row, column, value.to_pydatetime())
        cell.number_format = "DD/MM/YYYY"
    else:
        sheet.cell(row, column, value)


def _without_clock(content: bytes) -> bytes:
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
