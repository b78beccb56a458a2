"""The words for a missing value that the clean writer itself uses, found again in its files.

Here: which cells of a file hold one. Not here: writing them (`simulate/writing.py`).
"""

import csv
import io
from collections.abc import Iterator, Sequence

from simulate import french
from simulate.extracts import File
from simulate.writing import MISSING_TOKENS

OWN = frozenset(word for word in MISSING_TOKENS if word)
ALIAS = "PR (%)"
"""Another header of relief, which is read like its own."""
COLUMN_OF = {
    label: column
    for headers in (french.PATIENT_HEADERS, french.SESSION_HEADERS)
    for column, *labels in headers
    for label in labels
} | {ALIAS: "pain_relief_pct"}


def rows_of(file: File) -> list[list[str]]:
    """Return the cells of a text file of the clinic's own deliveries, a list a physical line."""
    if not file.name.endswith(".csv"):
        return []
    try:
        content = file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        content = file.content.decode("cp1252")
    lines = content.split("\r\n")[:-1]
    return [next(csv.reader(io.StringIO(line), delimiter=";"), []) for line in lines]


def own_words(rows: Sequence[Sequence[str]]) -> Iterator[tuple[int, str, str]]:
    """Yield line, column and word of each cell that holds one, below the header."""
    columns: list[str | None] = []
    for line, row in enumerate(rows, start=1):
        if not any(columns):
            columns = [COLUMN_OF.get(label) for label in row]
            continue
        if OWN.isdisjoint(row):
            continue
        for column, cell in zip(columns, row, strict=False):
            if column is not None and cell in OWN:
                yield line, column, cell
