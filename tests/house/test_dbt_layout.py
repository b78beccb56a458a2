"""The root folder `dbt/` must not be a Python package, and every model stands beside its YAML.

With a `dbt/__init__.py` the engine of the same name cannot be imported; worse, dagster-dbt then
imports without an error and takes the engine for another one.
"""

import re
from pathlib import Path

import pytest
import yaml

DBT = Path(__file__).parents[2] / "dbt"
MODELS = sorted((DBT / "models").rglob("*.sql"))
MARTS = [path for path in MODELS if path.parent.name == "marts"]


def _properties(sql: Path) -> dict:
    return yaml.safe_load(sql.with_suffix(".yml").read_text(encoding="utf-8"))


def _data_tests(node: dict) -> list[tuple[str, dict]]:
    tests = list(node.get("data_tests", []))
    for column in node["columns"]:
        tests += column.get("data_tests", [])
    return [next(iter(test.items())) for test in tests]


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
    final_select = sql.read_text(encoding="utf-8").rsplit("\nselect", maxsplit=1)[1]
    assert not re.match(r"\s*(\w+\.)?\*", final_select), f"{sql.name}: name the columns"
    (model,) = _properties(sql)["models"]
    untyped = [c["name"] for c in model["columns"] if not c.get("data_type")]
    assert not untyped, f"{sql.stem}.yml: give {untyped} a data_type"


def test_every_data_test_carries_its_own_rule_id() -> None:
    tests = [test for sql in MODELS for test in _data_tests(_properties(sql)["models"][0])]
    ids = [settings["config"]["meta"]["rule_id"] for _, settings in tests]
    assert ids == [settings["name"] for _, settings in tests]
    assert len(ids) == len(set(ids)), "a rule has one implementation"
    assert all(rule_id.startswith("dbt_") for rule_id in ids)


def test_sources_are_described_and_not_tested() -> None:
    text = (DBT / "models/staging/_sources.yml").read_text(encoding="utf-8")
    (source,) = yaml.safe_load(text)["sources"]
    assert all(column["description"] for table in source["tables"] for column in table["columns"])
    assert "tests:" not in text, "what raw rows promise is checked before they are written"


def test_every_variable_that_models_read_is_declared_once() -> None:
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))
    sql = "".join(path.read_text(encoding="utf-8") for path in DBT.rglob("*.sql"))
    read = set(re.findall(r"var\(['\"](\w+)['\"]", sql))
    assert read == set(project["vars"])
