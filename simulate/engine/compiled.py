"""How the engine's kernels are compiled: see `classical.batched.compiled`.

The stamp covers `simulate/streams.py` too, whose kernel calls the engine's.
"""

from functools import partial
from pathlib import Path

from classical.batched.compiled import compiler

_FOLDER = Path(__file__).parent

# Nothing here is called back from C.
compiled = partial(compiler(_FOLDER, _FOLDER.with_name("streams.py")), no_cfunc_wrapper=True)
# Compiled into every caller: for what is called once a number.
inlined = partial(compiled, forceinline=True)
