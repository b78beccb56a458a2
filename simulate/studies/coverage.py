"""Where in its interval the truth lies, counted: what a zip plot is drawn from.

Here: the counts of estimates by position, and the table of them. Not here: the analyses.

A position is the distance of the truth from the middle of the interval in half-widths, so that the
interval holds the truth up to 1, whatever its width or form. A zip plot ranks intervals by it
(Morris, White and Crowther 2019, figure 3); counts in steps of a tenth bound the memory of any
number of replicates and add up over shards.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

STEPS = 10
"""Steps a half-width."""
FURTHEST = 2
"""Half-widths from which positions are no longer told apart."""
_SIDE = STEPS * FURTHEST + 1
COLUMNS = tuple(f"truth_{side}_{k:02d}" for side in ("below", "above") for k in range(_SIDE))
"""Counts of intervals with the truth below and above their middle, by steps from it."""


def by_position(lo: ArrayLike, hi: ArrayLike, truth: ArrayLike) -> NDArray[np.int64]:
    """Return the counts of `COLUMNS` of intervals; those without both limits are not counted."""
    low, high, true = np.broadcast_arrays(*(np.asarray(a, float) for a in (lo, hi, truth)))
    told = np.isfinite(low) & np.isfinite(high) & np.isfinite(true)
    low, high, true = low[told], high[told], true[told]
    half = (high - low) / 2
    away = true - (low + high) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.ceil(np.abs(away) / half * STEPS) - 1
    step = np.clip(np.nan_to_num(steps, nan=0, posinf=_SIDE), 0, _SIDE - 1).astype(int)
    holds = (low <= true) & (true <= high)  # a rounding of the ratio must not change coverage
    step = np.where(holds, np.minimum(step, STEPS - 1), np.maximum(step, STEPS))
    return np.bincount(step + _SIDE * (away > 0), minlength=2 * _SIDE).astype(np.int64)


def positions(cell: pd.DataFrame) -> pd.DataFrame:
    """Return the counts as rows.

    Parameters
    ----------
    cell
        One row a cell: cell_id and `COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        cell_id, is_truth_below, half_widths_from, half_widths_to (infinite in the last step),
        is_held (the interval holds the truth), n; steps without any are left out.
    """
    step = np.tile(np.arange(_SIDE), 2)
    upper = np.where(step == _SIDE - 1, np.inf, (step + 1) / STEPS)
    about = pd.DataFrame(
        {
            "column": COLUMNS,
            "is_truth_below": np.repeat([True, False], _SIDE),
            "half_widths_from": step / STEPS,
            "half_widths_to": upper,
            "is_held": step < STEPS,
        }
    )
    long = cell.melt("cell_id", list(COLUMNS), var_name="column", value_name="n")
    rows = long[long["n"] > 0].merge(about, on="column", validate="many_to_one")
    return rows.drop(columns="column")[[
        "cell_id", "is_truth_below", "half_widths_from", "half_widths_to", "is_held", "n"
    ]]  # fmt: skip
