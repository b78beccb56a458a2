"""The root folder `dbt/` must not be a Python package, and every model stands beside its YAML.

With a `dbt/__init__.py` the engine of the same name cannot be imported; worse, dagster-dbt then
imports without an error and takes the engine for another one.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from expectations.protocol import Protocol
from expectations.rules import load_rules

DBT = Path(__file__).parents[2] / "dbt"
MODELS = sorted((DBT / "models").rglob("*.sql"))
MARTS = [path for path in MODELS if path.parent.name == "marts"]

# What a wrong join would break, tested on many models; every other rule is one test.
SHARED = {"dbt_grain_unique", "dbt_parent_known", "dbt_patients_complete", "dbt_rows_reconciled"}


@cache
def _properties(sql: Path) -> dict:
    return yaml.safe_load(sql.with_suffix(".yml").read_text(encoding="utf-8"))


def _data_tests(node: dict) -> list[tuple[str, dict]]:
    tests = list(node.get("data_tests", []))
    for column in node["columns"]:
        tests += column.get("data_tests", [])
    return [next(iter(test.items())) for test in tests]


def _all_tests() -> list[tuple[str, dict]]:
    return [test for sql in MODELS for test in _data_tests(_properties(sql)["models"][0])]


def test_dbt_folder_holds_no_python() -> None:
    found = sorted(str(path.relative_to(DBT)) for path in DBT.rglob("*.py"))
    assert not found, f"remove {found}: `import dbt` would find this folder, not the engine"


def test_no_hub_packages() -> None:
    found = [name for name in ("packages.yml", "dependencies.yml") if (DBT / name).exists()]
    assert not found, f"remove {found}: a hospital machine may not reach the hub"


@pytest.mark.parametrize("sql", MODELS, ids=lambda path: path.stem)
def test_model_has_its_own_yaml_with_grain_and_columns(sql: Path) -> None:
    (model,) = _properties(sql)["models"]
    assert model["name"] == sql.stem
    assert model["description"].startswith("One row"), f"{sql.stem}.yml: begin with the grain"
    undocumented = [c["name"] for c in model["columns"] if not c.get("description")]
    assert not undocumented, f"{sql.stem}.yml: describe {undocumented}"


@pytest.mark.parametrize("sql", MARTS, ids=lambda path: path.stem)
def test_mart_selects_its_columns_by_name_and_types_them(sql: Path) -> None:
    final_select = ("\n" + sql.read_text(encoding="utf-8")).rsplit("\nselect", maxsplit=1)[1]
    assert not re.match(r"\s*(\w+\.)?\*", final_select), f"{sql.name}: name the columns"
    (model,) = _properties(sql)["models"]
    untyped = [c["name"] for c in model["columns"] if not c.get("data_type")]
    assert not untyped, f"{sql.stem}.yml: give {untyped} a data_type"


@pytest.mark.parametrize("sql", MARTS, ids=lambda path: path.stem)
def test_mart_names_the_rules_that_it_follows(sql: Path) -> None:
    (model,) = _properties(sql)["models"]
    words = model["description"] + " ".join(c["description"] for c in model["columns"])
    assert re.search(r"\bR\d+\b", words), f"{sql.stem}.yml: name a rule of the study"


def test_every_rule_but_the_shared_ones_is_one_test_of_its_name() -> None:
    tests = [(settings["name"], settings["config"]["meta"]) for _, settings in _all_tests()]
    names = [name for name, _ in tests]
    assert len(names) == len(set(names))
    assert [n for n, meta in tests if meta["rule_id"] not in {n, *SHARED}] == []
    counts = Counter(meta["rule_id"] for _, meta in tests)
    assert {rule for rule, n in counts.items() if n > 1} <= SHARED, "one rule, one implementation"


def test_tests_and_registry_know_the_same_rules() -> None:
    tested = {settings["config"]["meta"]["rule_id"] for _, settings in _all_tests()}
    assert tested == {one.id for one in load_rules().values() if one.owner == "dbt"}


def test_a_warning_of_the_registry_only_warns_and_everything_else_stops_the_build() -> None:
    rules = load_rules()
    for kind, settings in _all_tests():
        rule = rules[settings["config"]["meta"]["rule_id"]]
        warns = settings["config"].get("severity") == "warn"
        assert warns == (rule.severity == "warning"), rule.id
        assert warns == (kind == "flags_no_row"), rule.id


@pytest.mark.parametrize("name", ["int_session_flags", "int_patient_flags", "int_emcs_flags"])
def test_every_flag_of_a_model_is_tested_and_counted_against_the_rows_judged(name: str) -> None:
    (sql,) = [path for path in MODELS if path.stem == name]
    flags = set(re.findall(r"as (dbt_\w+)", sql.read_text(encoding="utf-8")))
    tests = [s for kind, s in _data_tests(_properties(sql)["models"][0]) if kind == "flags_no_row"]
    assert {one["arguments"]["rule"] for one in tests} == flags
    judged = {one["config"]["meta"]["denominator"] for one in tests}
    assert len(judged) == 1
    assert judged <= {path.stem for path in MODELS}


def test_sources_are_described_and_not_tested() -> None:
    text = (DBT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["sources"]
    assert all(column["description"] for table in source["tables"] for column in table["columns"])
    assert "tests:" not in text, "what raw rows promise is checked before they are written"


def test_every_variable_has_its_one_default_in_the_protocol() -> None:
    sql = "".join(path.read_text(encoding="utf-8") for path in DBT.rglob("*.sql"))
    read = set(re.findall(r"\bvar\(['\"](\w+)['\"]", sql))
    assert read == set(Protocol.preset("clinic").dbt_vars(is_synthetic=True))
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert "vars" not in project
    assert not re.search(r"\bvar\(['\"]\w+['\"]\s*,", sql), "a default stands in the protocol alone"
