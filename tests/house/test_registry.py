"""One home for each rule: registered once, decided once, tested, and no two rules on one thing.

Ids are collected from where they are decided: Python and SQL of gate and contract, the properties
of dbt, the meta of the suites.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from expectations.dictionary import load
from expectations.rule_pages import render_rules
from expectations.rules import load_rules
from expectations.suites import build, for_table, names

ROOT = Path(__file__).resolve().parents[2]
RULES = load_rules()

# these name rules of others: what they cover, ask, or let a person accept
REFERRERS = {
    "expectations/guards.py", "expectations/suites.py", "expectations/columns.py",
    "expectations/checks.py", "expectations/profile_suites.py", "expectations/mart_suites.py",
    "expectations/study_suites.py",
    "expectations/estimate_suites.py", "expectations/model_shapes.py",
    "expectations/curve_suites.py", "expectations/model_check_suites.py",
    "expectations/surgery_suites.py",
    "orchestration/quality/coverage.py", "orchestration/quality/sheet.py",
}  # fmt: skip
LOOKUPS = {"rule", "threshold", "_threshold", "gone_by", "load_rules"}
FIELDS_OF_COLUMNS = ("range_rule", "negative_rule", "fraction_rule", "conflict_rule")
# decided by one predicate that two places ask: of one cell, and of a date and a time apart
ONE_PREDICATE = {"time_does_not_exist": "skips_two_to_three"}
# a verdict of the file on its row, which history keeps on the record
CARRIED_ON = {"patient_conflict": "expectations/history/set_aside.sql"}
# end_reason of a version; the rule is `row_` and the reason
REASONS = {"row_changed": "changed", "row_vanished": "vanished"}
READING = "orchestration/ingest/"
A_REASON = re.compile(r"^20\d\d-\d\d-\d\d \| [^|]+ \| [^|]+$", re.DOTALL)


def decided_in_python():
    """Rule id -> modules in which it is written other than to look it up or to compare."""
    found = defaultdict(set)
    for room in ("expectations", "orchestration"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name not in REFERRERS:
                for rule_id in _written(ast.parse(path.read_text(encoding="utf-8"))):
                    found[rule_id].add(name)
    return found


def _written(tree):
    aside = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.Set | ast.Tuple):
            # a list, such as of rules that a person may accept
            aside |= {id(one) for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        name = getattr(called, "attr", getattr(called, "id", None))
        if name in LOOKUPS or isinstance(node, ast.Compare):
            aside |= {id(one) for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in RULES and id(node) not in aside
    }


def decided_in_sql():
    """Rule id -> SQL files that give it to a row."""
    found = defaultdict(set)
    for path in sorted((ROOT / "expectations/history").glob("*.sql")):
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        given = re.findall(r"(?:set_aside_rule\s*=|then|else|,|select)\s*'(\w+)'", text)
        for rule_id in {one for one in given if one in RULES}:
            found[rule_id].add(str(path.relative_to(ROOT)))
        for rule_id, reason in REASONS.items():
            if f"'{reason}'" in text:
                found[rule_id].add(str(path.relative_to(ROOT)))
    return found


def decided_by_the_dictionary():
    """Rule id -> the reader of the dictionary's field that names it."""
    return {
        rule_id: {field}
        for table in load().values()
        for column in table.columns
        for field in FIELDS_OF_COLUMNS
        if (rule_id := getattr(column, field)) is not None
    }


def dbt_tests():
    """Each data test of dbt as (table, columns, generic test, rule id)."""
    for path in sorted((ROOT / "dbt/models").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for test in model.get("data_tests", []):
                yield _dbt_test(model["name"], (), test)
            for column in model.get("columns", []):
                for test in column.get("data_tests", []):
                    yield _dbt_test(model["name"], (column["name"],), test)


def _dbt_test(table, columns, test):
    ((kind, settings),) = test.items()
    named = settings.get("arguments", {}).get("columns", columns)
    return table, tuple(named), kind, settings["config"]["meta"]["rule_id"]


def gx_checks():
    return [(name, check) for name in names() for check in for_table(name)]


def implementations():
    """Rule id -> where it is decided."""
    found = defaultdict(set)
    for source in (decided_in_python(), decided_in_sql(), decided_by_the_dictionary()):
        for rule_id, places in source.items():
            found[rule_id] |= places - {CARRIED_ON.get(rule_id)}
    for *_, rule_id in dbt_tests():
        found[rule_id].add("dbt")
    for _, check in gx_checks():
        if "rule_id" in check.meta:
            found[check.rule_id].add("gx")
    return found


IMPLEMENTED = implementations()


def test_every_implementation_is_registered():
    assert IMPLEMENTED.keys() <= RULES.keys()


def test_every_rule_is_implemented():
    assert sorted(RULES.keys() - IMPLEMENTED.keys()) == []


def test_every_rule_is_decided_by_its_owner_alone():
    wrong = {}
    for rule_id, places in IMPLEMENTED.items():
        owner = RULES[rule_id].owner if rule_id in RULES else None
        if owner in ("dbt", "gx"):
            is_right = places == {owner}
        elif owner == "gate":
            # each kind of file has a reader of its own, and a file goes through one of them
            is_right = all(one.startswith(READING) for one in places)
        else:
            is_right = len(places) == 1 or rule_id in ONE_PREDICATE
        if not is_right:
            wrong[rule_id] = sorted(places)
    assert wrong == {}


@pytest.mark.parametrize(("rule_id", "predicate"), ONE_PREDICATE.items())
def test_a_rule_asked_in_two_places_is_one_predicate(rule_id, predicate):
    for place in IMPLEMENTED[rule_id]:
        assert predicate in (ROOT / place).read_text(encoding="utf-8")


def test_a_rule_of_dbt_is_one_generic_test():
    kinds = defaultdict(set)
    for _, _, kind, rule_id in dbt_tests():
        kinds[rule_id].add(re.sub("^unique_together$", "unique", kind))
    assert {rule_id: kinds_ for rule_id, kinds_ in kinds.items() if len(kinds_) > 1} == {}


def test_a_rule_of_great_expectations_is_one_kind_of_expectation():
    kinds = defaultdict(set)
    for _, check in gx_checks():
        kinds[check.rule_id].add(family_of(check))
    own = {rule_id for rule_id in kinds if RULES[rule_id].owner == "gx"}
    assert {rule_id: kinds[rule_id] for rule_id in own if len(kinds[rule_id]) > 1} == {}


FAMILIES = {
    "ExpectColumnValuesToBeUnique": "unique",
    "ExpectColumnValuesToBeInSet": "codes",
    "ExpectColumnValuesToMatchRegex": "form",
    "ExpectColumnValuesToBeInTypeList": "stored type",
    "ExpectColumnValuesToBeOfType": "stored type",
    "ExpectColumnMeanToBeBetween": "mean",
    "ExpectTableRowCountToBeBetween": "size",
    "ExpectTableColumnsToMatchSet": "columns",
}
DBT_FAMILIES = {
    "unique": "unique",
    "unique_together": "unique",
    "not_null": "present",
    "accepted_values": "codes",
    "relationships": "parent",
}


def family_of(check):
    """What a check says of its column; a usual range is another thing than a possible one."""
    if check.expectation == "ExpectColumnValuesToNotBeNull":
        return "share missing" if "mostly" in check.kwargs else "present"
    if check.expectation == "ExpectColumnValuesToBeBetween":
        return "range" if check.severity == "error" else "usual range"
    return FAMILIES[check.expectation]


def contract_predicates():
    """(raw table, columns, family) -> rule, of what the contract says of a column."""
    for table in load().values():
        raw = f"raw_{table.name}"
        yield (raw, ("patient_id", *table.key[1:]), "unique"), "key_conflict"
        for column in table.warehouse_columns:
            place = (raw, (column.name,))
            if column.required:
                yield (*place, "present"), "required_missing"
            if column.codes:
                yield (*place, "codes"), "code_unknown"
            if column.form is not None:
                yield (*place, "form"), "text_form"
            if column.minimum is not None or column.maximum is not None:
                yield (*place, "range"), column.range_rule


def gx_predicates():
    for name, check in gx_checks():
        columns = tuple(check.column.split(" + ")) if check.column else ()
        yield (name, columns, family_of(check)), check


def test_no_two_rules_say_the_same_of_a_column_save_guards():
    said = defaultdict(list)
    for predicate, rule_id in contract_predicates():
        said[predicate].append(rule_id)
    for predicate, check in gx_predicates():
        if "guards" not in check.meta:
            said[predicate].append(check.rule_id)
    for table, columns, kind, rule_id in dbt_tests():
        if kind in DBT_FAMILIES:
            said[table, columns, DBT_FAMILIES[kind]].append(rule_id)
    assert {what: rules for what, rules in said.items() if len(rules) > 1} == {}


def test_a_guard_re_asserts_what_the_contract_says_of_the_same_column():
    contract = dict(contract_predicates())
    guards = {what: check.rule_id for what, check in gx_predicates() if "guards" in check.meta}
    assert len(guards) > 50
    assert guards == {what: contract.get(what) for what in guards}
    assert {RULES[rule_id].owner for rule_id in guards.values()} == {"contract"}


@pytest.mark.parametrize("name", names())
def test_the_meta_of_each_expectation_names_a_rule(name):
    for expectation in build(name).expectations:
        (found,) = {"rule_id", "guards"} & expectation.meta.keys()
        assert (RULES[expectation.meta[found]].owner == "gx") == (found == "rule_id")


def defect_fixtures():
    """Class of the catalogue -> rules that its hand-written delivery must raise."""
    found = {}
    for path in sorted((ROOT / "tests/defects").glob("*/expected.yml")):
        fixture = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert fixture.get("clean"), f"{path.parent.name} has no clean case"
        found[fixture["defect"]] = {one["rule"] for one in fixture["found"]}
    return found


def rules_with_cases():
    """Rules that a hand-written case with a clean one beside it names."""
    cases = yaml.safe_load((ROOT / "tests/rows/data/gx_cases.yml").read_text("utf-8"))
    named = {case["rule"] for case in cases if case["clean"]}
    for rules in defect_fixtures().values():
        named |= rules
    own = {"test_dictionary.py", "test_rules.py", "test_registry.py"}
    for kind in ("rows", "pipeline", "defects"):
        for path in (ROOT / "tests" / kind).rglob("*.py"):
            if path.name not in own:
                named |= set(re.findall(r"\w+", path.read_text("utf-8"))) & RULES.keys()
    return named


def test_every_rule_has_a_hand_written_defect_and_a_clean_case():
    assert sorted(RULES.keys() - rules_with_cases()) == []


def test_every_class_that_a_rule_must_catch_is_caught_by_it():
    fixtures = defect_fixtures()
    missed = {
        rule.id: [n for n in rule.defects if rule.id not in fixtures.get(n, set())]
        for rule in RULES.values()
    }
    assert {rule_id: classes for rule_id, classes in missed.items() if classes} == {}


def test_every_threshold_says_since_when_at_which_rate_and_why():
    wrong = [
        one.id
        for one in RULES.values()
        if one.threshold_reason is not None and not A_REASON.match(one.threshold_reason.strip())
    ]
    assert wrong == [], "write threshold_reason as `2026-11-22 | rate where nothing is wrong | why`"


def test_the_page_of_the_rules_is_current():
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    assert page == render_rules(), "run python -m expectations.document rules > docs/rules.md"
