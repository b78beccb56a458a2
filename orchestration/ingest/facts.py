"""Facts that one read and checked file adds to the warehouse build.

No value of a patient enters the logs: places, rules and counts only. Which facts then count, in
which order, is `history`; what goes to the vault is `identities`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from expectations.dictionary import tables_for_file
from expectations.records import record_date, record_no
from orchestration.ingest import schema
from orchestration.ingest.deliveries import DeliveredFile, Delivery
from orchestration.ingest.readers import TextTable
from orchestration.ingest.refusal import Refused
from orchestration.warehouse import append_table

if TYPE_CHECKING:
    import duckdb

    from expectations.contract import Checked
    from expectations.dictionary import Table
    from orchestration.ingest.kept import Override


@dataclass(frozen=True, slots=True)
class Read:
    """One table of one delivered file, read and checked, nothing of it stored yet."""

    delivery: Delivery
    file: DeliveredFile
    table: Table
    text: TextTable
    checked: Checked


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every fact of a run carries."""

    run_id: str
    content_key: str
    people: dict[str, str]
    """Canonical patient number -> pseudonym."""


def write(connection: duckdb.DuckDBPyConnection, one: Read, stamp: Stamp) -> None:
    """Append the facts of one table of one file; the caller holds the transaction."""
    checked, place = one.checked, _place(one)
    write_contents(connection, one.table, checked.kept, stamp, place)
    gone = checked.quarantined_rows
    quarantined = pd.DataFrame(
        {
            "line": gone["line"],
            "fate": "quarantined",
            "rule_id": gone["rule_id"],
            "reason": gone["reason"],
            "patient_id": gone["ipp"].map(stamp.people),
            "record_no": gone["record_no"],
            "record_date": gone["record_date"],
        }
    )
    append_table(connection, "raw_line", quarantined.assign(**place))
    dropped = pd.concat([checked.dropped, one.text.dropped], ignore_index=True)
    append_table(connection, "raw_line", dropped.assign(fate="dropped", **place))
    cells = checked.quarantined_cells[["line", "column_name", "rule_id", "reason"]]
    append_table(connection, "raw_cell", cells.assign(**place))
    repairs = checked.repairs[["line", "column_name", "rule_id"]]
    append_table(
        connection, "repair_log", _keyed(repairs, one).assign(run_id=stamp.run_id, **place)
    )
    append_table(connection, "file_warning", _warnings(one).assign(run_id=stamp.run_id, **place))
    append_table(connection, "ingest_file", pd.DataFrame([_file_row(one, stamp.run_id)]))


def write_contents(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    kept: pd.DataFrame,
    stamp: Stamp,
    place: dict[str, str],
    *,
    day: pd.Timestamp | None = None,
) -> None:
    """Append kept rows to `raw_line`, and to `content_*` the contents that are new.

    The hash covers what a reader of the warehouse can see and what the vault knows of the person,
    so that a corrected birth date is a new version too; absent values do not enter, so that a new
    optional column changes nothing.

    Parameters
    ----------
    place
        Columns that every fact of the file shares: delivery, file, table.
    day
        Day of the record where it is not the row's own: an amended row stays the same record.
    """
    own_day = record_date(table, kept)
    frame = kept.assign(
        patient_id=kept["ipp"].map(stamp.people),
        record_no=record_no(table, kept),
        record_date=own_day if day is None else day,
    )
    values = list(schema.value_columns(table.name))
    hashed = ["patient_id", *values, *_identifying(table)]
    said = ", ".join(f"'{name}=' || \"{name}\"::varchar" for name in hashed)
    connection.register("incoming_frame", frame)
    connection.execute(
        "create or replace temp table incoming_rows as select *, "
        f"substr(sha256($1 || concat_ws(chr(31), {said})), 1, 32) as content_hash "
        "from incoming_frame",
        [stamp.content_key],
    )
    connection.unregister("incoming_frame")
    listed = ", ".join(f'"{name}"' for name in values)
    connection.execute(
        f"insert into content_{table.name} by name "
        f"select content_hash, {listed} from incoming_rows as i "
        f"anti join content_{table.name} as c on i.content_hash = c.content_hash "
        "qualify row_number() over (partition by content_hash) = 1"
    )
    names = list(place)
    given = ", ".join(f"? as {name}" for name in names)
    connection.execute(
        f"insert into raw_line by name select line, 'kept' as fate, patient_id, record_no, "
        f"record_date::date as record_date, content_hash, {given} from incoming_rows",
        [place[name] for name in names],
    )
    connection.execute("drop table incoming_rows")


def write_refusal(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, refusal: Refused, run_id: str
) -> None:
    """Note a delivery that was not taken: the file to blame refused, the others held."""
    connection.execute("delete from ingest_file where delivery_id = ?", [delivery.delivery_id])
    blame = refusal.file_name or delivery.name
    names = sorted({f.name for f in delivery.content} | {blame})
    by_name = {f.name: f for f in delivery.files}
    rows = []
    for name in names:
        blamed = name == blame
        file, tables = by_name.get(name), tables_for_file(name)
        rows.append(
            _delivery_facts(delivery, run_id)
            | {
                "file_name": name,
                "file_sha256": file.sha256 if file else None,
                "table_name": tables[0].name if tables else None,
                "delivery_mode": file.mode if file else None,
                "status": "refused" if blamed else "held",
                "rule_id": refusal.rule_id,
                "reason": str(refusal) if blamed else f"the delivery was refused for {blame}",
            }
        )
    append_table(connection, "ingest_file", pd.DataFrame(rows))


def write_warning(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, rule_id: str, run_id: str
) -> None:
    """Note a warning about a delivery as a whole."""
    row = {"delivery_id": delivery.delivery_id, "rule_id": rule_id, "run_id": run_id}
    append_table(connection, "file_warning", pd.DataFrame([row]))


def write_override(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, excuse: Override, run_id: str
) -> None:
    """Note that a person's word let a delivery in."""
    row = {
        "delivery_id": delivery.delivery_id,
        "because": excuse.because,
        "at": excuse.at.replace(tzinfo=None),
        "run_id": run_id,
    }
    append_table(connection, "delivery_override", pd.DataFrame([row]))


def forget(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    """Delete the facts of one delivery from a build; contents stay, nothing refers to them."""
    for name in ("ingest_file", "file_warning", "raw_line", "raw_cell", "repair_log",
                 "correction_line", "delivery_override"):  # fmt: skip
        connection.execute(f"delete from {name} where delivery_id = ?", [delivery_id])
    connection.execute("delete from raw_line where base_delivery_id = ?", [delivery_id])
    connection.execute("delete from raw_cell where base_delivery_id = ?", [delivery_id])
    connection.execute(
        "delete from amended_by where base_delivery_id = $1 or correction_delivery_id = $1",
        [delivery_id],
    )


def _identifying(table: Table) -> list[str]:
    """Columns of the person that only the vault holds, without the number and free text."""
    return [
        c.name
        for c in table.file_columns
        if c.identifying and c.type not in ("free_text", "identifier")
    ]


def _place(one: Read) -> dict[str, str]:
    return {
        "delivery_id": one.delivery.delivery_id,
        "file_sha256": one.file.sha256,
        "table_name": one.table.name,
    }


def _keyed(frame: pd.DataFrame, one: Read) -> pd.DataFrame:
    key = one.file.sha256[:16] + ":" + frame["line"].astype("int64").astype("str")
    return frame.assign(row_key=key)


def _warnings(one: Read) -> pd.DataFrame:
    """Warnings of the gate and of the contract on one table of one file."""
    gate = pd.DataFrame(list(one.text.warnings), columns=["rule_id", "line", "detail"])
    contract = one.checked.warnings[["line", "column_name", "rule_id"]]
    parts = [part.astype({"line": "Int64"}) for part in (gate, contract) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else contract


def _file_row(one: Read, run_id: str) -> dict[str, object]:
    checked, text = one.checked, one.text
    dropped = Counter([*checked.dropped["rule_id"], *text.dropped["rule_id"]])
    return _delivery_facts(one.delivery, run_id) | {
        "file_name": one.file.name,
        "file_sha256": one.file.sha256,
        "table_name": one.table.name,
        "delivery_mode": one.file.mode,
        "encoding": text.encoding,
        "header_set": text.header_set,
        "n_rows": len(text.rows) + len(text.dropped),
        "n_kept": len(checked.kept),
        "n_quarantined": len(checked.quarantined_rows),
        "n_dropped": dropped.total(),
        "n_repaired_cells": len(checked.repairs),
        "n_quarantined_cells": len(checked.quarantined_cells),
        "status": "accepted",
        "reason": ", ".join(f"{n} {rule}" for rule, n in sorted(dropped.items())),
    }


def _delivery_facts(delivery: Delivery, run_id: str) -> dict[str, object]:
    return {
        "delivery_id": delivery.delivery_id,
        "delivery_name": delivery.name,
        "delivery_date": pd.Timestamp(delivery.day),
        "extracted_at": pd.Timestamp(delivery.extracted_at) if delivery.extracted_at else pd.NaT,
        "received_no": delivery.received_no,
        "kind": delivery.kind,
        "run_id": run_id,
        "loaded_at": pd.Timestamp(datetime.now(UTC).replace(tzinfo=None)),
    }
