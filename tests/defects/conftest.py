"""Makes `harness`, which runs the fixtures of this folder, importable to its tests.

Test modules are imported each by itself, so a folder beside them is on no path.
"""

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("harness")


def _register(folder: Path) -> None:
    spec = ModuleSpec(folder.name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules.setdefault(folder.name, module_from_spec(spec))


pytest.register_assert_rewrite("harness")
_register(FOLDER)


@pytest.fixture(scope="session", autouse=True)
def own_key(tmp_path_factory):
    """No settings from outside, and a key of real data for these made-up patients."""
    from orchestration.vault import make_key

    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith("PLATEAU_"):
            patch.delenv(name)
    key = tmp_path_factory.mktemp("keys") / "pseudonym.key"
    make_key(key)
    patch.setenv("PLATEAU_KEY_FILE", str(key))
    yield
    patch.undo()
