"""Rows of one file against each other, what is flagged, and what refuses the file as a whole."""

from datetime import date

import pandas as pd
import pytest

from expectations.contract import check_rows
from expectations.dictionary import load
from expectations.records import record_date, record_no

TABLES = load()
COLUMNS = ["line", "ipp", "session_no_recorded", "session_date", "pain_relief_pct", "comment"]


def sessions(*rows, **more):
    return pd.DataFrame(rows, columns=COLUMNS).assign(**more)


def check(rows, *, table="sessions", delivery_date=date(2020, 1, 1)):
    return check_rows(TABLES[table], rows, delivery_date=delivery_date)


def records(frame, *columns):
    return list(frame[list(columns)].itertuples(index=False, name=None))


def rules(frame):
    return records(frame, "line", "rule_id")


def visits(n, *, relief="30", first_line=2):
    """Sessions of as many patients."""
    return [(first_line + k, f"{k + 1:08d}", "1", "03/04/2019", relief, "") for k in range(n)]


def test_a_number_that_restarts_is_another_record():
    rows = sessions(
        (2, "00012345", "1", "01/02/2018", "30", ""),
        (3, "00012345", "1", "03/04/2019", "40", ""),
        (4, "00012345", "2", "17/04/2019", "30", ""),
    )
    checked = check(rows)
    assert checked.kept["line"].tolist() == [2, 3, 4]
    assert records(checked.warnings, "line", "column_name", "rule_id") == [
        (3, "session_no_recorded", "session_number_restart")
    ]


@pytest.mark.parametrize(("day", "n_kept"), [("28/09/2018", 0), ("29/09/2018", 2)])
def test_a_restart_is_more_than_180_days_later(day, n_kept):
    rows = sessions(
        (2, "00012345", "1", "01/04/2018", "30", ""), (3, "00012345", "1", day, "40", "")
    )
    assert len(check(rows).kept) == n_kept


def test_a_chain_of_near_days_is_one_record():
    rows = sessions(
        *[
            (2 + k, "00012345", "1", day, str(k), "")
            for k, day in enumerate(["01/01/2018", "01/05/2018", "01/09/2018", "01/09/2019"])
        ]
    )
    checked = check(rows)
    assert checked.kept["line"].tolist() == [5]
    assert rules(checked.quarantined_rows) == [(n, "key_conflict") for n in (2, 3, 4)]


@pytest.mark.parametrize(
    ("birth", "sex", "other", "rule_id"),
    [
        (["01/01/1950", "01/02/1950"], ["M", "M"], ["5", "5"], "patient_conflict"),
        (["01/01/1950", "1950-01-01"], ["M", "F"], ["5", "5"], "patient_conflict"),
        (["01/01/1950", "01/01/1950"], ["M", "H"], ["5", "6"], "key_conflict"),
        (["01/01/1950", ""], ["M", "M"], ["5", "5"], "key_conflict"),
    ],
)
def test_a_patient_twice_in_the_master(birth, sex, other, rule_id):
    rows = pd.DataFrame(
        {
            "line": [2, 3],
            "ipp": "00012345",
            "birth_date": birth,
            "sex": sex,
            "nrs_initial": other,
        }
    )
    assert rules(check(rows, table="patients").quarantined_rows) == [(2, rule_id), (3, rule_id)]


def test_a_quarantined_row_names_its_record_where_it_can_be_read():
    rows = sessions(
        (2, "12345", "1", "31/02/2019", "30", ""),
        (3, "00012345", "x", "03/04/2019", "30", ""),
        (4, "00012346", "7", "03/04/2019", "30", "un;deux"),
        field_count_ok=[True, True, False],
    )
    found = check(rows).quarantined_rows
    named = found[["ipp", "record_no", "record_date"]].astype("object")
    assert named.where(named.notna(), None).to_numpy().tolist() == [
        ["00012345", "1", None],
        ["00012345", None, pd.Timestamp(2019, 4, 3)],
        [None, None, None],  # the cells of this row may have shifted
    ]


def test_records_are_named_by_number_or_day():
    kept = check(sessions(*visits(1))).kept
    assert record_no(TABLES["sessions"], kept).tolist() == ["1"]
    assert record_date(TABLES["sessions"], kept).tolist() == [pd.Timestamp(2019, 4, 3)]
    visit = pd.DataFrame({"line": [4], "ipp": ["12345678"], "visit_date": ["2019-04-03"]})
    kept = check(visit, table="emcs").kept
    assert record_no(TABLES["emcs"], kept).tolist() == ["2019-04-03"]
    patient = check(pd.DataFrame({"line": [2], "ipp": ["12345678"]}), table="patients").kept
    assert record_no(TABLES["patients"], patient).tolist() == [""]
    assert record_date(TABLES["patients"], patient).isna().all()


def test_a_footer_swallows_no_row():
    rows = pd.DataFrame(
        {
            "line": [2, 3, 4, 5],
            "ipp": ["", "Total", "", "Totalier"],
            "last_name": ["Total", "", "Exporté le 01/01/2020", "Jean"],
            "birth_date": ["01/01/1950", "", "", ""],
            "nrs_initial": ["5", "213", "", ""],
        }
    )
    checked = check(rows, table="patients")
    assert rules(checked.dropped) == [(3, "row_footer")]
    assert rules(checked.quarantined_rows) == [
        (2, "required_missing"),
        (4, "required_missing"),
        (5, "ipp_format"),
    ]


def test_a_note_stands_in_the_first_column_of_the_file():
    rows = pd.DataFrame(
        {"line": [2], "last_name": ["Exporté le"], "ipp": [""], "first_name": ["01/01/2020"]}
    )
    assert rules(check(rows, table="patients").dropped) == [(2, "row_footer")]


@pytest.mark.parametrize(("n_footers", "rule_id"), [(3, None), (4, "file_footers")])
def test_a_file_of_totals_is_no_export(n_footers, rule_id):
    totals = [(90 + k, "Total", "3", "", "", "") for k in range(n_footers)]
    checked = check(sessions(*visits(5), *totals))
    assert (checked.refusal and checked.refusal[0]) == rule_id
    assert len(checked.dropped) == n_footers


@pytest.mark.parametrize(
    ("n_fractions", "n_percent", "rule_id"),
    [(5, 19, "file_unit_change"), (5, 20, None), (4, 0, None), (6, 24, None)],
)
def test_a_file_of_fractions_has_another_unit(n_fractions, n_percent, rule_id):
    fractions = [(500 + k, f"9{k:07d}", "1", "03/04/2019", "0,3", "") for k in range(n_fractions)]
    checked = check(sessions(*visits(n_percent), *fractions))
    assert (checked.refusal and checked.refusal[0]) == rule_id
    assert checked.kept["pain_relief_pct"].tolist().count(0.3) == n_fractions
    assert set(checked.warnings["rule_id"]) == {"pr_fraction"}
    assert len(checked.warnings) == n_fractions


@pytest.mark.parametrize(
    ("n_bad", "n_good", "refused"), [(11, 200, True), (10, 20, False), (11, 209, False)]
)
def test_a_file_mostly_in_quarantine_is_refused(n_bad, n_good, refused):
    bad = [(500 + k, "1E+07", "1", "03/04/2019", "30", "") for k in range(n_bad)]
    checked = check(sessions(*visits(n_good), *bad))
    assert (checked.refusal is not None) == refused
    if refused:
        assert checked.refusal == (
            "contract_quarantine_share",
            f"{n_bad} of {n_bad + n_good} rows in quarantine",
        )


@pytest.mark.parametrize(
    ("day", "time", "flagged"),
    [("31/03/2019", "02:30", True), ("31/03/2019", "03:00", False), ("30/03/2019", "02:30", False)],
)
def test_a_time_that_no_clock_showed(day, time, flagged):
    checked = check(sessions((2, "00012345", "1", day, "30", ""), session_time=time))
    assert rules(checked.warnings) == ([(2, "time_does_not_exist")] if flagged else [])
    assert checked.kept["session_time"].tolist() == [time]


def test_only_kept_rows_are_flagged():
    rows = sessions((2, "1E+07", "1", "03/04/2019", "0,3", "=1+1"))
    assert check(rows).warnings.empty


def test_warnings_stand_in_the_order_of_lines():
    rows = sessions(
        (2, "00012345", "1", "03/04/2019", "30", "=1+1"),
        (3, "00012346", "1", "03/04/2019", "0,3", "tel 0612345678"),
    )
    assert records(check(rows).warnings, "line", "column_name", "rule_id") == [
        (2, "comment", "formula_text"),
        (3, "pain_relief_pct", "pr_fraction"),
        (3, "comment", "free_text_identifier"),
    ]
