"""Open questions -> the French sheet; a filled sheet is a valid corrections.csv.

The clinic of these tests: Ann (00000001) has a negative relief and a relief of 305; two rows of her
session 3 contradict each other; one row names a patient that nobody can read.
"""

import csv
import io
import stat
from datetime import date
from types import SimpleNamespace

import duckdb
import pytest

from expectations.questions import asked_of, load_questions, question
from expectations.rules import load_rules
from orchestration import vault
from orchestration.commands import queries
from orchestration.errors import PlateauError
from orchestration.ingest import kept, schema
from orchestration.quality.items import count_by_rule, open_items
from orchestration.quality.received import as_written
from orchestration.quality.sheet import HEADER, as_csv, escaped, lines
from orchestration.settings import load
from orchestration.warehouse import connect

FILE = "seances_20200101.csv"
TEXT = """ipp;num_seance;date_seance;heure;protocole;PR;DPR;date_evaluation
00000001;1;01/01/2020;10:00;;-20;5;02/01/2020
00000001;2;05/01/2020;10:00;;305;5;06/01/2020
00000001;3;09/01/2020;10:00;;30;5;10/01/2020
00000001;3;09/01/2020;10:00;;40;5;10/01/2020
1E+07;1;09/01/2020;10:00;;40;5;10/01/2020
"""
SHA = "a" * 64
ANN = "c" * 32
PLACE = {"delivery_id": "20200101-aa", "file_sha256": SHA, "table_name": "sessions"}


def insert(connection, table, **values):
    named = ", ".join(f"? as {name}" for name in values)
    connection.execute(f"insert into {table} by name select {named}", list(values.values()))


def add_cell(connection, line, number, rule, value, column="pain_relief_pct"):
    insert(connection, "quarantine_cell", **PLACE, line=line, row_key=f"{SHA[:16]}:{line}",
           column_name=column, rule_id=rule, is_open=True)  # fmt: skip
    insert(connection, "raw_line", **PLACE, line=line, fate="kept", patient_id=ANN,
           record_no=number)  # fmt: skip


def add_row(connection, line, rule, patient, number, reason):
    insert(connection, "quarantine_row", **PLACE, line=line, row_key=f"{SHA[:16]}:{line}",
           rule_id=rule, reason=reason, patient_id=patient, record_no=number,
           is_open=True)  # fmt: skip


@pytest.fixture
def settings(tmp_path):
    """A data directory with warehouse, vault and the kept file."""
    settings = load({"data": tmp_path / "data"}, cwd=tmp_path)
    settings.live.parent.mkdir(parents=True)
    with connect(settings.live) as warehouse:
        schema.create(warehouse)
        insert(warehouse, "ingest_file", **PLACE, file_name=FILE, received_no=1, status="accepted",
               delivery_date=date(2020, 1, 1))  # fmt: skip
        add_cell(warehouse, 3, "2", "pr_range", "305")
        add_cell(warehouse, 2, "1", "pr_negative", "-20")
        for line in (4, 5):
            add_row(warehouse, line, "key_conflict", ANN, "3", "same key, different values")
        add_row(warehouse, 6, "ipp_scientific", None, None, "ipp: digits are lost")
        closed = PLACE | {"line": 9, "row_key": f"{SHA[:16]}:9", "rule_id": "field_count"}
        insert(warehouse, "quarantine_row", **closed, is_open=False)
    path = kept.blob(settings, SHA)
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT.replace("\n", "\r\n").encode("cp1252"))
    with vault.connect(settings) as connection:
        insert(connection, "pseudonym", patient_id=ANN, key_id="k", ipp="00000001")
        for line, rule, value in ((2, "pr_negative", "-20"), (3, "pr_range", "305")):
            insert(connection, "quarantined_value", file_sha256=SHA, line=line, rule_id=rule,
                   column_name="pain_relief_pct", value=value)  # fmt: skip
    return settings


def sheet(settings, **how):
    with connect(settings.live, read_only=True) as warehouse:
        return lines(settings, warehouse, open_items(warehouse), **how)


def parsed(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_negative_relief_comes_first_and_closed_items_are_not_asked(settings):
    with connect(settings.live, read_only=True) as warehouse:
        counts = count_by_rule(open_items(warehouse))
    assert list(counts) == ["pr_negative", "pr_range", "ipp_scientific", "key_conflict"]
    assert counts == {"pr_negative": 1, "pr_range": 1, "ipp_scientific": 1, "key_conflict": 2}


def test_a_cell_is_asked_about_with_its_patient_place_and_text(settings):
    line = sheet(settings)[1]
    assert {name: line[name] for name in HEADER if name != "question"} == {
        "ipp": "00000001", "fichier": FILE, "ligne": "3", "num_seance": "2", "champ": "PR",
        "valeur_recue": "305", "ancienne": "305",
        "nouvelle": "", "motif": "", "auteur": "", "date": "",
    }  # fmt: skip
    assert line["question"] == question("pr_range", "PR")


def test_a_contradiction_is_asked_about_where_the_rows_differ(settings):
    asked = [x for x in sheet(settings) if x["num_seance"] == "3"]
    found = [(x["ligne"], x["champ"], x["ancienne"]) for x in asked]
    assert found == [("4", "PR", "30"), ("5", "PR", "40")]


def test_what_the_sheet_cannot_mend_is_sent_to_the_export(settings):
    line = next(x for x in sheet(settings) if x["ligne"] == "6")
    assert (line["ipp"], line["champ"], line["ancienne"]) == ("", "", "")
    assert line["valeur_recue"] == "1E+07"
    assert "dans l'export" in line["question"]


def test_a_lost_file_leaves_the_question_without_its_text(settings):
    kept.blob(settings, SHA).unlink()
    found = {x["ligne"]: x["valeur_recue"] for x in sheet(settings)}
    assert found == {"2": "-20", "3": "305", "4": "", "5": "", "6": ""}


def test_by_patient_keeps_a_patients_questions_together(settings):
    numbers = [x["ipp"] for x in sheet(settings, by="patient")]
    assert numbers == sorted(numbers)


def test_the_file_opens_in_a_spreadsheet_without_a_live_formula(settings):
    content = as_csv(sheet(settings))
    assert content.startswith("\ufeff".encode() + ";".join(HEADER).encode() + b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == len(sheet(settings)) + 1
    assert parsed(content)[0]["ancienne"] == "'-20"


@pytest.mark.parametrize("text", ["=1+1", "+33", "-20", "@x", "\tx", "\rx"])
def test_formula_starts_are_escaped(text):
    assert escaped(text) == "'" + text
    assert escaped("x" + text) == "x" + text


def test_a_filled_sheet_is_read_as_corrections(settings, tmp_path):
    from orchestration.ingest import answers
    from orchestration.ingest.deliveries import DeliveredFile, Delivery

    filled = sheet(settings)
    filled[0] |= {"nouvelle": "0", "motif": "aggravation", "auteur": "MD", "date": "05/01/2020"}
    path = tmp_path / "corrections.csv"
    path.write_bytes(as_csv(filled))
    file = DeliveredFile("corrections.csv", path, "b" * 64, None)
    read = answers.read_answers(Delivery("20200201", date(2020, 2, 1), (file,)))
    assert read[["ipp", "session_no", "field", "old_value", "new_value"]].values.tolist() == [
        ["00000001", "1", "PR", "-20", "0"]
    ]


@pytest.fixture
def published(settings, monkeypatch):
    """The same data directory, as if a run had published it."""
    monkeypatch.setattr(queries, "require_live", lambda settings: SimpleNamespace(run_id="r"))
    return settings


def test_the_command_writes_for_its_owner_alone_and_never_over_answers(published, tmp_path, capsys):
    settings = published
    out = tmp_path / "questions.csv"
    assert queries.run(settings, out=out, by="rule", as_json=False) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(parsed(out.read_bytes())) == 5
    assert "00000001" not in capsys.readouterr().out
    audit = (settings.logs / "audit.jsonl").read_text("utf-8")
    assert '"command": "queries"' in audit and "00000001" not in audit
    with pytest.raises(PlateauError, match="may hold answers"):
        queries.run(settings, out=out, by="rule", as_json=False)


def test_without_a_file_only_counts_are_told(published, capsys):
    published.vault.unlink()
    assert queries.run(published, out=None, by="rule", as_json=True) == 0
    assert '"open": {"pr_negative": 1' in capsys.readouterr().out


def test_a_warning_stands_until_it_is_answered(settings):
    version = {"patient_id": ANN, "record_key": f"{ANN}:7", "content_hash": "h", "line": 8,
               "file_sha256": SHA, "row_key": f"{SHA[:16]}:8", "known_from": date(2020, 1, 1),
               "pain_relief_pct": 0.3, "session_no_recorded": 7}  # fmt: skip
    with connect(settings.live) as warehouse:
        insert(warehouse, "file_warning", **PLACE, line=8, column_name="pain_relief_pct",
               rule_id="pr_fraction")  # fmt: skip
        insert(warehouse, "raw_line", **PLACE, line=8, fate="kept", patient_id=ANN, record_no="7",
               content_hash="h")  # fmt: skip
        insert(warehouse, "raw_sessions", **version)
    asked = [x for x in sheet(settings) if x["num_seance"] == "7"]
    assert [(x["champ"], x["ancienne"]) for x in asked] == [("PR", "0,3")]
    with connect(settings.live) as warehouse:
        insert(warehouse, "raw_correction", delivery_id="d2", delivery_date=date(2020, 2, 1),
               table_name="sessions", patient_id=ANN, record_no="7", status="applied",
               column_name="pain_relief_pct")  # fmt: skip
    assert not [x for x in sheet(settings) if x["num_seance"] == "7"]


def test_a_flag_of_joined_data_is_asked_about_with_the_value_in_the_clinics_spelling(settings):
    with connect(settings.live) as warehouse:
        insert(warehouse, "raw_sessions", patient_id=ANN, record_key=f"{ANN}:7", line=8,
               file_sha256=SHA, row_key=f"{SHA[:16]}:8", known_from=date(2020, 1, 1),
               session_date=date(2020, 4, 3))  # fmt: skip
        warehouse.execute("create table int_session_flags (row_key varchar, rule_id varchar)")
        insert(warehouse, "int_session_flags", row_key=f"{SHA[:16]}:8",
               rule_id="dbt_session_date_out_of_order")  # fmt: skip
    asked = [x for x in sheet(settings) if x["num_seance"] == "7"]
    assert [(x["champ"], x["ancienne"]) for x in asked] == [("date_seance", "03/04/2020")]


def test_a_gap_is_not_asked_about_while_a_row_of_the_patient_is_in_quarantine(settings):
    with connect(settings.live) as warehouse:
        insert(warehouse, "raw_sessions", patient_id=ANN, record_key=f"{ANN}:7", line=8,
               file_sha256=SHA, row_key=f"{SHA[:16]}:8", known_from=date(2020, 1, 1))  # fmt: skip
        warehouse.execute("create table int_session_flags (row_key varchar, rule_id varchar)")
        insert(warehouse, "int_session_flags", row_key=f"{SHA[:16]}:8",
               rule_id="dbt_session_number_gap")  # fmt: skip
    assert not [x for x in sheet(settings) if x["num_seance"] == "7"]
    with connect(settings.live) as warehouse:
        warehouse.execute("update quarantine_row set is_open = false")
    assert len([x for x in sheet(settings) if x["num_seance"] == "7"]) == 1


@pytest.mark.parametrize(
    ("table", "column", "value", "text"),
    [
        ("sessions", "pain_relief_pct", 30.0, "30"),
        ("sessions", "pain_relief_pct", 12.5, "12,5"),
        ("sessions", "session_date", date(2020, 4, 3), "03/04/2020"),
        ("sessions", "target", "m1_left", "M1 G"),
        ("sessions", "pain_relief_pct", None, ""),
    ],
)
def test_values_are_written_as_the_clinic_writes_them(table, column, value, text):
    from expectations import dictionary

    assert as_written(value, dictionary.load()[table].column(column)) == text


def test_every_rule_that_sets_something_aside_has_a_question():
    quarantining = {r.id for r in load_rules().values() if r.action.startswith("quarantine")}
    assert quarantining <= set(load_questions())
    assert set(asked_of()) <= set(load_questions())


def test_duckdb_leaves_no_file_open(settings):
    sheet(settings)
    duckdb.connect(str(settings.vault)).close()
