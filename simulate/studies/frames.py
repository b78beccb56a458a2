"""Tables of a study, whatever its kind: what all have, and what those of estimates share.

Here: the frames, made of complete shards and nothing else. Not here: which measures there are
(`performance.py` of each kind), tables of one kind alone (its `tables.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simulate.studies.coverage import COLUMNS, positions
from simulate.studies.ratios import Ratio, ratio
from simulate.studies.store import Store
from simulate.studies.sums import moment
from simulate.studies.totals import counted
from simulate.studies.worlds import labels

IN_STEPS = ("estimate", "truth", "bias", "interval_width")
"""Measures of estimates in the unit of what is estimated."""


@dataclass(frozen=True)
class Tables:
    """What a study of any kind found."""

    study_cell: pd.DataFrame
    study_performance: pd.DataFrame
    study_shard: pd.DataFrame

    def as_dict(self) -> dict[str, pd.DataFrame]:
        """Frames by table name."""
        return dict(vars(self))


@dataclass(frozen=True)
class EstimateTables(Tables):
    """What a study of estimates found: `study_coverage` says where in its interval a truth lies."""

    study_coverage: pd.DataFrame


def figures(
    rows: pd.DataFrame,
    measures: Mapping[str, Ratio],
    steps: Callable[[str], tuple[float, float]],
) -> pd.DataFrame:
    """Return performance of estimates: `cell_id`, `measure`, `estimate`, `mcse`, `n`.

    Parameters
    ----------
    rows
        One row a cell with `cell_id`, `estimand`, `n_replicates`, sums and moments.
    measures
        By name; `rmse` is the root of the mean of `error2`, by the delta method.
    steps
        Steps in which an estimand, and its square, was added up, by its name.
    """
    step, square = (np.array([steps(name)[k] for name in rows["estimand"]]) for k in (0, 1))
    frames = []
    for name, measure in measures.items():
        estimate, mcse, n = ratio(rows, measure)
        if name == "truth":  # read once, of a large cohort, for all replicates: not without error
            mcse = np.where(mcse == 0, np.nan, mcse)
        if name in IN_STEPS:
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


def of_estimates(
    design: Any,
    store: Store,
    cells: Callable[[Any, Any], pd.DataFrame],
    performance: Callable[[pd.DataFrame, tuple[str, ...]], pd.DataFrame],
    moments: Sequence[tuple[str, str]],
    named: Sequence[str],
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return cells with all their counts, and the tables of `EstimateTables` by name.

    Parameters
    ----------
    cells, performance, moments
        Of the kind.
    named
        Columns of a cell that every row of its figures carries.

    Raises
    ------
    LookupError
        Nothing of it has been run yet.
    StoreError
        A shard must not be read.
    """
    cell, shards = counted(design, store, cells)
    cell["world"] = cell["scenario_id"].map(labels(design))
    found = performance(cell, design.performance.chosen_measures)
    key = cell[["study", "scenario_id", "world", "cell_id", *named]]
    only_for_errors = [*(moment(*pair) for pair in moments), *COLUMNS]
    return cell, {
        "study_cell": cell.drop(columns=only_for_errors),
        "study_performance": key.merge(found, on="cell_id"),
        "study_coverage": key.merge(positions(cell), on="cell_id"),
        "study_shard": shards,
    }
