"""Ensembles: files of weighted parameter rows, from which a scenario may draw its cohorts' worlds.

Here: reading a file of `simulate/ensembles`, choosing members. Not here: making one (calibration).
"""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simulate.parameters import Parameters, of_scenario, of_table
from simulate.scenario import ENSEMBLES, Scenario, ensemble_file
from simulate.streams import Stream, checked_replicates, uniforms

WEIGHT = "_weight"
__all__ = ["ENSEMBLES", "members", "parameters_for"]


def parameters_for(scenario: Scenario, seed: int, replicates: int | ArrayLike) -> Parameters:
    """Return one row of parameters for every replicate.

    A point world gives copies. An ensemble gives each replicate one member, in proportion to
    weight, by a random number at the replicate's own address: replicate 7 has the same member
    alone or among a million; or all the same one, where the scenario names a member. Parameters
    and structures that the scenario has `pinned` keep the scenario's value.

    Raises
    ------
    ValueError
        If the ensemble's file holds a column that is no parameter, or a value out of range.
    """
    many = np.arange(replicates) if isinstance(replicates, int) else replicates
    numbers = checked_replicates(many)
    if scenario.population.ensemble is None:
        return of_scenario(scenario, len(numbers))
    table, edges = members(scenario.population.ensemble)
    law = scenario.population
    if law.member is not None and law.members is not None:
        u = np.full(len(numbers), (law.member - 0.5) / law.members)
    else:
        u = uniforms(scenario, seed, Stream.MEMBER, numbers, (0, 1), 1)[:, 0, 0]
    chosen = np.minimum(np.searchsorted(edges, u, side="right"), len(edges) - 1)
    free = [name for name in table if name not in scenario.pinned]
    return of_table(scenario, table[free].iloc[chosen].reset_index(drop=True))


def members(name: str) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return an ensemble's rows and the cumulative shares of their weights."""
    path = ensemble_file(name)
    return _read(path, blake2b(path.read_bytes(), digest_size=16).hexdigest())


@lru_cache(maxsize=8)
def _read(path: Path, digest: str) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Read a file; the digest makes a changed file a new one."""
    is_text = path.suffix == ".csv"
    table = pd.read_csv(path, comment="#") if is_text else pd.read_parquet(path)
    weight = table[WEIGHT].to_numpy(float) if WEIGHT in table else np.ones(len(table))
    if not len(table) or weight.min() < 0 or not weight.sum() > 0:
        raise ValueError(f"ensemble {path.stem}: weights must be 0 or more, one above 0")
    return table.drop(columns=WEIGHT, errors="ignore"), np.cumsum(weight) / weight.sum()
