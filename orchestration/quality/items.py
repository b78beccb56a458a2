"""What the clinic is to be asked: open cells and rows, and warnings that a person can answer.

Belongs here: the list, without a single value or identifier. Does not: the sheet, which adds them
from the vault (`sheet`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.questions import asked_of, load_questions
from orchestration.ingest.schema import RAW_TABLES
from orchestration.quality.queries import rows
from orchestration.warehouse import tables

if TYPE_CHECKING:
    import duckdb

FLAGS = {"int_patient_flags": "patients", "int_session_flags": "sessions", "int_emcs_flags": "emcs"}
"""Model with a row a flagged row -> dictionary table of those rows."""

_NAMED = re.compile(r"([a-z][a-z0-9_]*): ")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to ask.

    Attributes
    ----------
    rule_id, table
        The rule that asks, and the dictionary table.
    column
        Column that the question is about; None for a whole row.
    file_name, file_sha256, line, row_key
        Where it was delivered.
    patient_id, record_no
        Pseudonym and rest of the natural key; None where they could not be read.
    is_cell
        Whether the received text is in the vault's quarantined values.
    is_current
        Whether the row is a current version of its record, so that its values are in `raw_*`.
    """

    rule_id: str
    table: str
    column: str | None
    file_name: str
    file_sha256: str
    line: int
    row_key: str
    patient_id: str | None
    record_no: str | None
    is_cell: bool = False
    is_current: bool = False


def open_items(connection: duckdb.DuckDBPyConnection) -> list[Item]:
    """List what is to be asked, in the order of `questions.yml`.

    A rule without a question is not asked about: it is for the data engineer. A cell is asked about
    once, by the first rule that does.
    """
    order = list(load_questions())
    found = [
        *_quarantined(rows(connection, "open_items")),
        *_warned(rows(connection, "open_warnings", {"rules": order})),
        *_flagged(connection, order),
    ]
    asked = [item for item in found if item.rule_id in order]
    return list(_once(sorted(asked, key=lambda item: order.index(item.rule_id))))


def _once(items: Iterable[Item]) -> Iterator[Item]:
    seen = set()
    for item in items:
        place = (item.table, item.row_key, item.column)
        if item.column is None or place not in seen:
            yield item
        seen.add(place)


def count_by_rule(items: Iterable[Item]) -> dict[str, int]:
    """Open questions by rule, in the order of the items."""
    return dict(Counter(item.rule_id for item in items))


def _quarantined(found: list[dict[str, Any]]) -> list[Item]:
    return [
        Item(
            **_place(row),
            table=row["table_name"],
            column=row["column_name"] or _column_of_row(row),
            is_cell=row["column_name"] is not None,
        )
        for row in found
    ]


def _column_of_row(row: dict[str, Any]) -> str | None:
    """Column that a row was set aside for: its reason begins with the name of one."""
    named = _NAMED.match(row["reason"] or "")
    return named[1] if named else asked_of().get(row["rule_id"])


def _warned(found: list[dict[str, Any]]) -> list[Item]:
    return [
        Item(**_place(row), table=row["table_name"], column=row["column_name"], is_current=True)
        for row in found
    ]


def _flagged(connection: duckdb.DuckDBPyConnection, rules: list[str]) -> list[Item]:
    held = set(tables(connection))
    found = []
    for model, table in FLAGS.items():
        if model not in held:
            continue
        given = {"flags": model, "versions": RAW_TABLES[table], "table": table, "rules": rules}
        found += [
            Item(
                **_place(row),
                table=table,
                column=asked_of().get(row["rule_id"]),
                is_current=True,
            )
            for row in rows(connection, "open_flags", given)
        ]
    return found


def _place(row: dict[str, Any]) -> dict[str, Any]:
    names = ("rule_id", "file_sha256", "line", "row_key", "patient_id", "record_no")
    return {name: row[name] for name in names} | {"file_name": row["file_name"] or ""}
