"""The row contract: text rows of one file in; kept, quarantined and dropped rows out."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from expectations.contract import check_rows, reconcile
from expectations.dictionary import load

TABLES = load()
COLUMNS = ["line", "ipp", "session_no_recorded", "session_date", "pain_relief_pct", "comment"]


def sessions(*rows, **more):
    return pd.DataFrame(rows, columns=COLUMNS).assign(**more)


def check(rows, *, table="sessions", delivery_date=date(2020, 1, 1), **options):
    return check_rows(TABLES[table], rows, delivery_date=delivery_date, **options)


def records(frame, *columns):
    return list(frame[list(columns)].itertuples(index=False, name=None))


def rules(frame):
    return records(frame, "line", "rule_id")


def test_clean_rows_are_kept_with_their_types():
    checked = check(sessions((2, "00012345", "1", "03/04/2019", "30,5", "va mieux")))
    (row,) = checked.kept.to_dict("records")
    assert row["ipp"] == "00012345"
    assert row["session_no_recorded"] == 1
    assert row["session_date"] == pd.Timestamp(2019, 4, 3)
    assert row["pain_relief_pct"] == 30.5
    assert row["comment"] == "va mieux"
    assert row["protocol"] == "m1_20hz"  # an empty protocol is 20 Hz over M1
    assert pd.isna(row["relief_duration_days"])  # a column that the file lacks
    assert list(checked.kept) == ["line", *(c.name for c in TABLES["sessions"].columns)]
    assert checked.refusal is None
    for name in ("quarantined_rows", "quarantined_cells", "repairs", "dropped", "warnings"):
        assert getattr(checked, name).empty


def test_a_missing_value_is_never_zero():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "", ""),
        (3, "00012345", "2", "17/04/2019", "NR", ""),
        (4, "00012345", "3", "02/05/2019", "0", ""),
    )
    checked = check(rows)
    assert checked.kept["pain_relief_pct"].isna().tolist() == [True, True, False]
    assert rules(checked.repairs) == [(3, "missing_token")]


def test_a_bad_cell_is_quarantined_and_its_row_kept():
    checked = check(sessions((2, "00012345", "1", "03/04/2019", "305", "")))
    assert pd.isna(checked.kept.loc[0, "pain_relief_pct"])
    assert checked.quarantined_cells.to_dict("records") == [
        {
            "line": 2,
            "column_name": "pain_relief_pct",
            "rule_id": "pr_range",
            "reason": "outside 0 to 100",
            "value": "305",
        }
    ]


def test_a_repair_is_logged_with_before_and_after():
    checked = check(sessions((2, "12345", "1", "03/04/2019", "30 %", "")))
    assert records(checked.repairs, "column_name", "rule_id", "before", "after") == [
        ("ipp", "ipp_leading_zeros", "12345", "00012345"),
        ("pain_relief_pct", "number_percent_sign", "30 %", "30.0"),
    ]


@pytest.mark.parametrize(
    ("ipp", "number", "day", "rule_id"),
    [
        ("", "1", "03/04/2019", "required_missing"),
        ("1E+07", "1", "03/04/2019", "ipp_scientific"),
        ("00012345", "", "03/04/2019", "required_missing"),
        ("00012345", "0", "03/04/2019", "value_range"),
        ("00012345", "un", "03/04/2019", "number_format"),
        ("00012345", "1", "NR", "required_missing"),
        ("00012345", "1", "31/02/2019", "date_impossible"),
        ("00012345", "1", "02/01/2020", "date_after_delivery"),
    ],
)
def test_a_row_without_a_readable_key_is_quarantined(ipp, number, day, rule_id):
    checked = check(sessions((2, ipp, number, day, "305", "")))
    assert rules(checked.quarantined_rows) == [(2, rule_id)]
    assert checked.kept.empty
    assert checked.quarantined_cells.empty  # cells are listed for kept rows alone


def test_a_session_on_the_day_of_the_delivery_is_possible():
    assert len(check(sessions((2, "00012345", "1", "01/01/2020", "30", ""))).kept) == 1


def test_a_row_with_a_wrong_number_of_fields_is_quarantined():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", "bien"),
        (3, "00012345", "2", "17/04/2019", "30", "bien"),
        field_count_ok=[True, False],
    )
    checked = check(rows)
    assert checked.kept["line"].tolist() == [2]
    assert rules(checked.quarantined_rows) == [(3, "field_count")]


def test_a_line_with_text_beyond_the_header_alone_is_not_blank():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", ""),
        (3, "", "", "", "", ""),
        (4, "", "", "", "", ""),
        field_count_ok=[True, False, True],
    )
    checked = check(rows)
    assert rules(checked.quarantined_rows) == [(3, "field_count")]
    assert rules(checked.dropped) == [(4, "row_blank")]


def test_lines_without_data_are_dropped():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", ""),
        (3, "", " ", "", "", ""),
        (4, "IPP", "N° séance", "Date séance", "Soulagement (%)", ""),
        (5, "Total", "2", "", "", ""),
        (6, "Exporté le 01/01/2020", "", "", "", ""),
        (7, "Dupont", "2", "", "", ""),
        field_count_ok=[True, True, True, False, False, True],
    )
    checked = check(rows)
    assert rules(checked.dropped) == [
        (3, "row_blank"),
        (4, "row_repeated_header"),
        (5, "row_footer"),
        (6, "row_footer"),
    ]
    assert rules(checked.quarantined_rows) == [(7, "ipp_format")]


def test_an_exact_duplicate_is_dropped_and_the_first_kept():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", "Va mieux"),
        (3, "12345", "1", "2019-04-03", " 30", "va mieux "),
    )
    checked = check(rows)
    assert checked.kept["line"].tolist() == [2]
    assert rules(checked.dropped) == [(3, "row_duplicate")]


def test_rows_that_contradict_each_other_are_all_quarantined():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", ""),
        (3, "00012345", "1", "03/04/2019", "40", ""),
        (4, "00012345", "1", "03/04/2019", "30", ""),
        (5, "00012345", "2", "17/04/2019", "30", ""),
    )
    checked = check(rows)
    assert checked.kept["line"].tolist() == [5]
    assert rules(checked.dropped) == [(4, "row_duplicate")]
    assert rules(checked.quarantined_rows) == [(2, "key_conflict"), (3, "key_conflict")]


def test_two_unreadable_values_of_one_session_are_a_conflict():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "305", ""),
        (3, "00012345", "1", "03/04/2019", "101", ""),
    )
    assert rules(check(rows).quarantined_rows) == [(2, "key_conflict"), (3, "key_conflict")]


def test_a_patient_twice_in_the_master_with_another_sex():
    rows = pd.DataFrame({"line": [2, 3], "ipp": ["00012345"] * 2, "sex": ["M", "F"]})
    assert rules(check(rows, table="patients").quarantined_rows) == [
        (2, "patient_conflict"),
        (3, "patient_conflict"),
    ]


def test_a_two_digit_year_follows_the_pivot():
    rows = sessions((2, "00012345", "1", "03/04/19", "30", ""))
    assert check(rows).kept.loc[0, "session_date"].year == 2019
    assert check(rows, pivot_year=2018).kept.loc[0, "session_date"].year == 1919


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("infection", True),
        ("aucune", False),
        ("RAS", False),
        ("Non", False),
        ("", None),
        ("ND", None),
    ],
)
def test_a_complication_is_stated_without_its_words(written, stated):
    rows = pd.DataFrame(
        {"line": [4], "ipp": ["12345678"], "visit_date": ["2019-04-03"], "complication": [written]}
    )
    found = check(rows, table="emcs").kept.loc[0, "has_complication"]
    assert pd.isna(found) if stated is None else found == stated


def test_no_rows_give_typed_empty_tables():
    checked = check(sessions())
    assert checked.kept.empty
    assert str(checked.kept["session_date"].dtype) == "datetime64[us]"
    assert str(checked.kept["session_no_recorded"].dtype) == "Int64"


def test_absent_cells_count_as_empty():
    rows = sessions((2, "00012345", "1", "03/04/2019", None, None))
    assert check(rows).kept["pain_relief_pct"].isna().all()


@pytest.mark.parametrize("rows", [pd.DataFrame({"ipp": ["1"]}), sessions().assign(PR="30")])
def test_columns_that_the_dictionary_does_not_know_are_refused(rows):
    with pytest.raises(ValueError, match="table sessions need the column line"):
        check(rows)


def test_rows_that_do_not_come_out_even_are_an_error():
    checked = check(sessions((2, "00012345", "1", "03/04/2019", "30", "")))
    with pytest.raises(ValueError, match="2 in, but kept 1"):
        reconcile(2, checked)
    twice = replace(checked, dropped=pd.DataFrame({"line": [2], "rule_id": ["row_blank"]}))
    with pytest.raises(ValueError, match="counted twice"):
        reconcile(2, twice)
