"""How the kernels of the studies are compiled: see `classical.batched.compiled`.

The stamp is every file with a kernel, so that a change of a rule compiles its callers again, and
one of storage or of a design compiles nothing.
"""

from pathlib import Path

from classical.batched.compiled import compiler

_KERNELS = ("compiled.py", "counting.py", "methods.py")

compiled = compiler(*(Path(__file__).with_name(name) for name in _KERNELS))
