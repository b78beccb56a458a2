"""Whether a study says tonight what it said last night.

Here: comparing two tables of counts of the same cells. Not here: drawing them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

COUNTS = ["tp", "fp", "fn", "tn"]
LARGEST_Z = 5.0
"""Limit for the largest of some hundred dependent cells, in standard errors."""


@dataclass(frozen=True)
class Drift:
    """What came of a comparison; `largest_z` is in standard errors of a difference of shares."""

    agrees: bool
    n_cells: int
    largest_z: float
    sentence: str


def compare(now: pd.DataFrame, before: pd.DataFrame | None) -> Drift:
    """Compare counts of tonight with last night's.

    The same code with as many replicates must count the same to the last patient. Other code draws
    other cohorts, whose shares may differ by chance.
    """
    needed = {"cell_id", "code_id", "n_replicates", "n_patients", *COUNTS}
    if before is None or not needed <= set(before.columns):
        return Drift(True, 0, 0.0, "There is no earlier night to compare with.")
    both = now.merge(before, on="cell_id", suffixes=("", "_before"))
    if both.empty:
        return Drift(True, 0, 0.0, "Last night had other worlds or methods: nothing to compare.")
    same_code = (both["code_id"] == both["code_id_before"]).all()
    same_size = (both["n_replicates"] == both["n_replicates_before"]).all()
    differs = np.zeros(len(both), dtype=bool)
    largest = 0.0
    for name in COUNTS:
        a, b = both[name], both[f"{name}_before"]
        n, m = both["n_patients"], both["n_patients_before"]
        pooled = (a + b) / (n + m)
        error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / m))
        largest = max(largest, float((np.abs(a / n - b / m) / error).max()))
        differs |= (a != b).to_numpy()
    if same_code and same_size:
        n_changed = int(differs.sum())
        said = f"The same code counted {n_changed} of {len(both)} cells otherwise than last night."
        return Drift(n_changed == 0, len(both), largest, said)
    said = f"Other code or size than last night: shares differ by at most {largest:.1f} standard "
    said += f"errors in {len(both)} cells."
    return Drift(largest <= LARGEST_Z, len(both), largest, said)
