"""Bytes to text rows: no guess, every cell text, every row with its physical line.

Decoding is ours (byte-order mark, strict UTF-8, else cp1252), the dialect is declared (`;`), the
CSV parser strict. Nothing is typed here: that is the row contract. What cannot be read whole is
refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from expectations.dictionary import HeaderMatch, Table

SHEET_STRIDE = 10_000_000
"""A workbook row's line number is `sheet index * SHEET_STRIDE + row`; a CSV is sheet 0."""
HEADER_SEARCH_ROWS = 10
MAX_UNPACKED_BYTES = 200_000_000
MAX_RATIO = 100

csv.field_size_limit(10_000_000)


class Refused(Exception):
    """A file that cannot be taken; carries the gate's rule id and one sentence without values."""

    def __init__(self, rule_id: str, reason: str) -> None:
        super().__init__(reason)
        self.rule_id = rule_id


@dataclass(frozen=True, slots=True)
class TextTable:
    """One delivered file as text.

    `rows` has `line`, `field_count_ok` and the dictionary's columns, all text; `verbatim` has
    `line`, `line_end` and `text`, one row for each of `rows`, the header and the lines above it.
    """

    rows: pd.DataFrame
    verbatim: pd.DataFrame
    encoding: str
    header_set: str
    warnings: tuple[tuple[str, str], ...]


def read(path: Path, table: Table) -> TextTable:
    """Read one delivered file of a dictionary table.

    Raises
    ------
    Refused
        Empty, undecodable, not well-formed, no known header, a required column missing.
    """
    if path.stat().st_size == 0:
        raise Refused("gate_empty_file", "the file has 0 bytes")
    if path.suffix.lower() == ".xlsx":
        return _read_workbook(path, table)
    return _read_csv(path, table)


def decode(content: bytes) -> tuple[str, str]:
    """Text and the encoding that it was in.

    Raises
    ------
    Refused
        NUL bytes, or bytes that are neither UTF-8 nor cp1252.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif content.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise Refused("gate_nul_byte", f"NUL character at offset {text.index(chr(0))}")
        return text, encoding
    raise Refused("gate_undecodable", f"the bytes are not {' or '.join(candidates)}")


def _read_csv(path: Path, table: Table) -> TextTable:
    text, encoding = decode(path.read_bytes())
    physical = list(io.StringIO(text, newline=""))
    parsed = list(_csv_rows(physical))
    return _assemble(table, parsed, encoding)


def _csv_rows(physical: list[str]) -> Iterator[tuple[int, int, str, list[str]]]:
    """Yield first line, last line, verbatim text and cells of each record."""
    reader = csv.reader(physical, delimiter=";", strict=True)
    first = 1
    try:
        for cells in reader:
            last = reader.line_num
            yield first, last, "".join(physical[first - 1 : last]).rstrip("\r\n"), cells
            first = last + 1
    except csv.Error as error:
        raise Refused(
            "gate_unclosed_quote", f"the record that begins on line {first} is not CSV ({error})"
        ) from None


def _read_workbook(path: Path, table: Table) -> TextTable:
    _refuse_bomb(path)
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:
        raise Refused(
            "gate_not_a_workbook", f"it is no readable XLSX ({type(error).__name__})"
        ) from None
    parts = []
    for number, sheet in enumerate(book.worksheets, start=1):
        records = list(_sheet_rows(sheet, number))
        if any(any(cells) for _, _, _, cells in records):
            parts.append(_assemble(table, records, "xlsx"))
    if not parts:
        raise Refused("gate_empty_file", "no sheet has a row")
    return TextTable(
        pd.concat([p.rows for p in parts], ignore_index=True),
        pd.concat([p.verbatim for p in parts], ignore_index=True),
        "xlsx",
        parts[0].header_set,
        tuple(w for p in parts for w in p.warnings),
    )


def _refuse_bomb(path: Path) -> None:
    """Check sizes in the zip directory before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            packed = max(1, sum(entry.compress_size for entry in archive.infolist()))
            has_macro = any(
                entry.filename.endswith("vbaProject.bin") for entry in archive.infolist()
            )
    except (zipfile.BadZipFile, OSError):
        raise Refused("gate_not_a_workbook", "it is no XLSX archive") from None
    if unpacked > MAX_UNPACKED_BYTES or unpacked / packed > MAX_RATIO:
        raise Refused(
            "gate_too_large", f"it unpacks to {unpacked} bytes, {unpacked // packed} times its size"
        )
    if has_macro:
        raise Refused("gate_not_a_workbook", "it holds macros; deliver a plain .xlsx")


def _sheet_rows(sheet: Worksheet, number: int) -> Iterator[tuple[int, int, str, list[str]]]:
    """Rows of one sheet as text, merged ranges filled from their first cell."""
    merged = {
        (row, column): sheet.cell(area.min_row, area.min_col).value
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
        if area.max_row > area.min_row
    }
    for row in range(1, sheet.max_row + 1):
        cells = [
            _cell_text(merged.get((row, column), sheet.cell(row, column).value))
            for column in range(1, sheet.max_column + 1)
        ]
        line = number * SHEET_STRIDE + row
        yield line, line, json.dumps(cells, ensure_ascii=False), cells


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", ",")
    return str(value)


def _assemble(
    table: Table, records: list[tuple[int, int, str, list[str]]], encoding: str
) -> TextTable:
    """Find the header, name the columns by the dictionary, and keep each record's place."""
    verbatim = pd.DataFrame(
        [(first, last, text) for first, last, text, _ in records],
        columns=["line", "line_end", "text"],
    )
    position, header, match = _find_header(table, records)
    body = records[position + 1 :]
    if not body:
        raise Refused("gate_empty_file", "there is a header but no row")
    names = [match.mapping.get(label, "") for label in header]
    keep = [(index, name) for index, name in enumerate(names) if name]
    width = len(header)
    data: dict[str, Any] = {
        name: [cells[index] if index < len(cells) else "" for _, _, _, cells in body]
        for index, name in keep
    }
    rows = pd.DataFrame(data, dtype="str")
    rows.insert(0, "line", [first for first, _, _, _ in body])
    rows["field_count_ok"] = [len(cells) == width or not any(cells) for _, _, _, cells in body]
    warnings = tuple(
        ("gate_unknown_header", f"column {header.index(label) + 1} is not in the dictionary")
        for label in match.unknown
    )
    return TextTable(rows, verbatim, encoding, match.header_set, warnings)


def _find_header(
    table: Table, records: list[tuple[int, int, str, list[str]]]
) -> tuple[int, list[str], HeaderMatch]:
    """Position, labels and match of the first row that names the required columns."""
    best: HeaderMatch | None = None
    for position, (_, _, _, cells) in enumerate(records[:HEADER_SEARCH_ROWS]):
        labels = [cell.strip() for cell in cells]
        while labels and not labels[-1]:
            labels.pop()
        match = table.match_headers(labels)
        if match.mapping and not match.missing_required:
            if match.duplicated:
                raise Refused(
                    "gate_duplicate_header", f"header named twice: {', '.join(match.duplicated)}"
                )
            return position, labels, match
        if match.mapping and (best is None or len(match.mapping) > len(best.mapping)):
            best = match
    missing = ", ".join(best.missing_required) if best else "all of them"
    raise Refused("gate_missing_column", f"required columns not found in its header: {missing}")
