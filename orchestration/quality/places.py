"""How a place in a delivered file is written for a person, and read back.

A text file's line is its physical line; a workbook's is sheet x 10,000,000 + row, which a person
sees and types as `2!14`.
"""

from __future__ import annotations

import re

from orchestration.ingest.text_table import SHEET_STRIDE

_WORKBOOK_PLACE = re.compile(r"([0-9]+)!([0-9]+)")


def written(line: int) -> str:
    """Line of a text file, or sheet and row of a workbook."""
    sheet, row = divmod(line, SHEET_STRIDE)
    return f"{sheet}!{row}" if sheet else str(row)


def read(text: str) -> int | None:
    """Line that a place stands for; None if it is no place."""
    if match := _WORKBOOK_PLACE.fullmatch(text):
        return int(match[1]) * SHEET_STRIDE + int(match[2])
    return int(text) if re.fullmatch(r"[0-9]+", text) else None
