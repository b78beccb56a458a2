"""Bytes of one delivered file to text rows: no guess, every cell text, every row with its line.

Belongs here: the one entry, which chooses the format by the file's name. Nothing is typed here:
that is the row contract. What cannot be read whole is refused by a rule of the gate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from expectations.dictionary import is_redcap_export, tables_for_file
from orchestration.ingest import csv_files, redcap, sheet_tables
from orchestration.ingest.csv_files import CsvFile, open_csv
from orchestration.ingest.deliveries import MAX_FILE_BYTES
from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import SHEET_STRIDE, TextTable
from orchestration.ingest.workbooks import Workbook, open_workbook

if TYPE_CHECKING:
    from expectations.dictionary import Table

__all__ = ["SHEET_STRIDE", "CsvFile", "Parsed", "Refused", "TextTable", "Workbook", "parse", "read"]

type Parsed = CsvFile | Workbook
"""A file once decoded and split; every table that it holds is read from it."""


def parse(path: Path, *, name: str | None = None) -> Parsed:
    """Decode and split a file, once for all of its tables.

    Parameters
    ----------
    path
        Where the bytes are; it may be a content-addressed copy without a suffix.
    name
        The file's name in its delivery, which decides its format; by default the path's.

    Raises
    ------
    Refused
        Empty, too large, undecodable, no workbook.
    """
    size = path.stat().st_size
    if size == 0:
        raise Refused("gate_empty_file", "the file has 0 bytes")
    if size > MAX_FILE_BYTES:
        raise Refused("gate_too_large", f"it has {size} bytes, more than {MAX_FILE_BYTES}")
    content = path.read_bytes()
    suffix = Path(name or path.name).suffix.lower()
    if suffix.startswith((".xls", ".ods")):
        return open_workbook(content)
    return open_csv(content)


def read(
    path: Path, table: Table, *, name: str | None = None, parsed: Parsed | None = None
) -> TextTable:
    """Read one table of one delivered file.

    Parameters
    ----------
    path, name
        As for `parse`.
    table
        A table of the dictionary, one of `tables_for_file(name)`.
    parsed
        What `parse` gave for this file; without it the file is parsed here.

    Returns
    -------
    TextTable
        Of a file with several tables, the rows of this one; the verbatim text is the whole file's.

    Raises
    ------
    Refused
        Empty, undecodable, cut, not well-formed, no known header, a required column missing.
    """
    name = name or path.name
    source = parsed if parsed is not None else parse(path, name=name)
    if isinstance(source, Workbook):
        return sheet_tables.read_table(source, table)
    if is_redcap_export(name):
        return redcap.read_table(source, table, tables_for_file(name))
    return csv_files.read_table(source, table)
