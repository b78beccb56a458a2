"""The raw rows of a clinic while they are made up: places, versions, cells set aside.

Here: what ingest would have added to a row. Not here: which rows there are (`random_clinic.py`).
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from second_marts.dice import NEWEST
from second_marts.raw_tables import DELIVERY, LATER_DELIVERY

Row = dict[str, Any]


@dataclass
class Clinic:
    """Rows of every raw table, and the next line of each."""

    tables: dict[str, list[Row]] = field(
        default_factory=lambda: {
            name: []
            for name in ("raw_patients", "raw_sessions", "raw_emcs", "raw_patient_age",
                         "quarantine_cell", "raw_line")
        }
    )  # fmt: skip

    def add(self, table: str, values: Row, **version: Any) -> Row:
        """Append a row with its place and version; returns it."""
        line = len(self.tables[table]) + 2
        place = {
            "row_key": f"{table}:{line}", "version_no": 1, "known_from": NEWEST, "known_to": None,
            "end_reason": None, "set_aside_rule": None, "delivery_id": DELIVERY,
            "delivery_date": NEWEST, "delivery_mode": "complet", "file_sha256": table,
            "line": line, "content_hash": f"{table}:{line}",
        }  # fmt: skip
        row = place | version | values
        self.tables[table].append(row)
        return row

    def set_aside_relief(self, row: Row, table: str, column: str, dice: Random) -> None:
        """Take a relief away into quarantine, most often below zero, and now and then answer it.

        A later delivery may have brought the same record again, with the same cell or mended.
        """
        row[column] = None
        first = {name: row[name] for name in ("delivery_id", "file_sha256", "line")}
        first |= {"table_name": table}
        again = first | {
            "delivery_id": LATER_DELIVERY, "file_sha256": f"again_{table}", "line": row["line"] + 1
        }  # fmt: skip
        rule = dice.choice(("pr_negative", "pr_negative", "pr_range"))
        came = dice.choice(([first], [first], [again], [first, again]))
        for place in came:
            self._add_line(row, place)
        if dice.random() < 0.3 and came[-1] is again:
            came = came[:-1]
        for place in came:
            self._add_cell(place, column, rule, dice)
        if dice.random() < 0.3:
            self._answer(row, first, column, dice)

    def _answer(self, row: Row, place: Row, column: str, dice: Random) -> None:
        """Amend the first row: no new value, a value, or a value below zero."""
        answer = place | {"delivery_id": LATER_DELIVERY, "base_delivery_id": place["delivery_id"]}
        self._add_line(row, answer)
        said = dice.choice(("nothing", "value", "below zero"))
        if said == "value":
            row[column] = 20.0
        if said == "below zero":
            self._add_cell(answer, column, "pr_negative", dice)

    def _add_line(self, row: Row, place: Row) -> None:
        record = {
            "base_delivery_id": None,
            "record_no": str(row.get("session_no_recorded") or row.get("visit_date") or ""),
            "record_date": row.get("session_date") or row.get("visit_date"),
            "patient_id": row["patient_id"],
            "content_hash": row["content_hash"],
            "fate": "kept",
        }
        self.tables["raw_line"].append(record | place)

    def _add_cell(self, place: Row, column: str, rule: str, dice: Random) -> None:
        said = {
            "row_key": f"{place['file_sha256']}:{place['line']}",
            "column_name": column, "rule_id": rule, "reason": "out of scale", "run_id": "run",
            "is_open": dice.random() < 0.8,
        }  # fmt: skip
        known = {name: place[name] for name in ("delivery_id", "file_sha256", "line", "table_name")}
        self.tables["quarantine_cell"].append(known | said)
