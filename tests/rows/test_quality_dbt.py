"""dbt's artifacts of one build -> one result a rule and model."""

import json

import pytest

from orchestration.quality.dbt_results import dbt_results, judged_models

MODELS = {
    "model.p.stg_sessions": {"resource_type": "model", "name": "stg_sessions"},
    "model.p.int_session_flags": {
        "resource_type": "model", "name": "int_session_flags",
        "depends_on": {"nodes": ["model.p.stg_sessions"]},
    },
}  # fmt: skip


def data_test(rule_id, model, *, kind="unique", severity="error", **meta):
    return {
        "resource_type": "test", "attached_node": model, "depends_on": {"nodes": [model]},
        "test_metadata": {"name": kind},
        "config": {"severity": severity, "meta": {"rule_id": rule_id, **meta}},
    }  # fmt: skip


TESTS = {
    "test.p.grain": data_test("dbt_grain_unique", "model.p.stg_sessions"),
    "test.p.gap": data_test(
        "dbt_session_number_gap", "model.p.int_session_flags", kind="flags_no_row", severity="warn"
    ),
    "test.p.named": data_test(
        "dbt_named", "model.p.int_session_flags", severity="WARN", denominator="patients"
    ),
    "test.p.nameless": {"resource_type": "test", "config": {"meta": {}}},
}


@pytest.fixture
def target(tmp_path):
    manifest = {"nodes": MODELS | TESTS, "sources": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return tmp_path


def results(target, n_rows=None, **outcomes):
    told = [
        {"unique_id": f"test.p.{name}", "status": status, "failures": failures}
        for name, (status, failures) in outcomes.items()
    ]
    (target / "run_results.json").write_text(json.dumps({"results": told}), "utf-8")
    n_rows = {"stg_sessions": 40, "patients": 3} if n_rows is None else n_rows
    found = dbt_results(target, n_rows)
    return {r.rule_id: (r.table, r.status, r.numerator, r.denominator) for r in found}


def test_flags_are_counted_of_the_rows_that_were_judged(target):
    assert judged_models(target) == ["patients", "stg_sessions"]
    found = results(target, grain=("pass", 0), gap=("warn", 5), named=("pass", 0))
    assert found == {
        "dbt_grain_unique": ("stg_sessions", "passed", 0, 40),
        "dbt_named": ("patients", "passed", 0, 3),
        "dbt_session_number_gap": ("stg_sessions", "passed_with_rows", 5, 40),
    }


@pytest.mark.parametrize(
    ("outcome", "status", "numerator"),
    [
        (("pass", 0), "passed", 0),
        (("fail", 2), "failed", 2),
        (("error", None), "error", None),
        (("skipped", None), "not_applicable", None),
        (("warn", 2), "failed", 2),
    ],
)
def test_statuses_of_a_rule_of_severity_error(target, outcome, status, numerator):
    found = results(target, grain=outcome)["dbt_grain_unique"]
    assert found == ("stg_sessions", status, numerator, 40)


def test_what_was_not_executed_or_had_no_row_is_not_applicable(target):
    assert results(target)["dbt_grain_unique"][1] == "not_applicable"
    assert results(target, n_rows={}, grain=("pass", 0))["dbt_grain_unique"][1] == "not_applicable"


def test_without_artifacts_there_is_no_result(tmp_path):
    assert dbt_results(tmp_path, {}) == []


def test_no_message_of_dbt_is_passed_on(target):
    outcome = {"unique_id": "test.p.grain", "status": "error", "message": "Durand 12/03/1950"}
    (target / "run_results.json").write_text(json.dumps({"results": [outcome]}), "utf-8")
    assert "Durand" not in json.dumps([r.detail for r in dbt_results(target, {})])
