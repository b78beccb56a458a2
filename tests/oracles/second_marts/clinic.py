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
        """Take a relief away into quarantine: most often below zero, and most often still open.

        The open cell may be that of a later delivery, which brought the same record again.
        """
        row[column] = None
        again = dice.random() < 0.3
        place = {
            "delivery_id": LATER_DELIVERY if again else row["delivery_id"],
            "file_sha256": f"again_{table}" if again else row["file_sha256"],
            "line": row["line"] + 1 if again else row["line"],
            "table_name": table,
        }
        said = {"run_id": "run", "reason": "below 0", "is_open": dice.random() < 0.8}
        said["rule_id"] = dice.choice(("pr_negative", "pr_negative", "pr_range"))
        row_key = f"{place['file_sha256']}:{place['line']}"
        cell = {**place, **said, "row_key": row_key, "column_name": column}
        self.tables["quarantine_cell"].append(cell)
        record = {
            "record_no": str(row.get("session_no_recorded") or row.get("visit_date") or ""),
            "record_date": row.get("session_date") or row.get("visit_date"),
            "patient_id": row["patient_id"],
            "content_hash": row["content_hash"],
        }
        self.tables["raw_line"].append({**place, **record, "fate": "kept"})
