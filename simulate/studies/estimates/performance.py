"""Performance of estimates from sums: bias, coverage, width, error, failures, each with its MCSE.

Here: what is added up, and one pure function, sums in, figures out. Not here: who is counted
(`counting.py`). Measures are ratios of sums over replicates with the error of
`simulate.studies.performance`, clustered by replicate: an estimate may be one a cohort or one a
patient. Words and formulas: Morris, White and Crowther 2019, table 6.
"""

from collections.abc import Mapping
from itertools import combinations_with_replacement
from types import MappingProxyType

import numpy as np
import pandas as pd

from simulate.studies.ratios import Ratio, ratio

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
MEASURES: Mapping[str, Ratio] = MappingProxyType(
    {
        "estimate": Ratio({"estimate": 1}, {"n_estimated": 1}),
        "truth": Ratio({"truth": 1}, {"n_estimated": 1}),
        "bias": Ratio({"error": 1}, {"n_estimated": 1}),
        "rmse": Ratio({"error2": 1}, {"n_estimated": 1}),
        "coverage": Ratio({"n_covering": 1}, {"n_intervals": 1}, is_share=True),
        "interval_width": Ratio({"width": 1}, {"n_intervals": 1}),
        "failed": Ratio({"n_failed": 1}, {"n_failed": 1, "n_estimated": 1}, is_share=True),
    }
)
_IN_STEPS = ("estimate", "truth", "bias", "interval_width")


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell with `cell_id`, `estimand`, `n_replicates`, sums and moments.
    measures
        Names of `MEASURES`; `n` is the number of estimates in the denominator.
    """
    step, square = (
        np.array([STEPS.get(name, POINTS)[k] for name in rows["estimand"]]) for k in (0, 1)
    )
    frames = []
    for name in measures:
        estimate, mcse, n = ratio(rows, MEASURES[name])
        if name in _IN_STEPS:
            estimate, mcse = estimate * step, mcse * step
        elif name == "rmse":
            estimate = np.sqrt(estimate * square)
            with np.errstate(divide="ignore", invalid="ignore"):
                mcse = mcse * square / (2 * estimate)
        columns = {"estimate": estimate, "mcse": mcse, "n": n.astype(np.int64)}
        frames.append(
            pd.DataFrame({"cell_id": rows["cell_id"].to_numpy(), "measure": name} | columns)
        )
    return pd.concat(frames, ignore_index=True)
