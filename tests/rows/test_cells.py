"""Parsers of cells, by tables of examples."""

from datetime import date, datetime

import pytest

from expectations.cells import LONGEST_CELL, Bad, Ok, Repaired, parse_cell
from expectations.dictionary import load
from expectations.outcomes import FORMULA_NO_VALUE
from expectations.rules import rule

TABLES = load()
NBSP, NARROW = "\u00a0", "\u202f"


def read(text, column, *, table="sessions", native=False, pivot_year=2022, not_after=None):
    return parse_cell(
        text,
        TABLES[table].column(column),
        pivot_year=pivot_year,
        native=native,
        not_after=not_after,
    )


def short(cell):
    """Write an outcome as a clinician would: value, or value and repair, or the broken rule."""
    match cell:
        case Ok(value=value, reason=None):
            return value
        case Ok(reason=reason):
            return (None, reason)
        case Repaired(value=value, rule_id=rule_id):
            return (value, rule_id)
        case Bad(rule_id=rule_id):
            return rule_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("100", 100.0),
        ("30,5", 30.5),
        ("0,3", 0.3),
        ("", None),
        ("   ", None),
        ("NR", (None, "missing_token")),
        ("nd", (None, "missing_token")),
        ("Non fait", (None, "missing_token")),
        ("-", (None, "missing_token")),
        ("9999", (None, "missing_token")),
        (" 30 ", (30.0, "cell_whitespace")),
        (f"30{NBSP}", (30.0, "cell_whitespace")),
        (f"30{NARROW}%", (30.0, "number_percent_sign")),
        ("30 %", (30.0, "number_percent_sign")),
        ("30.5", (30.5, "number_decimal_point")),
        ("305", "pr_range"),
        ("101", "pr_range"),
        ("100,1", "pr_range"),
        ("-20", "pr_negative"),
        ("-0", 0.0),
        ("~30", "number_format"),
        ("30-40", "number_format"),
        ("amélioré", "number_format"),
        ("=A1", "number_format"),
        ("1E1", "number_format"),
        ("nan", "number_format"),
        ("inf", "number_format"),
        ("3,0,5", "number_format"),
        ("٣٠", "number_format"),
        ("9" * 5000, "number_format"),
    ],
)
def test_reported_relief(text, expected):
    assert short(read(text, "pain_relief_pct")) == expected


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("1600", "n_pulses", 1600),
        (f"1{NARROW}600", "n_pulses", (1600, "number_grouped")),
        ("1600,0", "n_pulses", (1600, "number_whole_decimals")),
        ("1600.0", "n_pulses", (1600, "number_decimal_point")),
        ("1600,5", "n_pulses", "number_not_whole"),
        ("14 j", "relief_duration_days", "number_format"),
        ("30 %", "relief_duration_days", "number_format"),
        ("-1", "relief_duration_days", "value_range"),
        ("10", "npsi_1", 10),
        ("11", "npsi_1", "npsi_item_range"),
        ("5", "npsi_4", 5),
        ("6", "npsi_4", "npsi_item_range"),
        ("0", "session_no_recorded", "value_range"),
        ("301", "session_no_recorded", 301),
        ("22", "had_depression", "value_range"),
    ],
)
def test_other_numbers(text, column, expected):
    assert short(read(text, column)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03/04/2019", date(2019, 4, 3)),
        ("12/13/2019", "date_impossible"),
        ("2019-04-03", (date(2019, 4, 3), "date_iso")),
        ("3/4/2019", (date(2019, 4, 3), "date_variant")),
        ("03.04.2019", (date(2019, 4, 3), "date_variant")),
        ("03/04-2019", "date_format"),
        ("03/04/19", (date(2019, 4, 3), "date_two_digit_year")),
        ("03/04/22", (date(2022, 4, 3), "date_two_digit_year")),
        ("03/04/23", (date(1923, 4, 3), "date_two_digit_year")),
        ("31/02/2019", "date_impossible"),
        ("29/02/2020", date(2020, 2, 29)),
        ("03/04/0019", "date_impossible"),
        ("43558", "date_format"),
        ("3 avril 2019", (date(2019, 4, 3), "date_month_name")),
        ("1er août 2019", (date(2019, 8, 1), "date_month_name")),
        ("03-Apr-2019", (date(2019, 4, 3), "date_month_name")),
        ("03 févr. 2019", (date(2019, 2, 3), "date_month_name")),
        ("31 avril 2019", "date_impossible"),
        ("April 3, 2019", "date_format"),
        ("3 brumaire 2019", "date_format"),
        ("04/13/2019", "date_impossible"),
        ("avril 2019", "date_format"),
        ("01/01/2023", "date_after_delivery"),
    ],
)
def test_dates_are_day_first(text, expected):
    assert short(read(text, "session_date", not_after=date(2022, 12, 31))) == expected


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("03/04/2019 09:30", "recorded_at", datetime(2019, 4, 3, 9, 30)),
        ("03/04/2019 9:30", "recorded_at", (datetime(2019, 4, 3, 9, 30), "time_variant")),
        ("03/04/2019 09:30:15", "recorded_at", (datetime(2019, 4, 3, 9, 30, 15), "time_variant")),
        ("2019-04-03 09:30", "recorded_at", (datetime(2019, 4, 3, 9, 30), "date_iso")),
        ("03/04/2019", "recorded_at", "date_format"),
        ("03/04/2019 25:00", "recorded_at", "time_format"),
        ("31/02/2019 09:30", "recorded_at", "date_impossible"),
        ("09:30", "session_time", "09:30"),
        ("9h30", "session_time", ("09:30", "time_variant")),
        ("24:00", "session_time", "time_format"),
        ("matin", "session_time", "time_format"),
    ],
)
def test_times(text, column, expected):
    assert short(read(text, column)) == expected


@pytest.mark.parametrize(
    ("table", "column", "text", "expected"),
    [
        ("patients", "laterality", "G", "left"),
        ("patients", "laterality", "gauche ", ("left", "code_synonym")),
        ("patients", "laterality", "Gche", ("left", "code_synonym")),
        ("patients", "laterality", "milieu", "code_unknown"),
        ("patients", "sex", "F", "F"),
        ("patients", "sex", "H", ("M", "code_synonym")),
        ("patients", "sex", "2", ("F", "code_synonym")),
        ("patients", "lesion_level", "peripherique", ("peripheral", "code_synonym")),
        ("patients", "aetiology", "AVC hémorragique", "haemorrhagic_stroke"),
        ("sessions", "side_effect", "céphalée", "headache"),
        ("sessions", "side_effect", "cÃ©phalÃ©e", ("headache", "code_double_encoding")),
        ("sessions", "side_effect", "c?phal?e", ("headache", "code_lossy_matched")),
        ("sessions", "side_effect", "c\ufffdphal\ufffde", ("headache", "code_lossy_matched")),
        ("sessions", "side_effect", "c\ufffdphal", "code_lossy"),
        ("sessions", "side_effect", "aucun?", "code_lossy"),
        ("patients", "sex", "?", "code_lossy"),
        ("sessions", "side_effect_serious", "oui", True),
        ("sessions", "side_effect_serious", "", None),
        ("sessions", "protocol", "", "m1_20hz"),
        ("sessions", "protocol", "theta burst", "theta_burst"),
        ("sessions", "analgesics_changed", "oui", True),
        ("sessions", "analgesics_changed", "non", False),
        ("sessions", "analgesics_changed", "O", (True, "code_synonym")),
        ("sessions", "analgesics_changed", "peut-être", "code_unknown"),
        ("sessions", "nurse", "ND", "ND"),
        ("sessions", "nurse", "É", "É"),
        ("sessions", "nurse", "abcd", "abcd"),
        ("sessions", "nurse", "Dupont", "text_form"),
        ("sessions", "nurse", "A B", "text_form"),
        ("sessions", "nurse", "@SUM(A1)", "text_form"),
        ("sessions", "nurse", "20Hz", "text_form"),
        ("sessions", "comment", "- va mieux ", "- va mieux"),
        ("sessions", "comment", "a" * (LONGEST_CELL + 1), "cell_too_long"),
    ],
)
def test_codes_and_text(table, column, text, expected):
    assert short(read(text, column, table=table)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00012345", "00012345"),
        ("1234567890", "1234567890"),
        ("12345", ("00012345", "ipp_leading_zeros")),
        (" 00012345 ", ("00012345", "cell_whitespace")),
        ("00 012 345", ("00012345", "ipp_spelling")),
        ("12345.0", ("00012345", "ipp_leading_zeros")),
        ("1E+07", "ipp_scientific"),
        ("1,2E+07", "ipp_scientific"),
        ("12345678901", "ipp_format"),
        ("A0012345", "ipp_format"),
    ],
)
def test_identifiers(text, expected):
    assert short(read(text, "ipp")) == expected


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("visit_date", "2019-04-03", date(2019, 4, 3)),
        ("visit_date", "2019-04-03 00:00:00", date(2019, 4, 3)),
        ("visit_date", "03/04/2019", date(2019, 4, 3)),
        ("visit_date", "2019-04-03 10:00:00", "date_format"),
        ("pain_relief_pct", "30.5", 30.5),
        ("n_electrodes", "2.0", 2),
        ("n_electrodes", "3", "value_range"),
        ("amplitude_v", "2,5", 2.5),
    ],
)
def test_numbers_and_dates_of_a_workbook_need_no_repair(column, text, expected):
    assert short(read(text, column, table="emcs", native=True)) == expected


def test_a_reason_never_quotes_the_cell():
    for column in TABLES["sessions"].file_columns:
        cell = parse_cell("CANARI-Dupont-0612345678", column, pivot_year=2022)
        assert not isinstance(cell, Bad) or "CANARI" not in cell.reason


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("pain_relief_pct", FORMULA_NO_VALUE, "formula_no_value"),
        ("comment", FORMULA_NO_VALUE, "formula_no_value"),
        ("pain_relief_pct", "#N/A", "formula_error"),
        ("session_date", "#REF!", "formula_error"),
        ("side_effect", "#NOM?", "formula_error"),
        ("ipp", "#DIV/0! ", "formula_error"),
        ("pain_relief_pct", "#30", "number_format"),
        ("pain_relief_pct", "3\x0b0", "cell_control_in_value"),
        ("ipp", "0001\x1f2345", "cell_control_in_value"),
        ("nurse", "A\x07B", "cell_control_in_value"),
        ("comment", "va\x07 mieux\x1f", ("va mieux", "cell_control_characters")),
        ("comment", "\x07", (None, "cell_control_characters")),
        ("comment", "va\nmieux\tvraiment", "va\nmieux\tvraiment"),
        ("pain_relief_pct", "9" * (LONGEST_CELL + 1), "cell_too_long"),
    ],
)
def test_cells_that_no_person_typed(column, text, expected):
    assert short(read(text, column)) == expected


def test_the_longest_cell_is_the_threshold_of_its_rule():
    assert rule("cell_too_long").threshold == LONGEST_CELL


def test_a_lossy_code_that_could_be_two_is_no_code():
    # `périphérique` alone has accented letters where the marks stand
    assert short(read("p?riph?rique", "lesion_level", table="patients")) == (
        "peripheral",
        "code_lossy_matched",
    )
    assert short(read("centr?l", "lesion_level", table="patients")) == "code_lossy"
