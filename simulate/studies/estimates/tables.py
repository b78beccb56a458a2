"""Frames of a study of estimates.

Here: complete shards -> tables, a pure function of what is on disk. Not here: the measures
(`performance.py`).
"""

from dataclasses import dataclass

import pandas as pd

from simulate.studies.coverage import COLUMNS, positions
from simulate.studies.estimates.counting import cells
from simulate.studies.estimates.design import Design
from simulate.studies.estimates.performance import MOMENTS, performance
from simulate.studies.ratios import moment
from simulate.studies.store import Store
from simulate.studies.totals import counted
from simulate.studies.worlds import labels

NAMED = ["n_patients", "method", "analysis", "estimand", "is_headline"]


@dataclass(frozen=True)
class Tables:
    """What a study found; every row but those of `study_shard` carries `cell_id`."""

    study_cell: pd.DataFrame
    study_performance: pd.DataFrame
    study_coverage: pd.DataFrame
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
        study_shard=shards,
    )
