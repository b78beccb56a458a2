"""Columns of text under the dictionary's names: the last step from records to a `TextTable`.

Belongs here: what CSV, workbook and REDCap reading share once cells and header are known. Does not:
finding either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.ingest.csv_records import Records
from orchestration.ingest.headers import Header
from orchestration.ingest.text_table import no_unknown, text_series


def rows_frame(records: Records, header: Header) -> pd.DataFrame:
    """`line`, `field_count_ok` and a text column for each column that the header names."""
    data: dict[str, object] = {"line": records.line}
    for position, name in header.columns.items():
        data[name] = text_series(records.columns[position])
    data["field_count_ok"] = field_counts_ok(records, header)
    return pd.DataFrame(data)


def field_counts_ok(records: Records, header: Header) -> NDArray[np.bool_]:
    """Whether each record has the header's fields; an empty one lacks none."""
    n = records.n_cells
    fits = (n == header.width) | ((n >= header.n_labels) & (n < header.width))
    return fits | records.is_empty


def verbatim_frame(above: Sequence[tuple[int, int, str]], records: Records) -> pd.DataFrame:
    """`line`, `line_end`, `text` of the records above and below, in the order of the file."""
    texts = pa.array([text for _, _, text in above], pa.large_string())
    return pd.DataFrame(
        {
            "line": np.concatenate([np.array([a for a, _, _ in above], np.int64), records.line]),
            "line_end": np.concatenate(
                [np.array([b for _, b, _ in above], np.int64), records.line_end]
            ),
            "text": text_series(pa.chunked_array([texts, *records.text.chunks])),
        }
    )


def unknown_cells(records: Records, labels: dict[int, str]) -> pd.DataFrame:
    """Filled cells of columns that the dictionary does not know, for the vault alone.

    Parameters
    ----------
    labels
        Position of the column -> its header as written.
    """
    parts = [no_unknown()]
    for position, label in labels.items():
        column = records.columns[position].combine_chunks()
        filled = np.flatnonzero(pc.not_equal(column, "").to_numpy(zero_copy_only=False))
        if len(filled):
            value = text_series(column.take(pa.array(filled)))
            header = label or f"({position + 1})"
            parts.append(
                pd.DataFrame({"line": records.line[filled], "header": header, "value": value})
            )
    return pd.concat(parts, ignore_index=True).astype({"header": "str", "value": "str"})
