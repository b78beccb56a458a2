"""Rows that one delivered file adds to the build: `raw_*`, quarantine, repairs, `ingest_file`.

No value of a patient enters the logs: places, rules and counts only. Reading and storing is `load`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from orchestration.ingest import schema
from orchestration.ingest.deliveries import DeliveredFile, Delivery
from orchestration.ingest.readers import TextTable

if TYPE_CHECKING:
    from expectations.contract import Checked
    from expectations.dictionary import Table


@dataclass(frozen=True, slots=True)
class Read:
    """One delivered file, read and checked, nothing of it stored yet."""

    delivery: Delivery
    file: DeliveredFile
    table: Table
    text: TextTable
    checked: Checked


def of_file(one: Read, people: pd.Series, run_id: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the parts of warehouse tables that one file adds, by table name.

    Parameters
    ----------
    people
        Pseudonym of each kept row, aligned with `one.checked.kept`.
    """
    file, table, checked, kept = one.file, one.table, one.checked, one.checked.kept
    prefix = file.sha256[:16]
    raw = pd.DataFrame(
        {
            "row_key": prefix + ":" + kept["line"].astype("str"),
            "delivery_date": pd.Timestamp(one.delivery.day),
            "delivery_mode": file.mode,
            "file_sha256": file.sha256,
            "line": kept["line"].astype("int64"),
            "content_hash": _content_hash(one.text, kept["line"]),
            "patient_id": people,
        }
    )
    for column in schema.warehouse_columns(table):
        if column.name in kept:
            raw[column.name] = kept[column.name]
    yield schema.RAW_TABLES[table.name], raw
    place, reason = ["line", "rule_id"], ["reason"]
    cells = checked.quarantined_cells[[*place, "column_name", *reason]]
    yield "quarantine_row", _place(checked.quarantined_rows[place + reason], prefix, one, run_id)
    yield "quarantine_cell", _place(cells, prefix, one, run_id)
    yield "repair_log", _place(checked.repairs[[*place, "column_name"]], prefix, one, run_id)
    yield "ingest_file", _file_row(one, run_id)


def _content_hash(text: TextTable, lines: pd.Series) -> pd.Series:
    by_line = dict(zip(text.verbatim["line"], text.verbatim["text"], strict=True))
    return lines.map(lambda n: hashlib.blake2b(by_line[n].encode(), digest_size=8).hexdigest())


def _place(frame: pd.DataFrame, prefix: str, one: Read, run_id: str) -> pd.DataFrame:
    """Give each row of a log its place, table and run."""
    return frame.assign(
        row_key=prefix + ":" + frame["line"].astype("str"),
        file_sha256=one.file.sha256,
        table_name=one.table.name,
        run_id=run_id,
    )


def _file_row(one: Read, run_id: str) -> pd.DataFrame:
    checked, text = one.checked, one.text
    dropped = Counter(checked.dropped["rule_id"])
    counts = {
        "encoding": text.encoding,
        "header_set": text.header_set,
        "n_rows": len(text.rows),
        "n_kept": len(checked.kept),
        "n_quarantined": len(checked.quarantined_rows),
        "n_dropped": len(checked.dropped),
        "n_repaired_cells": len(checked.repairs),
        "n_quarantined_cells": len(checked.quarantined_cells),
        "status": "accepted",
        "reason": ", ".join(f"{n} {rule}" for rule, n in sorted(dropped.items())),
    }
    facts = _file_facts(one.delivery, one.file, one.table, run_id)
    return pd.DataFrame([facts | counts])


def of_unchanged_file(
    delivery: Delivery, file: DeliveredFile, table: Table, run_id: str
) -> pd.DataFrame:
    """A file whose very bytes were loaded before: nothing to do, but the delivery is known."""
    counts = dict.fromkeys(
        (
            "n_rows",
            "n_kept",
            "n_quarantined",
            "n_dropped",
            "n_repaired_cells",
            "n_quarantined_cells",
        ),
        0,
    )
    return pd.DataFrame(
        [
            _file_facts(delivery, file, table, run_id)
            | counts
            | {"status": "unchanged", "reason": "the same bytes were delivered before"}
        ]
    )


def _file_facts(
    delivery: Delivery, file: DeliveredFile, table: Table, run_id: str
) -> dict[str, object]:
    return {
        "file_sha256": file.sha256,
        "file_name": file.path.name,
        "delivery_id": delivery.delivery_id,
        "delivery_date": pd.Timestamp(delivery.day),
        "table_name": table.name,
        "delivery_mode": file.mode,
        "run_id": run_id,
        "loaded_at": pd.Timestamp(datetime.now(UTC).replace(tzinfo=None)),
    }
