"""Which frame a section may use, or in one sentence why it may not.

Belongs here: presence of tables and columns, and the nulls of a cell. Does not: wording or layout.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Absent:
    """A table that a section needed and did not get.

    Attributes
    ----------
    reason
        One sentence for the reader.
    """

    reason: str


def take(frames: Frames, name: str, columns: Iterable[str]) -> pd.DataFrame | Absent:
    """Return the named frame, or why there is nothing to show.

    Parameters
    ----------
    frames
        All frames of the report, by table name.
    name
        Table wanted.
    columns
        Columns that the caller is going to read.

    Returns
    -------
    pandas.DataFrame or Absent
        The frame with a fresh index; `Absent` if it was not handed over, has no rows, or lacks a
        column.
    """
    frame = frames.get(name)
    if frame is None:
        return Absent(f"Table {name} was not part of this run.")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        return Absent(f"Table {name} has no column {', '.join(missing)}.")
    if frame.empty:
        return Absent(f"Table {name} has no rows in this run.")
    return frame.reset_index(drop=True)


def is_missing(value: Any) -> bool:
    """Return whether a cell holds no value: None, NaN, NaT, pd.NA or an infinity."""
    if isinstance(value, float):
        return not math.isfinite(value)
    return value is None or value is pd.NA or value is pd.NaT


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dicts by column name."""
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]
