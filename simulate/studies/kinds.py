"""Kinds of studies: what one must bring, and where it is.

A kind is a module with `Design` (the words of its files), `ENTRY` (the source file that counts),
`MEASURES` (by name, as `ratios.Ratio`),
`cells(design, world)` (a row a cell), `count(design, world, replicates)` (a table of whole numbers
in that order), `error(design, cell)` (Monte Carlo standard errors that a run may stop at),
`tables(design, store)` (frames by table name, with `as_dict`), and, where not all of its designs
fit the relief model of `bayes/`, `uses_relief_model(design)`. `store`, `shards`, `run` and the
command line know nothing else of it.
"""

from importlib import import_module
from typing import Any

KINDS = {
    "test_periods": "simulate.studies.test_periods",
    "trials": "simulate.studies.trials.kind",
    "estimates": "simulate.studies.estimates.kind",
}


def kind(name: Any) -> Any:
    """Return the module of a kind.

    Raises
    ------
    ValueError
        If there is none of that name; those there are are listed.
    """
    if name not in KINDS:
        raise ValueError(f"field kind: no kind {name!r}; there are: {', '.join(KINDS)}")
    return import_module(KINDS[name])
