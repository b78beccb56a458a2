"""Rows as the clinic's answers amend them.

An answer applies to every delivered row of its record whose cell still reads as the old text, for
as long as the source repeats it; the amended row goes through the row contract like any other.
Nothing is overwritten: an amended row is one more fact, dated by the answer's delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from expectations import dictionary
from expectations.cells import parse_cell
from expectations.contract import Checked, check_rows
from expectations.outcomes import Bad
from expectations.records import record_date
from orchestration import vault
from orchestration.ingest import facts, kept, readers
from orchestration.settings import Settings
from orchestration.warehouse import append_table

if TYPE_CHECKING:
    import duckdb

    from expectations.columns import Column
    from expectations.dictionary import Table


@dataclass(frozen=True, slots=True)
class Answer:
    """One readable answer with its texts and its place in the history."""

    delivery_id: str
    line: int
    column: str
    old: str
    new: str

    @property
    def identity(self) -> tuple[str, int]:
        """Delivery and line of `corrections.csv`."""
        return self.delivery_id, self.line


def amend(
    connection: duckdb.DuckDBPyConnection, settings: Settings, key: bytes, run_id: str
) -> int:
    """Work out the amended rows that are not worked out yet; return how many rows were looked at.

    The caller holds the transaction, and the deliveries have their places (`history`).
    """
    targets = connection.execute(_TARGETS).df()
    if targets.empty:
        return 0
    texts = _texts(settings)
    targets = targets.merge(texts, left_on=["answer_id", "answer_line"], right_index=True)
    done = _considered(connection)
    n_rows = 0
    for (table_name, base, sha256), asked in targets.groupby(
        ["table_name", "base_delivery_id", "file_sha256"], sort=True
    ):
        place = {
            "table_name": str(table_name),
            "base_delivery_id": str(base),
            "file_sha256": str(sha256),
        }
        fresh = {
            line: answers
            for line, answers in _by_line(asked).items()
            if {a.identity for a in answers} != done.get((str(base), str(sha256), line))
        }
        if fresh:
            _amend_file(connection, settings, asked, place, fresh, key, run_id)
        n_rows += len(fresh)
    return n_rows


def _amend_file(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    asked: pd.DataFrame,
    place: dict[str, str],
    answers_by_line: dict[int, list[Answer]],
    key: bytes,
    run_id: str,
) -> None:
    """Read one kept file again and write the amended rows of some of its lines."""
    table = dictionary.load()[place["table_name"]]
    file_name, day = asked["file_name"].iloc[0], asked["delivery_date"].iloc[0].date()
    text = readers.read(kept.blob(settings, place["file_sha256"]), table, name=file_name).rows
    for line, answers in answers_by_line.items():
        _forget(connection, place, line)
        for outcome in _apply(text[text["line"] == line], table, answers):
            _write(connection, table, outcome, place, day, key, run_id)


_TARGETS = """
select l.table_name, l.delivery_id as base_delivery_id, l.file_sha256, l.line, f.file_name,
    f.delivery_date, c.delivery_id as answer_id, c.line as answer_line, p.n, c.column_name
from correction_line as c
inner join delivery_place as p on c.delivery_id = p.delivery_id
inner join raw_line as l on c.table_name = l.table_name and c.patient_id = l.patient_id
    and c.record_no = l.record_no and l.base_delivery_id is null and l.fate <> 'dropped'
inner join ingest_file as f on l.delivery_id = f.delivery_id and l.file_sha256 = f.file_sha256
    and l.table_name = f.table_name and f.status = 'accepted'
inner join delivery_place as b on l.delivery_id = b.delivery_id
where c.rule_id is null
    -- a full dump between row and answer has taken the row's place: the answer is spent on it
    and not exists (
        select 1 from delivered_table as d
        where d.table_name = l.table_name and d.is_full and d.n > b.n and d.n <= p.n
    )
"""


def _texts(settings: Settings) -> pd.DataFrame:
    """Old and new text of every answer, by delivery and line."""
    with vault.connect(settings) as connection:
        frame = connection.execute(
            "select delivery_id, line, old_value, new_value from correction"
        ).df()
    return frame.set_index(["delivery_id", "line"])


def _considered(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str, int], set[tuple[str, int]]]:
    rows = connection.execute(
        "select base_delivery_id, file_sha256, line, correction_delivery_id, correction_line "
        "from amended_by"
    ).fetchall()
    found: dict[tuple[str, str, int], set[tuple[str, int]]] = {}
    for base, sha256, line, delivery_id, answer_line in rows:
        found.setdefault((base, sha256, line), set()).add((delivery_id, answer_line))
    return found


def _by_line(asked: pd.DataFrame) -> dict[int, list[Answer]]:
    """Answers to each line of a file, in the order of their deliveries."""
    found: dict[int, list[Answer]] = {}
    for row in asked.sort_values(["n", "answer_line"]).to_dict("records"):
        answer = Answer(
            row["answer_id"],
            int(row["answer_line"]),
            row["column_name"],
            row["old_value"],
            row["new_value"],
        )
        found.setdefault(int(row["line"]), []).append(answer)
    return found


def _forget(connection: duckdb.DuckDBPyConnection, place: dict[str, str], line: int) -> None:
    """Remove what was worked out for one row from fewer answers."""
    for name in ("raw_line", "raw_cell", "amended_by"):
        table = "and table_name = $2" if name != "amended_by" else "and $2 is not null"
        connection.execute(
            f"delete from {name} where base_delivery_id = $1 {table} "
            "and file_sha256 = $3 and line = $4",
            [place["base_delivery_id"], place["table_name"], place["file_sha256"], line],
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The row as one delivery's answers leave it; `row` is None where they change nothing."""

    delivery_id: str
    row: pd.DataFrame | None
    original: pd.DataFrame
    answers: tuple[tuple[Answer, str], ...]


def _apply(row: pd.DataFrame, table: Table, answers: list[Answer]) -> Iterator[Outcome]:
    """Apply the answers delivery by delivery, each on what the earlier ones left."""
    original, amended = row, row.copy()
    for delivery_id in dict.fromkeys(answer.delivery_id for answer in answers):
        told, changed = [], False
        for answer in (a for a in answers if a.delivery_id == delivery_id):
            outcome = _match(amended, table.column(answer.column), answer)
            if outcome == "applied":
                amended[answer.column] = answer.new
                changed = True
            told.append((answer, outcome))
        yield Outcome(delivery_id, amended.copy() if changed else None, original, tuple(told))


def _match(row: pd.DataFrame, column: Column, answer: Answer) -> str:
    said = str(row[column.name].iloc[0]).strip() if column.name in row else ""
    if said == answer.old.strip() or _value(said, column) == _value(answer.old, column) != "bad":
        return "applied"
    return "already_so" if said == answer.new.strip() else "no_match"


def _value(text: str, column: Column) -> object:
    cell = parse_cell(text, column, pivot_year=2099)
    return "bad" if isinstance(cell, Bad) else cell.value


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    outcome: Outcome,
    place: dict[str, str],
    delivered_on: date,
    key: bytes,
    run_id: str,
) -> None:
    line = int(outcome.original["line"].iloc[0])
    noted = [
        {
            "correction_delivery_id": answer.delivery_id,
            "correction_line": answer.line,
            "base_delivery_id": place["base_delivery_id"],
            "file_sha256": place["file_sha256"],
            "line": line,
            "outcome": told,
        }
        for answer, told in outcome.answers
    ]
    append_table(connection, "amended_by", pd.DataFrame(noted))
    if outcome.row is None:
        return
    here = place | {"delivery_id": outcome.delivery_id}
    was = check_rows(table, outcome.original, delivery_date=delivered_on)
    checked = check_rows(table, outcome.row, delivery_date=delivered_on)
    numbers = {str(n) for part in (checked.kept, checked.quarantined_rows) for n in part["ipp"]}
    people = {number: vault.pseudonym(key, number) for number in numbers}
    stamp = facts.Stamp(run_id, vault.content_key(key), people)
    _write_amended(connection, table, checked, _dated(table, was), here, stamp)


def _dated(table: Table, was: Checked) -> pd.Timestamp | None:
    """Day of the row before it was amended: it stays the same record."""
    kept_rows, gone = was.kept, was.quarantined_rows
    days = record_date(table, kept_rows) if len(kept_rows) else gone["record_date"]
    return None if days.isna().all() else days.iloc[0]


def _write_amended(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    checked: Checked,
    day: pd.Timestamp | None,
    place: dict[str, str],
    stamp: facts.Stamp,
) -> None:
    facts.write_contents(connection, table, checked.kept, stamp, place, day=day)
    gone = checked.quarantined_rows
    if len(gone):
        rows = gone[["line", "rule_id", "reason", "record_no"]].assign(
            fate="quarantined",
            patient_id=gone["ipp"].map(stamp.people),
            record_date=gone["record_date"] if day is None else day,
        )
        append_table(connection, "raw_line", rows.assign(**place))
    cells = checked.quarantined_cells[["line", "column_name", "rule_id", "reason"]]
    append_table(connection, "raw_cell", cells.assign(**place))
