"""Carries the changes of rows into the files of a delivery, and says on which line each row stands.

Here: cells, rows and lines put in place. Not here: choosing them (`cells.py`, `records.py`,
`lines.py`), deliveries that are spoilt as files (`files.py`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from simulate import text
from simulate.dates import day
from simulate.defects.changes import (
    AddRow,
    Change,
    DropRow,
    EditLine,
    InsertLine,
    Row,
    SetCell,
    Table,
)
from simulate.defects.source import text_frame
from simulate.deliveries import Carried, Delivery
from simulate.extracts import File
from simulate.workbook import workbook_bytes

SHEET_LINES = 10_000_000
"""A row of a workbook is quoted as sheet number times this, plus its row."""


@dataclass(frozen=True)
class Lined:
    """A file and the line of each row in it."""

    file: File
    lines: dict[Row, int]


def spoil(carried: Carried, changes: Iterable[Change]) -> list[Lined]:
    """Return the files of a delivery with some changes made."""
    by_table: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_table[change.row[0]].append(change)
    delivery = carried.delivery
    files = [
        _text_file(
            delivery, "patients", carried.patients, carried.patient_place, by_table["patients"],
            "complet",
        ),
        _text_file(
            delivery, "sessions", carried.sessions, carried.session_place, by_table["sessions"],
            delivery.mode,
        ),
    ]  # fmt: skip
    if len(carried.visits):
        files.append(_workbook(carried, by_table["emcs"]))
    return files


def _text_file(
    delivery: Delivery,
    table: Table,
    rows: pa.Table,
    places: np.ndarray,
    changes: list[Change],
    mode: str,
) -> Lined:
    frame = text_frame(rows)
    frame.index = pd.Index(places.tolist())
    frame = _with_changes(frame, changes, day(delivery.on))
    arrow = pa.table({name: pa.array(frame[name], pa.large_string()) for name in frame})
    lines: list[str] = text.csv_lines(arrow).to_pylist()
    header = delivery.header(table)
    edits = {one.row[1]: one.edit for one in changes if isinstance(one, EditLine)}
    below = defaultdict(list)
    for one in changes:
        if isinstance(one, InsertLine):
            below[one.below[1]].append(one)
    whole = [text.SEPARATOR.join(text.quoted(label) for label in header)]
    placed: dict[Row, int] = {}
    for place, line in zip(frame.index.tolist(), lines, strict=True):
        whole.append(edits[place](line) if place in edits else line)
        placed[table, place] = len(whole)
        for inserted in below.get(place, ()):
            whole.append(inserted.line(header))
            placed[inserted.row] = len(whole)
    content = (text.LINE_END.join(whole) + text.LINE_END).encode(delivery.encoding, "replace")
    prefix = {"patients": "patients", "sessions": "seances"}[table]
    name = f"{prefix}_{delivery.name}.csv"
    return Lined(File(name, len(whole) - 1, content, mode), placed)


def _with_changes(frame: pd.DataFrame, changes: list[Change], on: np.datetime64) -> pd.DataFrame:
    """Cells set, rows left out, rows added below others; the index stays the place."""
    added = defaultdict(list)
    for one in changes:
        match one:
            case SetCell((_, place), column, value, since) if place in frame.index and since <= on:
                frame.loc[place, column] = value  # type: ignore[call-overload]
            case DropRow((_, place), since) if place in frame.index and since <= on:
                frame = frame.drop(index=place)
            case AddRow(_, (_, place), _, since) if place in frame.index and since <= on:
                added[place].append(one)
    if not added:
        return frame
    rows: list[dict[Any, Any]] = []
    places: list[int] = []
    for place, cells in zip(frame.index.tolist(), frame.to_dict("records"), strict=True):
        rows.append(cells)
        places.append(place)
        for one in added.get(place, ()):
            rows.append(one.cells)
            places.append(one.row[1])
    return pd.DataFrame(rows, index=pd.Index(places), columns=frame.columns)


def _workbook(carried: Carried, changes: list[Change]) -> Lined:
    visits = carried.visits
    grown = _with_changes(visits.copy(), changes, day(carried.delivery.on))
    grown = grown.astype(visits.dtypes.to_dict())
    content, places = workbook_bytes(grown)
    name = f"emcs_{carried.delivery.name}.xlsx"
    placed: dict[Row, int] = {
        ("emcs", visit): sheet * SHEET_LINES + row for visit, (sheet, row) in places.items()
    }
    return Lined(File(name, len(grown), content, "complet"), placed)
