"""The acceptance figure: which printed statistics replicate clinics of an ensemble would print.

Here: the count by block, interval widths beside those of sampling alone, and the wrong worlds that
must fail. Not here: z scores and what drives what (`misfit.py`).

A statistic is met if the 95 % interval of replicate clinics of 193 patients, widened by the
printed rounding, covers it. Two that cannot both hold in print count as one, met if either is. A
block passes with 95 % of its statistics met. A vague ensemble would pass by wide intervals, so the
width is given beside that of clinics of one and the same world.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration.targets import Target
from simulate.parameter_table import Curve
from simulate.parameters import Parameters

FloatArray = NDArray[np.float64]
PASS = 0.95


def judged(
    chosen: tuple[Target, ...], replicas: FloatArray, width_of_sampling: FloatArray
) -> pd.DataFrame:
    """Return one row a target.

    Columns: statistic, block, published, median, lo, hi (of the replicas, as printed), z (on the
    target's scale), is_met, width_ratio (interval width over sampling alone), either_or, counted.
    """
    from simulate.calibration.targets import observed, on_scale

    replicas = np.where(np.isfinite(replicas), replicas, np.nan)  # odds of an empty cell
    scaled = on_scale(replicas, chosen)
    centre, _ = observed(chosen)
    rows = []
    for k, one in enumerate(chosen):
        values = replicas[:, k][np.isfinite(replicas[:, k])]
        if len(values) < 20:
            lo = median = hi = z = np.nan
        else:
            lo, median, hi = np.percentile(values, [2.5, 50, 97.5])
            z = (centre[k] - np.nanmean(scaled[:, k])) / np.nanstd(scaled[:, k])
        met = lo - one.rounding <= one.value <= hi + one.rounding
        rows.append(
            {
                "statistic": one.statistic, "block": one.block, "published": one.value,
                "median": median, "lo": lo, "hi": hi, "z": z, "is_met": bool(met),
                "width_ratio": (hi - lo) / width_of_sampling[k],
                "either_or": one.either_or, "counted": one.counted,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def by_block(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a block: distinct statistics, how many are met, share, passes, width ratio."""
    counted = table[table["counted"]].copy()
    counted["unit"] = counted["either_or"].where(counted["either_or"] != "", counted["statistic"])
    units = counted.groupby(["block", "unit"], sort=False)["is_met"].any().reset_index()
    blocks = units.groupby("block", sort=False)["is_met"].agg(n="size", met="sum").reset_index()
    blocks["share"] = blocks["met"] / blocks["n"]
    blocks["passes"] = blocks["share"] >= PASS
    ratio = counted.groupby("block", sort=False)["width_ratio"].median()
    blocks["width_ratio"] = blocks["block"].map(ratio)
    return blocks


def noise_halved(worlds: Parameters) -> Parameters:
    """Half of the noise of session reports and of the assessment."""
    return worlds.with_values(
        noise_sd=worlds["noise_sd"] / 2, assessment_sd=worlds["assessment_sd"] / 2
    )


def saturated_by_1(worlds: Parameters) -> Parameters:
    """All relief is there at session 1: nothing accumulates."""
    return worlds.with_values(curve=np.full(len(worlds), int(Curve.FLAT)))


def independent_drop_out(worlds: Parameters) -> Parameters:
    """Stops for want of relief strike all alike, at the hazard of thirty points."""
    at_thirty = worlds["efficacy_at_zero"] + 30 * worlds["efficacy_per_point"]
    return worlds.with_values(
        efficacy_at_zero=np.clip(at_thirty, -20, 20), efficacy_per_point=0.0,
        surgery_per_point=0.0,
    )  # fmt: skip


WRONG_WORLDS: dict[str, Callable[[Parameters], Parameters]] = {
    "session noise halved": noise_halved,
    "saturated by session 1": saturated_by_1,
    "drop-out independent of relief": independent_drop_out,
}
