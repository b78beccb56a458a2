"""What the shards of a study add up to: one row a cell of every world that has been run.

Here: the reading of a store into a frame. Not here: measures, which each kind of study has of its
own.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from simulate.studies.store import Store, StoreError
from simulate.studies.worlds import worlds


class NothingRun(LookupError):
    """A study without a complete shard; the message names the command that makes some."""


def counted(
    design: Any, store: Store, cells: Callable[[Any, Any], pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells with their counts, and one row a complete shard from its manifest.

    Raises
    ------
    NothingRun
        Nothing of the study has been run yet.
    StoreError
        A shard must not be read, or does not hold the cells of the study.
    """
    found, manifests = [], []
    for world in worlds(design) if store.partition.is_dir() else ():
        scenario_id = world.scenario_id
        if not store.folder(scenario_id).is_dir():  # its cells are many, and not asked for
            continue
        named = cells(design, world)
        total = store.total(scenario_id, len(named))
        if total is None:
            continue
        manifests += store.manifests(scenario_id)
        if "n_replicates" not in total.column_names:
            raise StoreError(
                f"the shards of {store.folder(scenario_id)} hold no counts of the "
                f"{len(named)} cells of the study; move that folder away and run again."
            )
        ids = {
            "study": design.study,
            "design_id": store.design_id,
            "code_id": store.code_id,
            "scenario_id": scenario_id,
            "world": world.name,
        }
        own = pd.DataFrame(ids, index=named.index)
        found.append(pd.concat([own, named, total.to_pandas()], axis=1))
    if not found:
        raise NothingRun(
            f"nothing of study {design.study} has been run under this design and code; "
            f"`plateau study run {design.study}` does."
        )
    return pd.concat(found, ignore_index=True), pd.DataFrame(manifests)
