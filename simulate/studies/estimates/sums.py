"""What is added up of a cell of estimates: whole numbers over replicates, and sums of products.

Here: names, and the steps that make estimates whole. Not here: the counting (`counting.py`), what
is made of it (`performance.py`).
"""

from collections.abc import Mapping
from itertools import combinations_with_replacement
from types import MappingProxyType

SUMS = (
    "n_estimated",
    "n_failed",
    "estimate",
    "truth",
    "error",
    "error2",
    "n_intervals",
    "n_covering",
    "width",
)
"""Whole numbers, sums over the estimates of a replicate; values in the steps of `STEPS`."""
_WITH_ESTIMATED = ("estimate", "truth", "error", "error2")
MOMENTS = (
    *((name, name) for name in SUMS),
    *((name, "n_estimated") for name in (*_WITH_ESTIMATED, "n_failed")),
    *(pair for pair in combinations_with_replacement(("n_intervals", "n_covering", "width"), 2)
      if pair[0] != pair[1] and "n_intervals" in pair),
)  # fmt: skip
"""Pairs whose products are summed over replicates, as far as a measure needs them."""
POINTS, SHARES = (2.0**-8, 2.0**-4), (2.0**-14, 2.0**-14)
STEPS: Mapping[str, tuple[float, float]] = MappingProxyType(
    dict.fromkeys(("correlation", "discrimination", "calibration_slope"), SHARES)
)
"""Steps in which values and squares of an estimand are added up, `POINTS` where it is not listed:
sums of whole numbers are exact."""
