"""Suites: a clean table passes, a planted value is caught, nothing of a patient gets out."""

from datetime import date

import pandas as pd
import pytest

from expectations.checks import Check
from expectations.contract import check_rows
from expectations.dictionary import load
from expectations.suites import build, for_table, names
from expectations.validate import MOST_ROW_KEYS, validate

CANARY = "CANARI-DUPONT"


def raw(table, **columns):
    """Rows of a raw table as the load writes them, from text cells."""
    n = len(columns["ipp"])
    rows = pd.DataFrame({"line": range(2, n + 2), **columns})
    kept = check_rows(load()[table], rows, delivery_date=date(2020, 1, 1)).kept
    return kept.assign(
        row_key=[f"{'a' * 16}:{line}" for line in kept["line"]],
        delivery_date=pd.Timestamp(2020, 1, 1),
        delivery_mode="complet",
        file_sha256="a" * 64,
        content_hash=[f"{line:032x}" for line in kept["line"]],
        patient_id=kept["ipp"].str.zfill(32),
    )


@pytest.fixture
def raw_sessions():
    return raw(
        "sessions",
        ipp=["00012345"] * 30,
        session_no_recorded=[str(n) for n in range(1, 31)],
        session_date=[f"{n:02d}/04/2019" for n in range(1, 31)],
        pain_relief_pct=[str(3 * n) for n in range(30)],
        comment=[CANARY] * 30,
    )


@pytest.fixture
def mart_sessions():
    return pd.DataFrame(
        {
            "row_key": [f"k{n}" for n in range(10)],
            "patient_id": ["0" * 32] * 10,
            "session_no": range(1, 11),
            "session_date": pd.date_range("2019-04-01", periods=10, freq="14D"),
            "days_since_previous": [None] + [14.0] * 9,
            "pain_relief_pct": [10.0 * n for n in range(10)],
        }
    )


def against(verdict):
    return [(r.rule_id, r.column, r.status) for r in (*verdict.errors, *verdict.warnings)]


def result_of(verdict, rule_id, column):
    (found,) = [r for r in verdict.results if (r.rule_id, r.column) == (rule_id, column)]
    return found


@pytest.mark.parametrize("name", names())
def test_every_suite_builds_and_says_which_rule_each_expectation_stands_for(name):
    suite = build(name)
    assert len(suite.expectations) == len(for_table(name))
    for expectation in suite.expectations:
        assert len({"rule_id", "guards"} & expectation.meta.keys()) == 1


def test_a_table_without_a_suite_is_named():
    with pytest.raises(KeyError, match=r"no suite for table raw_visits.*raw_sessions"):
        for_table("raw_visits")


def test_a_check_of_another_layer_says_that_it_guards():
    assert Check("pr_range", "ExpectColumnValuesToBeBetween").meta == {"guards": "pr_range"}
    assert Check("table_columns", "ExpectTableColumnsToMatchSet").meta == {
        "rule_id": "table_columns"
    }


def test_what_the_contract_kept_passes(raw_sessions):
    verdict = validate("raw_sessions", raw_sessions)
    assert against(verdict) == []
    assert verdict.passed
    relief = result_of(verdict, "pr_range", "pain_relief_pct")
    assert (relief.status, relief.numerator, relief.denominator) == ("passed", 0, 30)
    assert result_of(verdict, "value_range", "ssnpsi").status == "not_applicable"


def test_a_planted_value_is_caught_and_never_quoted(raw_sessions):
    planted = raw_sessions.assign(
        pain_relief_pct=raw_sessions["pain_relief_pct"].where(raw_sessions["line"] != 5, 987654.0),
        side_effect=CANARY,
        npsi_1=CANARY,
        patient_id=CANARY,
    )
    verdict = validate("raw_sessions", planted)
    relief = result_of(verdict, "pr_range", "pain_relief_pct")
    assert (relief.status, relief.numerator, relief.denominator) == ("failed", 1, 30)
    assert relief.row_keys == ("aaaaaaaaaaaaaaaa:5",)
    assert len(result_of(verdict, "code_unknown", "side_effect").row_keys) == MOST_ROW_KEYS
    assert result_of(verdict, "column_type", "npsi_1").status == "failed"
    broken = result_of(verdict, "npsi_item_range", "npsi_1")
    assert broken.status == "error" and broken in verdict.errors
    assert CANARY not in repr(verdict)
    assert "987654" not in repr(verdict)


def test_an_empty_required_table_fails_and_an_empty_optional_one_does_not(raw_sessions):
    sessions = validate("raw_sessions", raw_sessions.iloc[:0])
    failed = {r.rule_id for r in sessions.errors}
    assert failed == {
        "table_not_empty", "row_key_present", "row_key_unique", "patient_id_format",
        "key_conflict", "required_missing",
    }  # fmt: skip
    emcs = validate("raw_emcs", raw("emcs", ipp=[], visit_date=[]))
    assert emcs.passed
    statuses = {r.rule_id: r.status for r in emcs.results}
    assert statuses.pop("table_columns") == "passed"
    assert set(statuses.values()) == {"not_applicable"}


def test_an_absent_column_is_named(raw_sessions):
    verdict = validate("raw_sessions", raw_sessions.drop(columns=["row_key", "nurse"]))
    columns = result_of(verdict, "table_columns", None)
    assert (columns.status, columns.numerator) == ("failed", 2)
    assert columns.detail == "absent columns: nurse, row_key"


def test_a_duplicated_key_fails(mart_sessions):
    verdict = validate("sessions", mart_sessions.assign(session_no=1, row_key="k"))
    assert against(verdict) == [
        ("row_key_unique", "row_key", "failed"),
        ("row_key_unique", None, "failed"),
    ]


def test_missing_relief_warns_above_its_share_and_is_counted_below(mart_sessions):
    relief = mart_sessions["pain_relief_pct"]
    rule_id = "pain_relief_missing_share"
    few = validate("sessions", mart_sessions.assign(pain_relief_pct=relief.where(relief > 10)))
    found = result_of(few, rule_id, "pain_relief_pct")
    assert (found.status, found.numerator, found.denominator) == ("passed_with_rows", 2, 10)
    many = validate("sessions", mart_sessions.assign(pain_relief_pct=relief.where(relief > 40)))
    assert against(many) == [
        (rule_id, "pain_relief_pct", "failed"),
        ("relief_mean_band", "pain_relief_pct", "failed"),
    ]
    assert many.passed


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        (
            "patients",
            {"row_key": ["k"], "patient_id": ["0" * 32], "n_sessions": [3], "flow_state": ["gone"]},
        ),
        ("flow", {"step_no": [1], "step": ["gone"], "n_patients": [3], "n_sessions": [12]}),
        (
            "status",
            {
                "patient_id": ["0" * 32],
                "status_relief_pct": [30.0],
                "responder_status": ["responder"],
                "relief_category": ["gone"],
            },
        ),
        (
            "test_period_long",
            {
                "row_key": ["k"],
                "patient_id": ["0" * 32],
                "session_no": [4],
                "pain_relief_pct": [30.0],
                "responder_status": ["gone"],
            },
        ),
    ],
)
def test_a_mart_with_an_unknown_code_fails_by_that_alone(name, frame):
    verdict = validate(name, pd.DataFrame(frame))
    assert [(r.rule_id, r.numerator) for r in verdict.errors] == [("mart_codes", 1)]
