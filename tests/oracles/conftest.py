"""Makes `second_marts`, the marts written a second time from the rules, importable to the oracles.

Test modules are imported each by itself, so a folder beside them is on no path.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path

FOLDER = Path(__file__).with_name("second_marts")


def _register(folder: Path) -> None:
    spec = ModuleSpec(folder.name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules.setdefault(folder.name, module_from_spec(spec))


_register(FOLDER)
