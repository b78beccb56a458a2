"""What is counted of a cell by block of replicates: what the choice of a length weighs.

Here: names alone. Cohort r is one of block r modulo their number, however a run was cut into files.
Figures that choose (a best length, the share of worlds in which one is) are no ratio of sums, so
that their error is not that of `ratios.py`: it is found by drawing blocks anew (`resampling.py`).
Not here: the counting (`kernel.py`).
"""

N_BLOCKS = 10
COUNTED = ("fn", "n_test_sessions")
"""Of `sums.SUMS`: missed responders and sessions of the test, the two sides of a choice."""
_WHAT = ("n_replicates", *COUNTED)


def columns(block: int) -> tuple[str, ...]:
    """Names of a block's counts: its replicates, then `COUNTED`."""
    return tuple(f"block_{block}_{what}" for what in _WHAT)


COLUMNS = tuple(name for block in range(N_BLOCKS) for name in columns(block))
