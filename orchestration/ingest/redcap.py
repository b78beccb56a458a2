"""A REDCap flat export as the tables of the dictionary: rows by repeating instrument.

Belongs here: the rows of one table, and the patient's number that stands on the record's own row
alone. Does not: finding header, fields and instruments (`redcap_export`); sessions kept as events,
checkboxes, choice codes other than the dictionary's synonyms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestration.ingest.assembly import rows_frame, unknown_cells
from orchestration.ingest.csv_files import Body, CsvFile
from orchestration.ingest.headers import Header, NoHeader
from orchestration.ingest.redcap_export import (
    ELSEWHERE,
    OF_THE_RECORD,
    RECORD,
    Export,
    header_of,
    is_filled,
    locate,
    owners_of,
)
from orchestration.ingest.text_table import (
    Remark,
    TextTable,
    no_dropped,
    no_unknown,
    text_series,
)

if TYPE_CHECKING:
    from expectations.dictionary import Table


def read_table(file: CsvFile, table: Table, tables: Sequence[Table]) -> TextTable:
    """Read one dictionary table from an export.

    Parameters
    ----------
    tables
        Every table that the export may hold: a field of another table is not unknown.

    Raises
    ------
    Refused
        No REDCap header, rows of this table without its required columns, or nothing whole.
    """
    export = locate(file)
    of_table = {one.name: header_of(export, one) for one in tables}
    header = of_table[table.name]
    body = file.body(export.layout, header)
    owners = owners_of(export, body, of_table[OF_THE_RECORD])
    mine = owners == table.name
    if mine.any() and header.match.missing_required:
        raise NoHeader(header.match.missing_required, len(header.columns))
    is_first = table.name == OF_THE_RECORD
    rows = rows_frame(body.records, header)
    _complete(rows, export, header, body, owners)
    remarks = [one for one in header.remarks(export.line) if one[0] != "gate_unknown_header"]
    remarks = remarks if mine.any() else []
    if is_first:
        remarks += _of_the_file(export, of_table, body, owners)
    return TextTable(
        rows=rows[mine].reset_index(drop=True),
        verbatim=body.verbatim,
        encoding=file.encoding,
        header_set=header.match.header_set,
        warnings=tuple(remarks),
        unknown=_stray_cells(export, header, body, mine),
        dropped=_dropped(body, owners) if is_first else no_dropped(),
    )


def _complete(
    rows: pd.DataFrame, export: Export, header: Header, body: Body, owners: NDArray[np.object_]
) -> None:
    """Put the patient's number, which REDCap writes once a record, on every row of the record."""
    position = export.position(RECORD)
    own = next((n for n, column in header.columns.items() if column == "ipp"), None)
    if position is None or own is None:
        return
    record = text_series(body.records.columns[position])
    number = text_series(body.records.columns[own])
    filled = is_filled(body, own)
    said = pd.DataFrame({"record": record, "number": number})
    said = said[filled & (owners == OF_THE_RECORD)].drop_duplicates()
    one_number = said[~said["record"].duplicated(keep=False)].set_index("record")["number"]
    is_blank = ~is_filled(body, position)
    of_record = one_number.reindex(record).fillna("").reset_index(drop=True)
    rows["ipp"] = number.where(filled | is_blank, of_record)


def _stray_cells(
    export: Export, header: Header, body: Body, mine: NDArray[np.bool_]
) -> pd.DataFrame:
    """Filled cells of this table's rows under fields that are not this table's."""
    labels = {n: export.labels[n] for n in header.unknown if not export.is_control(n)}
    if not mine.any():
        return no_unknown()
    cells = unknown_cells(body.records, labels)
    return cells[cells["line"].isin(body.records.line[mine])].reset_index(drop=True)


def _dropped(body: Body, owners: NDArray[np.object_]) -> pd.DataFrame:
    lines = body.records.line[owners == ELSEWHERE]
    return pd.DataFrame({"line": lines, "rule_id": "gate_redcap_instrument"}).astype(
        {"line": "int64", "rule_id": "str"}
    )


def _of_the_file(
    export: Export, of_table: Mapping[str, Header], body: Body, owners: NDArray[np.object_]
) -> list[Remark]:
    """Remarks on the whole export, given with the patients' table only."""
    known = {position for header in of_table.values() for position in header.columns}
    remarks: list[Remark] = [*body.remarks]
    for position, label in enumerate(export.labels):
        if label.strip() and position not in known and not export.is_control(position):
            detail = f"column {position + 1} is not in the dictionary"
            remarks.append(("gate_unknown_header", export.line, detail))
    elsewhere = owners == ELSEWHERE
    if elsewhere.any():
        first = int(body.records.line[elsewhere][0])
        detail = f"{int(elsewhere.sum())} rows of instruments or events that are no table"
        remarks.append(("gate_redcap_instrument", first, detail))
    return remarks
