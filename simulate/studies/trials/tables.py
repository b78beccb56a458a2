"""Frames of a study of trials.

Here: complete shards -> tables, a pure function of what is on disk. Not here: the measures
(`performance.py`), the search for a size (`search.py`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.studies.coverage import COLUMNS, positions
from simulate.studies.ratios import moment
from simulate.studies.store import Store
from simulate.studies.totals import counted
from simulate.studies.trials.counting import cells
from simulate.studies.trials.design import Design
from simulate.studies.trials.performance import MOMENTS, performance
from simulate.studies.worlds import labels

NAMED = [
    *("trial", "design", "missing", "sessions", "n_patients"),
    *("method", "estimand", "is_headline"),
]


@dataclass(frozen=True)
class Tables:
    """What a study found; every row but those of `study_assurance` carries `cell_id`."""

    study_cell: pd.DataFrame
    study_performance: pd.DataFrame
    study_coverage: pd.DataFrame
    study_assurance: pd.DataFrame
    study_shard: pd.DataFrame

    def as_dict(self) -> dict[str, pd.DataFrame]:
        """Frames by table name."""
        return dict(vars(self))


def tables(design: Design, store: Store) -> Tables:
    """Return the tables of a study from its complete shards.

    Raises
    ------
    LookupError
        Nothing of it has been run yet.
    StoreError
        A shard must not be read.
    """
    cell, shards = counted(design, store, cells)
    cell["world"] = cell["scenario_id"].map(labels(design))
    figures = performance(cell, design.performance.chosen_measures)
    key = cell[["study", "scenario_id", "world", "cell_id", *NAMED]]
    products = [moment(*pair) for pair in MOMENTS]  # only errors are made of them
    products += COLUMNS
    return Tables(
        study_cell=cell.drop(columns=products),
        study_performance=key.merge(figures, on="cell_id"),
        study_coverage=key.merge(positions(cell), on="cell_id"),
        study_assurance=_assurance(design, cell),
        study_shard=shards,
    )


def _assurance(design: Design, cell: pd.DataFrame) -> pd.DataFrame:
    """Power averaged over the worlds with their weights, and how far they lie apart.

    Returns
    -------
    pandas.DataFrame
        One row a trial, size and method: assurance, mcse, least, most (power of the least and most
        favourable world), n_worlds. Of an ensemble every replicate is another member: the power of
        such a world is an assurance already.
    """
    rows = cell.merge(performance(cell, ("power",)), on="cell_id")
    ids = list(dict.fromkeys(rows["scenario_id"]))
    given = design.data.weights
    weight = dict.fromkeys(ids, 1.0) if given == "equal" else dict(zip(ids, given, strict=False))
    rows["weight"] = rows["scenario_id"].map(weight)
    found = []
    for named, own in rows.groupby(NAMED, sort=False):
        share = (own["weight"] / own["weight"].sum()).to_numpy()
        power = own["estimate"].to_numpy()
        found.append(
            dict(zip(NAMED, named, strict=True))
            | {
                "assurance": float(share @ power),
                "mcse": float(np.sqrt(share**2 @ own["mcse"].to_numpy() ** 2)),
                "least": float(power.min()),
                "most": float(power.max()),
                "n_worlds": len(own),
            }
        )
    return pd.DataFrame(found).assign(study=design.study)
