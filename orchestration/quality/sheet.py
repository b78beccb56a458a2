"""The query sheet: what is open, as French questions that a clinic answers on the same lines.

Belongs here: one line a question, with the patient's own number, and the file that they go to. With
`nouvelle;motif;auteur;date` filled in, the sheet called `corrections.csv` is a valid answer. Does
not: choosing what is asked (`items`), reading the answers (`ingest.answers`).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from expectations import dictionary
from expectations.cell_warnings import FORMULA_STARTS
from expectations.questions import question
from orchestration.quality import received
from orchestration.quality.items import Item
from orchestration.quality.places import written
from orchestration.quality.vault_reading import reading
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

HEADER = (
    "ipp",
    "fichier",
    "ligne",
    "num_seance",
    "champ",
    "valeur_recue",
    "question",
    "ancienne",
    "nouvelle",
    "motif",
    "auteur",
    "date",
)
CONFLICTS = ("key_conflict", "patient_conflict")
IN_THE_EXPORT = " (À corriger dans l'export, non sur cette feuille.)"


@dataclass(frozen=True, slots=True)
class _Texts:
    """What was received, from its sources; see `received`."""

    whole: dict[tuple[str, int], str]
    quarantined: dict[tuple[str, int, str], str]
    delivered: dict[tuple[str, str], pd.DataFrame]
    current: dict[tuple[str, str, str], str]

    def of(self, item: Item) -> str:
        """Text of the cell, or of the row, that an item is about; '' where it is not known."""
        if item.column is None:
            return self.whole.get((item.file_sha256, item.line), "")
        if item.is_cell:
            return self.quarantined.get((item.file_sha256, item.line, item.column), "")
        if item.is_current:
            return self.current.get((item.table, item.row_key, item.column), "")
        rows = self.delivered.get((item.file_sha256, item.table))
        if rows is None or item.column not in rows or item.line not in rows.index:
            return ""
        return str(rows.loc[item.line, item.column]).strip()


def lines(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    items: list[Item],
    *,
    by: str = "rule",
) -> list[dict[str, str]]:
    """Make the lines of the sheet; they identify patients.

    Parameters
    ----------
    warehouse
        The published warehouse.
    items
        What is open, in the order to ask.
    by
        'rule' keeps that order; 'patient' puts the questions about one patient together.

    Returns
    -------
    list of dict
        Texts by `HEADER`; a record that contradicts itself has a line a differing cell.

    Raises
    ------
    InputMissing, Busy
        The vault is not there, or is being written.
    """
    delivered = received.delivered_rows(settings, items)
    items = list(_conflicts_by_cell(items, delivered))
    with reading(settings) as vault:
        numbers = _numbers(vault, items)
        quarantined = received.quarantined_texts(vault, items)
        whole = received.whole_rows(vault, items)
    texts = _Texts(whole, quarantined, delivered, received.current_values(warehouse, items))
    if by == "patient":
        items = sorted(items, key=lambda i: (numbers.get(i.patient_id or "", ""), i.table, i.line))
    return [_line(item, numbers.get(item.patient_id or "", ""), texts.of(item)) for item in items]


def as_csv(sheet: Iterable[dict[str, str]]) -> bytes:
    """The sheet as a clinic's spreadsheet opens it: UTF-8 with BOM, `;`, CRLF, no live formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    for line in sheet:
        writer.writerow([escaped(line[name]) for name in HEADER])
    return text.getvalue().encode("utf-8-sig")


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP ASVS 1.2.10)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _numbers(vault: duckdb.DuckDBPyConnection, items: Iterable[Item]) -> dict[str, str]:
    """The clinic's own patient number by pseudonym."""
    people = sorted({item.patient_id for item in items if item.patient_id})
    found = vault.execute(
        "select patient_id, ipp from pseudonym where patient_id in (select unnest($1))", [people]
    ).fetchall()
    return dict(found)


def _conflicts_by_cell(
    items: Iterable[Item], delivered: dict[tuple[str, str], pd.DataFrame]
) -> Iterator[Item]:
    """Ask about each cell in which the rows of one record differ, instead of about the rows."""
    items = list(items)
    records: dict[tuple[str, str | None, str | None], list[Item]] = defaultdict(list)
    for item in items:
        if item.rule_id in CONFLICTS and item.column is None:
            records[item.table, item.patient_id, item.record_no].append(item)
    differing = {record: _differing(of, delivered) for record, of in records.items()}
    for item in items:
        columns = differing.get((item.table, item.patient_id, item.record_no), [])
        if item.rule_id in CONFLICTS and item.column is None and columns:
            yield from (replace(item, column=column) for column in columns)
        else:
            yield item


def _differing(items: list[Item], delivered: dict[tuple[str, str], pd.DataFrame]) -> list[str]:
    """Columns in which the delivered rows of some items differ."""
    import pandas as pd

    rows = [
        frame.loc[[item.line]]
        for item in items
        if (frame := delivered.get((item.file_sha256, item.table))) is not None
        and item.line in frame.index
    ]
    if len(rows) < 2:
        return []
    together = pd.concat(rows).fillna("")
    known = [column.name for column in dictionary.load()[items[0].table].file_columns]
    return [name for name in known if name in together and len(set(together[name])) > 1]


def _line(item: Item, number: str, text: str) -> dict[str, str]:
    table = dictionary.load()[item.table]
    column = table.column(item.column) if item.column else None
    header = column.header_a if column and column.headers else ""
    asked = question(item.rule_id, header)
    # An answer on the sheet finds its row by patient and record, and cannot change these two.
    can_answer = (
        column is not None
        and column.name not in table.key
        and item.patient_id is not None
        and item.record_no is not None
    )
    if not can_answer and item.column:
        asked += IN_THE_EXPORT
    return dict.fromkeys(HEADER, "") | {
        "ipp": number,
        "fichier": item.file_name,
        "ligne": written(item.line),
        "num_seance": item.record_no or "",
        "champ": header if can_answer else "",
        "valeur_recue": text,
        "question": asked,
        "ancienne": text if can_answer else "",
    }
