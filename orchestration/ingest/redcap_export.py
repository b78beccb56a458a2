"""Where things stand in a REDCap flat export: header, fields of each form, table of each row.

Belongs here: REDCap's own columns, and which instrument is which table. Does not: the rows of a
table (`redcap`), splitting the text (`csv_files`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.columns import fold_header
from orchestration.ingest import headers
from orchestration.ingest.csv_files import (
    ALTERNATIVES,
    DELIMITER,
    Body,
    CsvFile,
    Layout,
    cells_of_top,
)
from orchestration.ingest.headers import Header
from orchestration.ingest.quoted_records import Record
from orchestration.ingest.refusal import Refused
from orchestration.ingest.text_table import text_series

if TYPE_CHECKING:
    from expectations.dictionary import Table

INSTRUMENTS = {
    "sessions": ("seances", "seance", "sessions", "session", "rtms"),
    "emcs": ("emcs", "visites_emcs", "visite_emcs", "suivi_emcs", "stimulation_corticale"),
}
"""Repeating instruments by table; rows of no repeating instrument are the patients'."""
OF_THE_RECORD = "patients"
RECORD, INSTRUMENT, INSTANCE = "record_id", "redcap_repeat_instrument", "redcap_repeat_instance"
ELSEWHERE = "elsewhere"
"""Owner of the rows that belong to no table."""


@dataclass(frozen=True, slots=True)
class Export:
    """A located REDCap export."""

    layout: Layout
    labels: tuple[str, ...]

    @property
    def line(self) -> int:
        """Physical line of the header."""
        return self.layout.above[-1].first + 1

    def position(self, name: str) -> int | None:
        """Position of one of REDCap's own columns."""
        folded = [fold_header(label) for label in self.labels]
        return folded.index(fold_header(name)) if fold_header(name) in folded else None

    def is_control(self, position: int) -> bool:
        """Whether a column is REDCap's and no field of a form."""
        label = self.labels[position].strip().lower()
        if fold_header(label) == fold_header(RECORD):
            return True
        return label.startswith("redcap_") or label.endswith("_complete")


def locate(file: CsvFile) -> Export:
    """Find the header, under the declared delimiter or an alternative one.

    Raises
    ------
    Refused
        No row names `record_id`.
    """
    for delimiter in (DELIMITER, *ALTERNATIVES):
        top: list[Record] = []
        try:
            for cells in cells_of_top(file.lines, delimiter, top):
                export = Export(Layout(delimiter, tuple(top)), tuple(cells))
                if export.position(RECORD) is not None and len(cells) > 1:
                    return export
        except Refused:
            continue
    raise Refused("gate_missing_column", "required column not found in its header: record_id")


def header_of(export: Export, table: Table) -> Header:
    """Match the labels to one table: as the columns are called, or with the instrument before.

    Raises
    ------
    Refused
        Two fields are the same column of the table.
    """
    labels = ["" if export.is_control(n) else s for n, s in enumerate(export.labels)]
    folded = [fold_header(label) for label in labels]
    prefixes = [fold_header(name) for name in INSTRUMENTS.get(table.name, (table.name,))]
    for n, label in enumerate(folded):
        for prefix in prefixes:
            own = label.removeprefix(prefix)
            if own != label and label not in table.by_header and own in table.by_header:
                # the field of this form wins over one of the same name in another
                labels = ["" if folded[k] == own else s for k, s in enumerate(labels)]
                labels[n] = own
                break
    _stand_in(export, table, labels)
    header = headers.match_row(table, labels)
    if header.match.duplicated:
        raise Refused("gate_duplicate_header", f"line {export.line} names a field twice")
    return replace(header, n_labels=len(export.labels))


def _stand_in(export: Export, table: Table, labels: list[str]) -> None:
    """Let the record's name be the patient's number, and the instance the session's, if need be."""
    known = {table.by_header[f].name for s in labels if (f := fold_header(s)) in table.by_header}
    for name, own in (("ipp", RECORD), ("session_no_recorded", INSTANCE)):
        position = export.position(own)
        is_column = any(column.name == name for column in table.columns)
        if is_column and name not in known and position is not None:
            labels[position] = table.column(name).headers[0]


def owners_of(export: Export, body: Body, of_record: Header) -> NDArray[np.object_]:
    """Table of each record: its repeating instrument's, or the patients', or none."""
    position = export.position(INSTRUMENT)
    n = len(body.records.line)
    owners = np.full(n, OF_THE_RECORD, dtype=object)
    if position is not None:
        table_of = {fold_header(i): name for name, group in INSTRUMENTS.items() for i in group}
        table_of |= {"": OF_THE_RECORD}
        codes, distinct = pd.factorize(text_series(body.records.columns[position]))
        names = [table_of.get(fold_header(str(one)), ELSEWHERE) for one in distinct]
        owners = np.array(names, dtype=object)[codes]
    instance = export.position(INSTANCE)
    if instance is not None:
        # an instance without an instrument is a repeating event, which is no patient's row
        owners[(owners == OF_THE_RECORD) & is_filled(body, instance)] = ELSEWHERE
    owners[_other_events(export, body, of_record, owners == OF_THE_RECORD)] = ELSEWHERE
    return owners


def is_filled(body: Body, position: int) -> NDArray[np.bool_]:
    """Whether each record says something in a column, shape (records,)."""
    said = text_series(body.records.columns[position]).str.strip() != ""
    return said.to_numpy(dtype=bool)


def _other_events(
    export: Export, body: Body, of_record: Header, is_patient: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows that say nothing of the patient, where another event of the same record does."""
    position = export.position(RECORD)
    fields = [n for n in of_record.columns if not export.is_control(n)]
    if position is None or not fields:
        return np.zeros(len(is_patient), dtype=bool)
    says = np.logical_or.reduce([is_filled(body, n) for n in fields])
    record = text_series(body.records.columns[position])
    told = set(record[says & is_patient])
    is_whole = body.records.n_cells == of_record.width
    return is_patient & ~says & is_whole & record.isin(told).to_numpy(dtype=bool)
