"""Results of dbt's rules, read from the artifacts of one `dbt build`.

Belongs here: data tests whose meta names a rule. Does not: running dbt (`assets.marts`), the tests
themselves (`dbt/`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.validate import CheckResult, Severity, Status

FLAG_TESTS = ("flags_no_row",)
"""Generic tests on a model that holds a row a flag: what was judged is the model it reads first."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One data test that decides a rule.

    Attributes
    ----------
    test_id
        dbt's unique id, as in `run_results.json`.
    rule_id, severity
        Of the rule.
    model
        Model or raw table whose rows are judged: the meta's `denominator` where it names one.
    """

    test_id: str
    rule_id: str
    model: str
    severity: Severity


def rule_tests(manifest: Mapping[str, Any]) -> list[RuleTest]:
    """Tests of a manifest that name a rule in their meta, by rule id."""
    tests = []
    for test_id, node in manifest["nodes"].items():
        config = node.get("config", {})
        meta = config.get("meta") or {}
        if node["resource_type"] != "test" or "rule_id" not in meta:
            continue
        severity: Severity = (
            "warning" if str(config.get("severity", "")).lower() == "warn" else "error"
        )
        model = meta.get("denominator") or _judged(node, manifest)
        tests.append(RuleTest(test_id, str(meta["rule_id"]), model, severity))
    return sorted(tests, key=lambda test: (test.rule_id, test.model))


def judged_models(target: Path) -> list[str]:
    """Models whose rows are the denominators of the rules."""
    return sorted({test.model for test in rule_tests(_load(target / "manifest.json"))})


def dbt_results(target: Path, n_rows: Mapping[str, int]) -> list[CheckResult]:
    """Read what came of the rules that dbt decides.

    Parameters
    ----------
    target
        dbt's target folder with `manifest.json` and `run_results.json` of the run.
    n_rows
        Rows by model or table: the denominators (`judged_models` says of which). A model that is
        not among them has none.

    Returns
    -------
    list of CheckResult
        One a rule and model. Rows that a warning flags are kept: `passed_with_rows`. A test that
        did not run, or had no row to judge, is `not_applicable`.
    """
    found = _load(target / "run_results.json").get("results", [])
    outcomes = {result["unique_id"]: result for result in found}
    return [
        _result(test, outcomes.get(test.test_id, {}), n_rows.get(test.model, 0))
        for test in rule_tests(_load(target / "manifest.json"))
    ]


def _load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {"nodes": {}}


def _judged(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Name of the model whose rows a test judges."""
    model_id = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), "")
    nodes = {**manifest["nodes"], **manifest.get("sources", {})}
    model = nodes.get(model_id, {})
    if (node.get("test_metadata") or {}).get("name") in FLAG_TESTS:
        reads = (model.get("depends_on") or {}).get("nodes") or [model_id]
        model = nodes.get(reads[0], model)
    return str(model.get("name", model_id))


def _result(test: RuleTest, outcome: Mapping[str, Any], denominator: int) -> CheckResult:
    numerator = int(outcome.get("failures") or 0)
    status = _status(test, str(outcome.get("status", "")), numerator, denominator)
    return CheckResult(
        rule_id=test.rule_id,
        table=test.model,
        column=None,
        status=status,
        severity=test.severity,
        numerator=None if status in ("error", "not_applicable") else numerator,
        denominator=max(denominator, numerator),
        row_keys=(),
        detail=_detail(status, outcome, denominator),
    )


def _status(test: RuleTest, outcome: str, numerator: int, denominator: int) -> Status:
    match outcome:
        case "fail":
            return "failed"
        case "error" | "runtime error":
            return "error"
        case "warn":
            return "passed_with_rows" if test.severity == "warning" else "failed"
        case "pass" | "success":
            if denominator == 0:
                return "not_applicable"
            return "passed_with_rows" if numerator else "passed"
        case _:
            return "not_applicable"


def _detail(status: Status, outcome: Mapping[str, Any], denominator: int) -> str:
    """One sentence; dbt's own messages may quote SQL, so none of them is passed on."""
    if status == "error":
        return "the test itself broke: see dbt's log"
    if status != "not_applicable":
        return ""
    return "nothing to check" if outcome and denominator == 0 else "not executed"
