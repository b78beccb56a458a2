"""Frames of a study of trials.

Here: complete shards -> tables, a pure function of what is on disk. Not here: the measures
(`performance.py`), the search for a size (`search.py`), what is shared with studies of estimates
(`simulate/studies/frames.py`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.studies.frames import EstimateTables, of_estimates
from simulate.studies.store import Store
from simulate.studies.trials.counting import cells
from simulate.studies.trials.design import Design
from simulate.studies.trials.performance import performance
from simulate.studies.trials.sums import MOMENTS

NAMED = [
    *("trial", "design", "missing", "sessions", "n_patients"),
    *("method", "estimand", "is_headline"),
]


@dataclass(frozen=True)
class Tables(EstimateTables):
    """What a study of trials found; every row but those of `study_assurance` carries `cell_id`."""

    study_assurance: pd.DataFrame


def tables(design: Design, store: Store) -> Tables:
    """Return the tables of a study from its complete shards; raises as `frames.of_estimates`."""
    cell, found = of_estimates(design, store, cells, performance, MOMENTS, NAMED)
    return Tables(**found, study_assurance=_assurance(design, cell))


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
