"""Performance of estimates from sums: bias, coverage, width, error, failures, each with its MCSE.

Here: one pure function, sums in, figures out. Not here: what is added up (`sums.py`). Measures are
ratios of sums over replicates with the error of `simulate.studies.ratios`, clustered by replicate:
an estimate may be one a cohort or one a patient. Words and formulas: Morris, White and Crowther
2019, table 6.
"""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from simulate.studies.estimates.sums import POINTS, STEPS
from simulate.studies.frames import figures
from simulate.studies.ratios import Ratio

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


def performance(rows: pd.DataFrame, measures: tuple[str, ...] = tuple(MEASURES)) -> pd.DataFrame:
    """Return one row a cell and measure: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell with `cell_id`, `estimand`, `n_replicates`, sums and moments.
    measures
        Names of `MEASURES`; `n` is the number of estimates in the denominator.
    """
    asked = {name: MEASURES[name] for name in measures}
    return figures(rows, asked, lambda name: STEPS.get(name, POINTS))
