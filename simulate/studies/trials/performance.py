"""Performance of estimates from counts: power, type S and M error, coverage, bias, with errors.

Here: one pure function, sums in, figures out. Not here: what is added up (`sums.py`). Measures are
ratios of sums over replicates, as those of test periods, with the same error
(`simulate.studies.ratios`). Words and formulas: Morris, White and Crowther 2019; Gelman and Carlin
2014 (type S: a rejection with the wrong sign; type M: how many times too large estimates are that
reject).
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from simulate.studies.frames import figures
from simulate.studies.ratios import Ratio
from simulate.studies.trials.sums import UNITS


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


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell with `cell_id`, `estimand`, `n_replicates`, sums and moments.
    measures
        Names of `MEASURES`; `n` is the number of replicates in the denominator.
    """
    figured = figures(rows, {name: MEASURES[name] for name in measures}, UNITS.__getitem__)
    is_ratio = (
        figured["measure"] == "type_m"
    )  # of sizes: its denominator is no number of replicates
    return figured.assign(n=figured["n"].mask(is_ratio, np.tile(rows["n_signed"], len(measures))))
