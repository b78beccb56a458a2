"""Facts of one run -> one result a rule and table, with numerator, denominator and status.

The clinic of these tests delivers two files: 4 patients, and 10 sessions of which one row is in
quarantine, one is dropped, one cell is set aside and one repaired.
"""

from datetime import date

import duckdb
import pytest

from expectations import dictionary
from expectations.rules import load_rules
from orchestration.ingest import schema
from orchestration.quality.coverage import SET_RULES, cells_a_row, tables_of
from orchestration.quality.reconciliation import reconcile
from orchestration.quality.results import rule_results

DELIVERY = {"delivery_id": "20200101-aa", "delivery_name": "20200101", "run_id": "run",
            "delivery_date": date(2020, 1, 1), "received_no": 1}  # fmt: skip
PATIENTS = {"file_sha256": "p" * 64, "file_name": "patients_20200101.csv", "table_name": "patients"}
SESSIONS = {"file_sha256": "s" * 64, "file_name": "seances_20200101.csv", "table_name": "sessions"}


def insert(connection, table, **values):
    named = ", ".join(f"? as {name}" for name in values)
    connection.execute(f"insert into {table} by name select {named}", list(values.values()))


def deliver(connection, file, n_rows, *, quarantined=(), dropped=()):
    """A file, its lines 2.. and the current versions that its kept rows opened."""
    gone = {line: ("quarantined", rule) for line, rule in quarantined}
    gone |= {line: ("dropped", rule) for line, rule in dropped}
    place = {"delivery_id": DELIVERY["delivery_id"], "file_sha256": file["file_sha256"],
             "table_name": file["table_name"]}  # fmt: skip
    insert(connection, "ingest_file", **DELIVERY, **file, status="accepted", n_rows=n_rows,
           n_kept=n_rows - len(gone), n_quarantined=len(quarantined),
           n_dropped=len(dropped))  # fmt: skip
    for line in range(2, n_rows + 2):
        fate, rule = gone.get(line, ("kept", None))
        person, content = f"person{line}", f"content{line}" if fate == "kept" else None
        insert(connection, "raw_line", **place, line=line, fate=fate, rule_id=rule,
               patient_id=person, record_no="", content_hash=content)  # fmt: skip
        if fate == "kept":
            insert(connection, f"raw_{file['table_name']}", row_key=f"{file['file_sha256']}:{line}",
                   file_sha256=file["file_sha256"], line=line, patient_id=person,
                   content_hash=content, known_from=DELIVERY["delivery_date"])  # fmt: skip


@pytest.fixture
def warehouse():
    connection = duckdb.connect()
    schema.create(connection)
    deliver(connection, PATIENTS, 4)
    deliver(connection, SESSIONS, 10, quarantined=[(3, "field_count")], dropped=[(11, "row_blank")])
    cell = {"delivery_id": "20200101-aa", "file_sha256": "s" * 64, "table_name": "sessions"}
    relief = {"column_name": "pain_relief_pct", "rule_id": "pr_range"}
    insert(connection, "raw_cell", **cell, line=5, **relief)
    insert(connection, "repair_log", **cell, line=6, column_name="target", rule_id="code_synonym")
    yield connection
    connection.close()


def result(connection, rule_id, table, run_id="run"):
    found = [
        (r.status, r.numerator, r.denominator)
        for r in rule_results(connection, run_id)
        if (r.rule_id, r.table) == (rule_id, table)
    ]
    assert len(found) == 1, f"{rule_id} on {table}: {found}"
    return found[0]


def test_each_rule_and_table_has_one_result(warehouse):
    results = rule_results(warehouse, "run")
    keys = [(r.rule_id, r.table) for r in results]
    assert len(keys) == len(set(keys))
    owned = {r.id for r in load_rules().values() if r.owner in ("gate", "contract")}
    assert {rule_id for rule_id, _ in keys} == owned - {"contract_reconciled"}
    assert all(r.numerator <= r.denominator for r in results)


@pytest.mark.parametrize(
    ("rule_id", "table", "expected"),
    [
        ("field_count", "sessions", ("passed_with_rows", 1, 10)),
        ("field_count", "patients", ("passed", 0, 4)),
        ("row_blank", "sessions", ("passed_with_rows", 1, 10)),
        ("pr_range", "sessions", ("passed_with_rows", 1, 9)),
        ("npsi_item_range", "sessions", ("passed", 0, 9 * 12)),
        ("code_synonym", "sessions", ("passed_with_rows", 1, 9 * 4)),
        ("gate_nul_byte", "sessions", ("passed", 0, 1)),
        ("gate_nul_byte", "emcs", ("not_applicable", 0, 0)),
        ("pr_range", "emcs", ("not_applicable", 0, 0)),
        ("gate_required_file_missing", "ingest_file", ("passed", 0, 1)),
    ],
)
def test_counts_against_the_rule_of_what_was_looked_at(warehouse, rule_id, table, expected):
    if rule_id == "code_synonym":
        columns = dictionary.load()["sessions"].file_columns
        n_codes = sum(column.type in ("code", "boolean") for column in columns)
        expected = (*expected[:2], 9 * n_codes)
    assert result(warehouse, rule_id, table) == expected


def test_a_refusal_fails_its_rule_and_says_so(warehouse):
    insert(warehouse, "ingest_file", **DELIVERY | {"delivery_id": "20200201-bb"},
           file_name="seances_20200201.csv", file_sha256="r" * 64, status="refused",
           table_name="sessions", rule_id="gate_nul_byte", reason="NUL character")  # fmt: skip
    assert result(warehouse, "gate_nul_byte", "sessions") == ("failed", 1, 2)
    assert result(warehouse, "pr_range", "sessions") == ("passed_with_rows", 1, 9)


def test_a_block_that_somebody_accepted_is_no_failure(warehouse):
    insert(warehouse, "delivery_override", delivery_id="20200101-aa",
           rule_id="contract_quarantine_share", because="known", run_id="run")  # fmt: skip
    found = [r for r in rule_results(warehouse, "run") if r.rule_id == "contract_quarantine_share"]
    assert {r.status for r in found} == {"passed_with_rows", "passed", "not_applicable"}
    assert "somebody's word" in " ".join(r.detail for r in found)


def test_another_run_sees_nothing_of_this_one(warehouse):
    results = rule_results(warehouse, "another")
    ours = [r for r in results if r.rule_id not in SET_RULES]
    assert {r.status for r in ours} == {"not_applicable"}


@pytest.mark.parametrize(
    ("rule_id", "table", "expected"),
    [
        ("row_changed", "sessions", ("passed_with_rows", 1, 8)),
        ("row_vanished", "sessions", ("passed", 0, 8)),
        ("row_changed", "patients", ("passed", 0, 4)),
        ("row_changed", "emcs", ("not_applicable", 0, 0)),
        ("orphan_session", "sessions", ("passed_with_rows", 1, 8)),
        ("correction_no_match", "raw_correction", ("passed_with_rows", 1, 2)),
        ("correction_file", "raw_correction", ("passed", 0, 2)),
    ],
)
def test_rules_over_all_deliveries(warehouse, rule_id, table, expected):
    """A second night ends one version, leaves one session an orphan and brings two answers."""
    later = DELIVERY | {"delivery_id": "20200201-bb", "delivery_date": date(2020, 2, 1)}
    insert(warehouse, "ingest_file", **later | {"run_id": "later"}, status="accepted")
    warehouse.execute(
        "update raw_sessions set known_to = date '2020-02-01', end_reason = 'changed' "
        "where line = 4"
    )
    insert(warehouse, "quarantine_row", rule_id="orphan_session", table_name="sessions",
           row_key="s" * 64 + ":5", is_open=True)  # fmt: skip
    insert(warehouse, "quarantine_row", rule_id="field_count", table_name="sessions",
           row_key="s" * 64 + ":3", is_open=True)  # fmt: skip
    for status, rule in (("applied", None), ("no_match", "correction_no_match")):
        insert(warehouse, "raw_correction", delivery_id="20200201-bb", status=status, rule_id=rule)
    assert result(warehouse, rule_id, table, run_id="later") == expected


def test_a_rule_that_is_not_registered_is_named(warehouse):
    warehouse.execute("update raw_line set rule_id = 'no_such_rule' where rule_id is not null")
    with pytest.raises(KeyError, match="no_such_rule"):
        rule_results(warehouse, "run")


def test_an_answer_of_the_clinic_is_no_row_of_a_file(warehouse):
    before = rule_results(warehouse, "run"), reconcile(warehouse)
    insert(warehouse, "raw_line", delivery_id="20200101-aa", base_delivery_id="20200101-aa",
           file_sha256="s" * 64, line=3, table_name="sessions", fate="quarantined",
           rule_id="field_count")  # fmt: skip
    assert (rule_results(warehouse, "run"), reconcile(warehouse)) == before


def test_every_row_is_accounted_for(warehouse):
    found = {r.table: (r.status, r.numerator, r.denominator) for r in reconcile(warehouse)}
    assert found == {
        "patients": ("passed", 0, 1),
        "sessions": ("passed", 0, 1),
        "raw_patients": ("passed", 0, 4),
        "raw_sessions": ("passed", 0, 8),
    }


@pytest.mark.parametrize(
    ("loss", "table"),
    [
        ("delete from raw_line where line = 3 and table_name = 'sessions'", "sessions"),
        ("update raw_line set line = 4 where line = 3 and table_name = 'sessions'", "sessions"),
        ("update raw_line set fate = 'kept' where line = 11", "sessions"),
        ("update ingest_file set n_kept = 9 where table_name = 'sessions'", "sessions"),
        ("update ingest_file set n_rows = null where table_name = 'sessions'", "sessions"),
        ("delete from ingest_file where table_name = 'sessions'", "sessions"),
        ("delete from raw_sessions where line = 4", "raw_sessions"),
        ("update raw_sessions set content_hash = 'other' where line = 4", "raw_sessions"),
    ],
)
def test_a_row_lost_at_any_layer_fails_the_hard_gate(warehouse, loss, table):
    warehouse.execute(loss)
    failed = {r.table: r.detail for r in reconcile(warehouse) if r.status == "failed"}
    assert table in failed and failed[table]


def test_nothing_delivered_fails_the_hard_gate():
    with duckdb.connect() as connection:
        schema.create(connection)
        assert [r.status for r in reconcile(connection)] == ["failed"]


def test_every_cell_rule_reads_some_column():
    for rule in load_rules().values():
        if rule.owner == "contract" and rule.denominator == "cells":
            assert tables_of(rule), rule.id
            assert all(cells_a_row(rule, table) > 0 for table in tables_of(rule))
