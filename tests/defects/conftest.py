"""Makes `harness`, which runs the fixtures of this folder, importable to its tests.

Test modules are imported each by itself, so a folder beside them is on no path.
"""

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
