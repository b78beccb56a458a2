"""Performance of estimates from counts: power, type S and M error, coverage, bias, with errors.

Here: what is added up, and one pure function, sums in, figures out. Not here: who is counted
(`counting.py`). Measures are ratios of sums over replicates, as those of test periods, with the
same error (`simulate.studies.ratios`). Words and formulas: Morris, White and Crowther 2019;
Gelman and Carlin 2014 (type S: a rejection with the wrong sign; type M: how many times too large
estimates are that reject).
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from simulate.studies.ratios import Ratio, ratio

SUMS = (
    "n_tested",
    "n_rejected",
    "n_failed",
    "n_estimated",
    "error",
    "error2",
    "truth",
    "n_intervals",
    "n_covering",
    "width",
    "n_signed",
    "n_wrong_sign",
    "magnitude",
    "true_magnitude",
    "n_randomised",
    "n_judged",
    "n_flipped",
)
"""Whole numbers, one a replicate; estimates in the units of `UNITS`."""
MOMENTS = (
    ("n_tested", "n_tested"), ("n_rejected", "n_tested"), ("n_rejected", "n_rejected"),
    ("n_failed", "n_failed"), ("n_estimated", "n_estimated"), ("error", "error"),
    ("error", "n_estimated"), ("error2", "error2"), ("error2", "n_estimated"),
    ("truth", "truth"), ("truth", "n_estimated"), ("n_intervals", "n_intervals"),
    ("n_covering", "n_covering"), ("n_covering", "n_intervals"), ("width", "width"),
    ("width", "n_intervals"), ("n_signed", "n_signed"), ("n_wrong_sign", "n_signed"),
    ("n_wrong_sign", "n_wrong_sign"), ("magnitude", "magnitude"),
    ("magnitude", "true_magnitude"), ("true_magnitude", "true_magnitude"),
    ("n_randomised", "n_randomised"), ("n_judged", "n_judged"), ("n_flipped", "n_judged"),
    ("n_flipped", "n_flipped"),
)  # fmt: skip
UNITS = MappingProxyType(
    {
        "slope": (2.0**-12, 2.0**-12),
        "difference_of_slopes": (2.0**-12, 2.0**-12),
        "difference_at_end": (2.0**-8, 2.0**-4),
        "log_odds_ratio": (2.0**-14, 2.0**-12),
        "common_log_odds_ratio": (2.0**-14, 2.0**-12),
        "superiority": (2.0**-18, 2.0**-18),
    }
)
"""Steps in which an estimand, and its square, is added up: sums of whole numbers are exact."""


def _share(over: str, under: str) -> Ratio:
    return Ratio({over: 1}, {under: 1}, is_share=True)


MEASURES: Mapping[str, Ratio] = MappingProxyType(
    {
        "power": _share("n_rejected", "n_tested"),
        "bias": Ratio({"error": 1}, {"n_estimated": 1}),
        "coverage": _share("n_covering", "n_intervals"),
        "type_s": _share("n_wrong_sign", "n_signed"),
        "type_m": Ratio({"magnitude": 1}, {"true_magnitude": 1}),
        "rmse": Ratio({"error2": 1}, {"n_estimated": 1}),
        "interval_width": Ratio({"width": 1}, {"n_intervals": 1}),
        "truth": Ratio({"truth": 1}, {"n_estimated": 1}),
        "failed": _share("n_failed", "n_replicates"),
        "patients_analysed": Ratio({"n_randomised": 1}, {"n_replicates": 1}),
        "status_flips": _share("n_flipped", "n_judged"),
    }
)
_IN_UNITS = ("bias", "interval_width", "truth")


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell with `cell_id`, `estimand`, `n_replicates`, sums and moments.
    measures
        Names of `MEASURES`; `n` is the number of replicates in the denominator.
    """
    unit, square = (np.array([UNITS[name][k] for name in rows["estimand"]]) for k in (0, 1))
    frames = []
    for name in measures:
        estimate, mcse, n = ratio(rows, MEASURES[name])
        if name in _IN_UNITS:
            estimate, mcse = estimate * unit, mcse * unit
        elif name == "rmse":
            estimate = np.sqrt(estimate * square)
            with np.errstate(divide="ignore", invalid="ignore"):
                mcse = mcse * square / (2 * estimate)
        elif name == "type_m":
            n = rows["n_signed"].to_numpy(float)
        frames.append(
            pd.DataFrame(
                {
                    "cell_id": rows["cell_id"].to_numpy(),
                    "measure": name,
                    "estimate": estimate,
                    "mcse": mcse,
                    "n": n.astype(np.int64),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
