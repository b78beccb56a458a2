"""The rule registry as data: fields that fit together, messages that name the way out."""

import re

import pytest

from expectations import rules
from expectations.rule_pages import render_rules
from expectations.rules import Rule, load_rules, rule

RULES = load_rules()
FIELDS = ("id", "a title", "conformance", "gx", "error", "block", "rows")


def test_actions_fit_their_owner():
    allowed = {
        "gate": {"refuse", "block", "warn", "repair"},
        "contract": {"quarantine_row", "quarantine_cell", "repair", "drop", "block", "refuse",
                     "warn"},
        "dbt": {"block", "warn"},
        "gx": {"block", "warn"},
    }  # fmt: skip
    assert [one.id for one in RULES.values() if one.action not in allowed[one.owner]] == []


def test_warnings_never_block():
    wrong = [r.id for r in RULES.values() if (r.action == "warn") != (r.severity == "warning")]
    softer = [one for one in wrong if RULES[one].action not in ("repair", "drop")]
    assert softer == []


def test_titles_are_lines_of_their_own():
    assert [r.id for r in RULES.values() if not r.title or r.title.endswith(".")] == []
    titles = [r.title for r in RULES.values()]
    assert len(titles) == len(set(titles)), "two rules with one title are one rule, or none"


def test_a_threshold_needs_a_reason():
    with pytest.raises(ValueError, match="threshold_reason"):
        Rule(*FIELDS, threshold=1)


def test_an_unknown_rule_is_named():
    with pytest.raises(KeyError, match=r"no_such_rule is not in registry/: add it there"):
        rule("no_such_rule")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("- {id: row_key_unique, title: t, kahn: conformance, owner: dbt, severity: error, "
         "action: block, denominator: rows}", "two rules share the id row_key_unique"),
        ("- {id: a, title: t, kahn: conformance, owner: gx, severity: error, action: block, "
         "denominator: rows}", "dbt.yml: rules of another owner: a"),
        ("- {id: a, title: t, kahn: taste, owner: dbt, severity: error, action: block, "
         "denominator: rows}", "kahn"),
        ("- {id: a, titel: t}", "titel"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused(tmp_path, monkeypatch, entry, message):
    for file in rules.FOLDER.glob("*.yml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")
    (tmp_path / "dbt.yml").write_text(entry + "\n", encoding="utf-8")
    monkeypatch.setattr(rules, "FOLDER", tmp_path)
    load_rules.cache_clear()
    try:
        with pytest.raises(ValueError, match=re.escape(message)):
            load_rules()
    finally:
        load_rules.cache_clear()


def test_the_page_says_of_every_rule_what_follows_and_where_to_look():
    page = render_rules()
    for one in RULES.values():
        (entry,) = re.findall(rf"^### {one.id}\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
        assert "- Investigate: " in entry and f"Counts {one.denominator}" in entry
        if one.threshold is not None:
            assert f"Threshold {one.threshold:g}: " in entry
        if one.action in ("refuse", "quarantine_row", "quarantine_cell"):
            assert "- À la source : " in entry


def test_great_expectations_rules_say_where_to_look_themselves():
    own = [one for one in RULES.values() if one.owner == "gx"]
    assert [one.id for one in own if not one.how_to_investigate] == []
    warnings = [one for one in own if one.severity == "warning"]
    assert [one.id for one in warnings if not one.how_to_fix] == []
