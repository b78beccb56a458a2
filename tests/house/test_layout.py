"""The house keeps its shape: rooms, one-way imports, names, and the traps of the dbt folder."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"bayes", "classical", "expectations", "orchestration", "report", "simulate"}
LEAVES = {"bayes", "classical", "expectations", "report"}
MAY_IMPORT = {
    **{room: set() for room in LEAVES},
    "simulate": {"expectations", "classical", "bayes"},
    "orchestration": ROOMS,
}
ORCHESTRATORS = {"dagster", "dagster_dbt", "dbt"}
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def python_files(room):
    return sorted((ROOT / room).rglob("*.py"))


def imports_of(path, *, module_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _module_level(tree.body) if module_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def _module_level(body):
    """Statements run at import; `if TYPE_CHECKING:` blocks are not."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_imports_run_one_way(room):
    for path in python_files(room):
        taken = set(imports_of(path)) & (ROOMS - {room})
        wrong = taken - MAY_IMPORT[room]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}: see docs/architecture.md"


def test_only_orchestration_knows_the_orchestrator():
    for room in ROOMS - {"orchestration"}:
        for path in python_files(room):
            wrong = set(imports_of(path)) & ORCHESTRATORS
            assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_generator_never_imports_bayes():
    for path in python_files("simulate"):
        if "studies" not in path.parts:
            assert "bayes" not in imports_of(path), path.relative_to(ROOT)


@pytest.mark.parametrize(
    "path",
    [
        "orchestration/cli.py", "orchestration/settings.py", "orchestration/warehouse.py",
        "orchestration/build.py", "orchestration/vault.py", "orchestration/commands/nightly.py",
        "orchestration/commands/demo.py", *sorted(
            str(p.relative_to(ROOT)) for p in (ROOT / "orchestration/ingest").glob("*.py")
        ),
    ],
)  # fmt: skip
def test_command_line_and_ingest_do_not_load_dagster_on_import(path):
    taken = set(imports_of(ROOT / path, module_level_only=True))
    assert not taken & (ORCHESTRATORS | {"pymc", "great_expectations", "altair"}), path


def test_dbt_folder_is_no_python_package():
    assert not list((ROOT / "dbt").rglob("*.py")), "Python in dbt/ shadows the dbt engine"
    assert not (ROOT / "dbt" / "packages.yml").exists(), "hub packages cannot be fetched offline"


def test_test_folders_shadow_no_room():
    names = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir()}
    assert not names & (ROOMS | {"dbt"})
    assert not list((ROOT / "tests").rglob("__init__.py"))
    files = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert len(files) == len(set(files)), "test files share a name"


def test_no_grab_bags():
    for room in ROOMS:
        for path in python_files(room):
            assert path.name not in FORBIDDEN_NAMES, path.relative_to(ROOT)
            lines = path.read_text(encoding="utf-8").count("\n")
            assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines: split it"


def test_make_and_project_ask_for_the_same_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.12,<3.14"
    assert "(3, 12) <= sys.version_info[:2] < (3, 14)" in (ROOT / "Makefile").read_text("utf-8")
    assert not (ROOT / ".python-version").exists(), "it would hide uv behind pyenv's shims"


def test_wheel_never_carries_dbt():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "dbt" not in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_lock_names_only_the_public_index():
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', lock)) == {"https://pypi.org/simple"}


def test_one_version():
    from orchestration import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
