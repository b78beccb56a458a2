"""Suites: a clean table passes, a planted value is caught, nothing of a patient gets out."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from expectations.checks import Check
from expectations.contract import check_rows
from expectations.dictionary import load
from expectations.lineage import LINEAGE
from expectations.mart_suites import load_marts
from expectations.suites import build, columns_needed, for_table, names
from expectations.validate import MOST_ROW_KEYS, validate

CANARY = "CANARI-DUPONT"
CASES = yaml.safe_load((Path(__file__).parent / "data/gx_cases.yml").read_text("utf-8"))
DBT_MARTS = Path(__file__).parents[2] / "dbt/models/marts"


def raw(table, **columns):
    """Versions of a raw table as the load writes them, from text cells."""
    n = len(columns["ipp"])
    rows = pd.DataFrame({"line": range(2, n + 2), **columns})
    kept = check_rows(load()[table], rows, delivery_date=date(2020, 1, 1)).kept
    return kept.assign(
        row_key=[f"{'a' * 16}:{line}" for line in kept["line"]],
        record_key="",
        version_no=1,
        known_from=pd.Timestamp(2020, 1, 1),
        known_to=pd.NaT,
        end_reason=None,
        set_aside_rule=None,
        delivery_id="20200101",
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


def against(verdict):
    return [(r.rule_id, r.column, r.status) for r in (*verdict.errors, *verdict.warnings)]


def result_of(verdict, rule_id, column):
    (found,) = [r for r in verdict.results if (r.rule_id, r.column) == (rule_id, column)]
    return found


def frame_of(columns):
    """Frame with days as DuckDB hands them over."""
    days = {name for name, cells in columns.items() if any(isinstance(c, date) for c in cells)}
    frame = pd.DataFrame(columns)
    return frame.astype(dict.fromkeys(days, "datetime64[us]"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["rule"])
def test_each_rule_passes_its_clean_case_and_catches_its_planted_one(case, monkeypatch):
    rule_id, suite, column = case["rule"], case["suite"], case["column"]
    (check,) = [c for c in for_table(suite) if (c.rule_id, c.column) == (rule_id, column)]
    monkeypatch.setattr("expectations.validate.for_table", lambda name: [check])
    planted = case["planted"] if case.get("replace") else case["clean"] | case["planted"]
    clean = frame_of(case["clean"])
    if rule_id == "table_columns":
        clean = clean.assign(**dict.fromkeys(check.kwargs["column_set"], 1))
    (passed,) = validate(suite, clean).results
    assert passed.status in ("passed", "passed_with_rows")
    (caught,) = validate(suite, frame_of(planted)).results
    assert caught.status == "failed"
    assert list(caught.row_keys) == case.get("rows", list(caught.row_keys))


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


@pytest.mark.parametrize("name", load_marts())
def test_a_mart_suite_knows_only_columns_that_the_mart_has(name):
    (model,) = yaml.safe_load((DBT_MARTS / f"{name}.yml").read_text("utf-8"))["models"]
    unknown = set(load_marts()[name].all_columns) - {column["name"] for column in model["columns"]}
    assert not unknown, f"marts.yml asks {name} for {sorted(unknown)}, which dbt does not make"


def test_the_lineage_columns_are_those_that_the_load_writes():
    from orchestration.ingest.schema import VERSION

    assert {name: kind for name, (kind, _) in LINEAGE.items()} == VERSION


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


def test_a_canary_in_every_text_column_is_in_no_result_and_no_gx_object(
    raw_sessions, monkeypatch, caplog
):
    from expectations.batches import Judge

    seen = []
    run = Judge._run

    def listening(self, *arguments):
        results = list(run(self, *arguments))
        # a broken check's traceback stays in memory; `validate` says only that it broke
        seen.extend(repr(one.result) + repr(one.expectation_config) for one in results)
        return iter(results)

    monkeypatch.setattr(Judge, "_run", listening)
    texts = set(raw_sessions.select_dtypes(["str", "object"])) - {"row_key"}
    verdict = validate("raw_sessions", raw_sessions.assign(**dict.fromkeys(texts, CANARY)))
    assert {"nurse", "target", "side_effect", "patient_id"} <= texts
    assert len(verdict.errors) > 3 and len(seen) > 60
    assert CANARY not in repr(verdict)
    assert not [one for one in [*seen, caplog.text] if CANARY in one]


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


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"session_no_recorded": 3}, "failed"),
        ({"session_no_recorded": 3, "set_aside_rule": ["key_conflict"] * 30}, "failed"),
        ({"session_no_recorded": 3, "known_to": pd.Timestamp(2020, 2, 1)}, "failed"),
        ({}, "passed"),
    ],
)
def test_one_row_of_a_record_stands_at_most(raw_sessions, change, status):
    found = validate("raw_sessions", raw_sessions.assign(**change))
    key = result_of(found, "key_conflict", "patient_id + session_no_recorded")
    if {"set_aside_rule", "known_to"} & change.keys():
        assert key.denominator == 0, "closed and set-aside versions do not stand"
    assert key.status == status


def test_a_number_that_comes_back_after_half_a_year_is_another_record(raw_sessions):
    two = raw_sessions.iloc[:2].assign(session_no_recorded=1)
    for days, status in ((180, "failed"), (181, "passed")):
        later = two["session_date"].iloc[0] + pd.Timedelta(days=days)
        dates = pd.Series([two["session_date"].iloc[0], later], index=two.index)
        verdict = validate("raw_sessions", two.assign(session_date=dates))
        key = result_of(verdict, "key_conflict", "patient_id + session_no_recorded")
        assert key.status == status, days


def test_old_rows_are_not_judged_again_one_by_one_but_count_for_the_whole(raw_sessions):
    old = raw_sessions.assign(pain_relief_pct=500.0)
    whole = old[list(columns_needed("raw_sessions", whole=True))]
    header = list(raw_sessions.columns)
    verdict = validate("raw_sessions", whole, new_rows=raw_sessions[-2:], header=header)
    assert against(verdict) == []
    relief = result_of(verdict, "pr_range", "pain_relief_pct")
    assert (relief.status, relief.denominator) == ("passed", 2)
    nothing_new = validate("raw_sessions", whole, new_rows=raw_sessions[:0], header=header)
    assert nothing_new.passed
    doubled = pd.concat([whole, whole[:1]], ignore_index=True)
    verdict = validate("raw_sessions", doubled, new_rows=raw_sessions[:0], header=header)
    assert {r.rule_id for r in verdict.errors} == {"row_key_unique", "key_conflict"}


def test_tolerated_rows_are_named_without_failing():
    frame = pd.DataFrame({"row_key": [f"k{n}" for n in range(100)], "interval_days": 21})
    verdict = validate("intervals", frame.assign(interval_days=frame.index.to_series() + 3))
    found = result_of(verdict, "interval_unusual", "interval_days")
    assert (found.status, found.numerator, found.denominator) == ("passed_with_rows", 2, 100)
    assert found.row_keys == ("k0", "k1")
