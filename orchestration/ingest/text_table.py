"""What reading a delivered file comes to: its rows as text.

Belongs here: the result, and the limits beyond which no clinic's file goes. Does not: any reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

SHEET_STRIDE = 10_000_000
"""A workbook row's line number is `sheet index * SHEET_STRIDE + row`; a CSV is sheet 0."""
HEADER_SEARCH_ROWS = 20
MAX_UNPACKED_BYTES = 200_000_000
MAX_RATIO = 100
MAX_ROWS = 5_000_000
MAX_COLUMNS = 500
MAX_CELL_LENGTH = 10_000_000
MAX_SHEETS = 100

type Remark = tuple[str, int | None, str]
"""Rule id, physical line (None: the file), and what was seen, without a value."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """One table of one delivered file as text.

    Attributes
    ----------
    rows
        `line` (first physical line), `field_count_ok` and the dictionary's columns that the file
        has, all text, '' where empty.
    verbatim
        `line`, `line_end`, `text`: every record of the file as written, header and what stands
        above it too, whichever table it belongs to.
    encoding
        How the bytes were decoded, or 'xlsx'.
    header_set
        'A', 'B', 'mixed' or 'common'.
    warnings
        (rule id, line or None, detail); a detail holds no value of a patient.
    unknown
        `line`, `header`, `value`: filled cells under headers that the dictionary does not know.
    dropped
        `line`, `rule_id`: data lines of the file that belong to no table. Each stands in one
        table's result only, so that the sum over the tables of a file is the file.
    """

    rows: pd.DataFrame
    verbatim: pd.DataFrame
    encoding: str
    header_set: str
    warnings: tuple[Remark, ...]
    unknown: pd.DataFrame
    dropped: pd.DataFrame


def text_series(values: pa.ChunkedArray | pa.Array) -> pd.Series:
    """Arrow text as a pandas `str` column, without a copy."""
    import numpy as np
    import pyarrow as pa

    if isinstance(values, pa.Array):
        values = pa.chunked_array([values])
    dtype = pd.StringDtype("pyarrow", na_value=np.nan)
    return pd.Series(dtype.__from_arrow__(values))  # type: ignore[attr-defined]


def no_unknown() -> pd.DataFrame:
    """An empty `unknown` frame."""
    return pd.DataFrame(
        {
            "line": pd.Series(dtype="int64"),
            "header": pd.Series(dtype="str"),
            "value": pd.Series(dtype="str"),
        }
    )


def no_dropped() -> pd.DataFrame:
    """An empty `dropped` frame."""
    return pd.DataFrame({"line": pd.Series(dtype="int64"), "rule_id": pd.Series(dtype="str")})
