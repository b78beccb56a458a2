"""A REDCap flat export: one file, three tables, every line in exactly one of them."""

import pytest

from expectations.dictionary import load, table_for_file, tables_for_file
from expectations.rules import load_rules
from orchestration.ingest import readers
from orchestration.ingest.readers import Refused

NAME = "redcap_export_20240101.csv"
HEADER = (
    "record_id;redcap_event_name;redcap_repeat_instrument;redcap_repeat_instance;"
    "ipp;sexe;pr_periode_test;patients_complete;"
    "num_seance;date_seance;pr;dpr;seances_complete;date_visite;emcs_pr;complication;extra"
)
ROWS = (
    "1;base_arm_1;;;00000007;M;35;2;;;;;;;;;",
    "1;base_arm_1;seances;1;;;;;1;2024-01-02;30;10;2;;;;",
    "1;base_arm_1;seances;2;;;;;2;2024-01-17;40;12;2;;;;x",
    "1;base_arm_1;emcs;1;;;;;;;;;;2024-06-01;50;aucune;",
    "2;base_arm_1;;;00000008;F;;2;;;;;;;;;",
    "2;base_arm_1;questionnaire;1;;;;;;;;;;;;;",
    "2;suivi_arm_1;;;;;;;;;;;;;;;",
    "2;base_arm_1;seances;1;;;;;1;2024-01-03;20;5;2;;;;",
)


@pytest.fixture
def read(tmp_path):
    def reading(*rows, header=HEADER, end="\r\n"):
        path = tmp_path / "kept"
        path.write_text(end.join([header, *rows, ""]), encoding="utf-8", newline="")
        parsed = readers.parse(path, name=NAME)
        tables = tables_for_file(NAME)
        found = {t.name: readers.read(path, t, name=NAME, parsed=parsed) for t in tables}
        rules = {rule for text in found.values() for rule, _, _ in text.warnings}
        assert rules <= load_rules().keys()
        return found

    return reading


def test_which_tables_a_file_holds():
    assert [t.name for t in tables_for_file(NAME)] == ["patients", "sessions", "emcs"]
    assert [t.name for t in tables_for_file("REDCAP_EXPORT_20240101.CSV")][0] == "patients"
    assert [t.name for t in tables_for_file("seances_20240101.csv")] == ["sessions"]
    assert tables_for_file("notes.csv") == ()
    assert table_for_file(NAME) is None
    assert set(load()) == {"patients", "sessions", "emcs"}


def test_each_line_is_in_one_table_or_dropped(read):
    found = read(*ROWS)
    lines = {name: text.rows["line"].tolist() for name, text in found.items()}
    assert lines == {"patients": [2, 6], "sessions": [3, 4, 9], "emcs": [5]}
    dropped = found["patients"].dropped
    assert dropped["line"].tolist() == [7, 8]
    assert set(dropped["rule_id"]) == {"gate_redcap_instrument"}
    assert all(found[name].dropped.empty for name in ("sessions", "emcs"))
    told = [w for text in found.values() for w in text.warnings if w[0] == "gate_redcap_instrument"]
    assert told == [
        ("gate_redcap_instrument", 7, "2 rows of instruments or events that are no table")
    ]


def test_the_patients_number_is_on_every_row_of_the_record(read):
    found = read(*ROWS)
    assert found["sessions"].rows["ipp"].tolist() == ["00000007", "00000007", "00000008"]
    assert found["emcs"].rows["ipp"].tolist() == ["00000007"]


def test_a_form_may_stand_before_a_field_that_two_forms_have(read):
    found = read(*ROWS)
    assert found["sessions"].rows["pain_relief_pct"].tolist() == ["30", "40", "20"]
    assert found["emcs"].rows["pain_relief_pct"].tolist() == ["50"]


def test_unknown_fields_are_told_once_and_kept_for_the_vault(read):
    found = read(*ROWS)
    told = [w for text in found.values() for w in text.warnings if w[0] == "gate_unknown_header"]
    assert told == [("gate_unknown_header", 1, "column 17 is not in the dictionary")]
    assert found["sessions"].unknown.to_dict("list") == {
        "line": [4], "header": ["extra"], "value": ["x"],
    }  # fmt: skip
    assert found["patients"].unknown.empty


def test_a_value_under_another_forms_field_is_not_lost(read):
    found = read(*ROWS[:2], "1;base_arm_1;seances;3;;F;;;3;2024-02-02;30;10;2;;;;")
    assert found["sessions"].unknown["value"].tolist() == ["F"]


def test_the_verbatim_text_is_the_whole_files(read):
    found = read(*ROWS)
    for text in found.values():
        assert text.verbatim["text"].tolist() == [HEADER, *ROWS]


def test_a_comma_export_with_quoted_cells(read):
    rows = [row.replace(";", ",").replace("30", '"30,5"') for row in ROWS]
    found = read(*rows, header=HEADER.replace(";", ","))
    assert found["sessions"].rows["pain_relief_pct"].tolist()[0] == "30,5"
    assert any(rule == "gate_alternative_delimiter" for rule, _, _ in found["patients"].warnings)


def test_without_a_number_field_the_record_is_the_patient(read):
    header = "record_id;redcap_repeat_instrument;redcap_repeat_instance;sexe;date_seance;pr"
    found = read("00000007;;;M;;", "00000007;seances;1;;2024-01-02;30", header=header)
    assert found["patients"].rows["ipp"].tolist() == ["00000007"]
    assert found["sessions"].rows["ipp"].tolist() == ["00000007"]
    assert found["sessions"].rows["session_no_recorded"].tolist() == ["1"]
    assert found["emcs"].rows.empty


def test_two_numbers_of_one_record_give_its_rows_none(read):
    found = read(ROWS[0], "1;suivi_arm_1;;;00000009;M;;2;;;;;;;;;", ROWS[1])
    assert found["sessions"].rows["ipp"].tolist() == [""]


def test_a_repeating_event_is_no_patients_row(read):
    found = read(*ROWS[:2], "1;seance_arm_1;;1;;;;;;2024-01-02;30;;;;;;")
    assert found["patients"].rows["line"].tolist() == [2]
    assert found["patients"].dropped["line"].tolist() == [4]


def test_a_ragged_row_keeps_its_place(read):
    found = read(*ROWS[:2], "1;base_arm_1;seances;4;;;;;4", "1")
    assert found["sessions"].rows["field_count_ok"].tolist() == [True, False]
    assert found["patients"].rows["field_count_ok"].tolist() == [True, False]


def test_a_form_without_its_required_field_is_refused(read):
    with pytest.raises(Refused, match="session_date") as refusal:
        read(*ROWS, header=HEADER.replace("date_seance", "jour"))
    assert refusal.value.rule_id == "gate_missing_column"


def test_an_export_without_records_is_refused(read):
    with pytest.raises(Refused, match="record_id") as refusal:
        read(*ROWS, header=HEADER.replace("record_id", "numero"))
    assert refusal.value.rule_id == "gate_missing_column"
