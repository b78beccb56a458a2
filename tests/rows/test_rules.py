"""The rule registry: every rule once, every emitted id registered, every registered id emitted."""

import ast
from pathlib import Path

import pytest

import expectations
from expectations.dictionary import load
from expectations.rules import Rule, load_rules, rule
from expectations.suites import for_table, names

ROOM = Path(expectations.__file__).parent
RULES = load_rules()
OF_THE_LOAD = {"contract_reconciled", "contract_quarantine_share"}
GATE = {
    "gate_empty_file",
    "gate_required_file_missing",
    "gate_manifest_mismatch",
    "gate_missing_column",
    "gate_duplicate_header",
    "gate_undecodable",
    "gate_unclosed_quote",
    "gate_nul_byte",
    "gate_too_large",
    "gate_kind_mismatch",
    "gate_unknown_header",
    "gate_not_a_workbook",
}


def texts_in(*file_names):
    """Every text constant in the code of these files, docstrings aside."""
    trees = [ast.parse((ROOM / name).read_text(encoding="utf-8")) for name in file_names]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def outcome_rules(*file_names):
    """First text of each Bad(...), second argument of each Repaired(...)."""
    found = set()
    for name in file_names:
        for node in ast.walk(ast.parse((ROOM / name).read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = {"Bad": 0, "Repaired": 1, "Ok": 1}.get(node.func.id)
            if place is None or len(node.args) <= place:
                continue
            if isinstance(node.args[place], ast.Constant):
                found.add(node.args[place].value)
    return found


def owned_by(owner):
    return {one.id for one in RULES.values() if one.owner == owner}


def test_every_outcome_of_a_cell_is_registered():
    emitted = outcome_rules("cells.py", "dates.py")
    ranges = {column.range_rule for table in load().values() for column in table.columns}
    assert len(emitted) > 15
    assert emitted | ranges <= owned_by("contract")


def test_every_contract_rule_is_emitted_somewhere():
    ranges = {column.range_rule for table in load().values() for column in table.columns}
    written = texts_in("cells.py", "dates.py", "row_rules.py", "contract.py") | ranges
    assert owned_by("contract") - OF_THE_LOAD <= written


def test_suites_use_registered_rules_and_every_gx_rule():
    used = {check.rule_id for name in names() for check in for_table(name)}
    assert used <= RULES.keys()
    assert owned_by("gx") <= used
    assert used - owned_by("gx") <= owned_by("contract"), "a suite guards contract rules alone"


def test_the_gate_finds_its_rules():
    assert owned_by("gate") == GATE


def test_actions_fit_their_owner():
    allowed = {
        "gate": {"refuse", "block", "warn"},
        "contract": {"quarantine_row", "quarantine_cell", "repair", "drop", "block"},
        "dbt": {"block", "warn"},
        "gx": {"block", "warn"},
    }
    assert [one.id for one in RULES.values() if one.action not in allowed[one.owner]] == []


def test_warnings_never_block():
    wrong = [r.id for r in RULES.values() if (r.action == "warn") != (r.severity == "warning")]
    softer = [one for one in wrong if RULES[one].action not in ("repair", "drop")]
    assert softer == []


def test_a_threshold_needs_a_reason():
    with pytest.raises(ValueError, match="threshold_reason"):
        Rule("x", "t", "conformance", "gx", "error", "block", "rows", threshold=1)


def test_an_unknown_rule_is_named():
    with pytest.raises(KeyError, match=r"no_such_rule is not in rules\.yml"):
        rule("no_such_rule")
