"""Compiled code that an earlier version of a file has kept never gets in the way."""

import sys
from importlib.util import module_from_spec, spec_from_file_location

KERNEL = """
from pathlib import Path
from typing import NamedTuple
from classical.batched.compiled import compiler

compiled = compiler(Path(__file__))


class {name}(NamedTuple):
    a: float
    b: float


@compiled
def total(pair):
    return pair.a {sign} pair.b
"""


def loaded(path, name, sign):
    path.write_text(KERNEL.format(name=name, sign=sign))
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module.total(getattr(module, name)(5.0, 2.0))


def test_code_kept_for_a_class_that_is_gone_is_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kept_kernels", None)
    path = tmp_path / "kept_kernels.py"
    assert loaded(path, "Pair", "+") == 7.0
    assert list(tmp_path.rglob("*.nbi")), "the code is kept"
    assert loaded(path, "Couple", "-") == 3.0
