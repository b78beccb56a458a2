"""Tables of a study, whatever its kind: what all have, and what those of estimates share.

Here: the frames, made of complete shards and nothing else. Not here: which measures there are
(`performance.py` of each kind), tables of one kind alone (its `tables.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies import truth_error
from simulate.studies.coverage import COLUMNS, positions
from simulate.studies.ratios import Ratio, ratio
from simulate.studies.store import Store
from simulate.studies.sums import moment
from simulate.studies.totals import counted
from simulate.studies.worlds import labels

FloatArray = NDArray[np.float64]
_ENTER = ("n_estimated", "error", "truth", "n_covering", "n_intervals")
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
    """Return performance of estimates: cell_id, measure, estimate, mcse, n, truth_error.

    `mcse` holds the error of a truth that is read from a large cohort, which more replicates do not
    shrink; `truth_error` is that part of it, 0 where the truth does not enter or is known exactly.

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
    of_truth = _of_truth(rows, step)
    for name, measure in measures.items():
        estimate, mcse, n = ratio(rows, measure)
        if name in IN_STEPS:
            estimate, mcse = estimate * step, mcse * step
        elif name == "rmse":
            estimate = np.sqrt(estimate * square)
            with np.errstate(divide="ignore", invalid="ignore"):
                mcse = mcse * square / (2 * estimate)
        part = of_truth(name, estimate)
        mcse = np.hypot(mcse, part)
        columns = {"estimate": estimate, "mcse": mcse, "n": n.astype(np.int64), "truth_error": part}
        frames.append(
            pd.DataFrame({"cell_id": rows["cell_id"].to_numpy(), "measure": name} | columns)
        )
    return pd.concat(frames, ignore_index=True)


def _of_truth(rows: pd.DataFrame, step: FloatArray) -> Callable[[str, FloatArray], FloatArray]:
    """Return what gives the part of a measure's error that the truth's own error makes.

    To first order: a truth that is too large by d makes a bias too small by d, and a root mean
    square error e of bias b too small by d b / e; type M too small as T is too large. Of coverage:
    how many more or fewer intervals hold the truth moved by its error to either side (root mean
    square), in as far as errors of the replicates' truths have one direction.
    """
    columns = {name: rows[name].to_numpy(float) for name in (*truth_error.COLUMNS, *_ENTER)}
    fine, n = step / truth_error.FINER, columns["n_estimated"]
    sums = np.stack([columns[f"truth_block_{k}"] for k in range(truth_error.BLOCKS)])
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(n > 0, np.sqrt((sums**2).sum(axis=0)) * fine / n, 0.0)
        each = columns["truth_se"] * fine / n
        bias, truth = columns["error"] * step / n, columns["truth"] * step / n
        held = columns["n_covering"]
        moved = [columns[f"n_covering_{side}"] - held for side in ("below", "above")]
        shift = np.hypot(*moved) / np.sqrt(2) / columns["n_intervals"]
        shift *= np.where(each > 0, whole / each, 0)

    def part(measure: str, estimate: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {
                "truth": whole,
                "bias": whole,
                "rmse": np.abs(bias) / estimate * whole,
                "coverage": shift,
                "type_m": np.abs(estimate / truth) * whole,
            }.get(measure, np.zeros(len(whole)))
        return np.where(np.isfinite(found), found, 0.0)

    return part


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
    only_for_errors = [*(moment(*pair) for pair in moments), *COLUMNS, *truth_error.COLUMNS]
    return cell, {
        "study_cell": cell.drop(columns=only_for_errors),
        "study_performance": key.merge(found, on="cell_id"),
        "study_coverage": key.merge(positions(cell), on="cell_id"),
        "study_shard": shards,
    }
