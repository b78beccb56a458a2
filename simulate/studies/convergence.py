"""How the Monte Carlo error of a study shrank as its shards were added, in the order of replicates.

Here: one pure reading of a store. Not here: the error itself, which each kind of study has of its
own, or when a run stops (`run.py`).
"""

from typing import Any

import numpy as np
import pandas as pd

from simulate.studies.kinds import kind
from simulate.studies.ratios import largest
from simulate.studies.store import Store
from simulate.studies.worlds import labels, worlds

MOST_STEPS = 40
"""Steps of one world's course: more shards are added up between them."""


def course(design: Any, store: Store) -> pd.DataFrame:
    """Return the largest error of the stop measure after every shard of every world.

    Parameters
    ----------
    design, store
        A study and its counts.

    Returns
    -------
    pandas.DataFrame
        world, n_replicates (counted so far, from the first), mcse (largest over the cells that the
        kind watches; NaN while one of them is not known). Nothing where nothing has been run.

    Raises
    ------
    StoreError
        A shard must not be read.
    """
    own, named, rows = kind(design.kind), labels(design), []
    for world in worlds(design):
        total, n, shards = None, 0, store.complete(world.scenario_id)
        cells = own.cells(design, world)
        steps = {round(k) for k in np.linspace(1, len(shards), MOST_STEPS)}
        for k, shard in enumerate(shards, start=1):
            total = store.added(total, shard, len(cells))
            n += shard.stop - shard.first
            if k not in steps:
                continue
            errors = own.error(design, pd.concat([cells, total.to_pandas()], axis=1))
            mcse = largest(errors)
            rows.append((named[world.scenario_id], n, mcse if np.isfinite(mcse) else np.nan))
    return pd.DataFrame(rows, columns=["world", "n_replicates", "mcse"])
