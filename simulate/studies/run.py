"""Run a study: make the shards that are missing, in waves, until enough is known.

Here: the loop, the same for every kind of study. Not here: how a shard is counted and what its
counts say (`kinds.py`), how it is kept (`store.py`) or where it is made (`shards.py`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulate.scenario import Scenario
from simulate.studies import files
from simulate.studies.code import code_id
from simulate.studies.kinds import kind
from simulate.studies.ratios import largest
from simulate.studies.shards import Made, map_shards
from simulate.studies.store import Shard, Store, encode
from simulate.studies.worlds import worlds

SHARD_SIZE = 1000
"""Replicates a shard: some seconds of work."""
FIRST_WAVE = 200
MOST_GROWTH = 4


@dataclass(frozen=True)
class Plan:
    """How much of a study to run, and where.

    Attributes
    ----------
    replicates
        Cohorts a world, at most.
    target_mcse
        Stop as soon as no cell that the kind watches has a larger error in the design's measure;
        looked at after whole waves, so that where one stops does not depend on who was faster.
    jobs, scheduler
        As `shards.map_shards` takes them.
    part, parts
        This machine's share of the shards, `part` from 1 to `parts`.
    shard_size
        Replicates a shard.
    only
        Id of the one world to run; all of them by default.
    """

    replicates: int
    target_mcse: float | None = None
    jobs: int = 1
    scheduler: str | None = None
    part: int = 1
    parts: int = 1
    shard_size: int = SHARD_SIZE
    only: str | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that nothing can be done with."""
        if self.replicates < 1 or self.shard_size < 1 or self.jobs < 1:
            raise ValueError("replicates, jobs and shard size must be 1 or more")
        if not 1 <= self.part <= self.parts:
            raise ValueError(f"shard {self.part}/{self.parts} is none; count from 1/n to n/n")
        if self.target_mcse is not None and (self.target_mcse <= 0 or self.parts > 1):
            raise ValueError("a target must be above 0, and one process must see all shards")


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    done, total
        Replicates over all worlds, of this run's target.
    made
        Of them made by this run.
    seconds, seconds_left
        Since its start; expected until the target, NaN before the first shard.
    mcse
        Largest error of the design's measure over the cells watched, NaN before the first figure,
        infinite while the error of one is not known.
    """

    done: int
    total: int
    made: int
    seconds: float
    seconds_left: float
    mcse: float


def open_store(design: Any, root: Path) -> Store:
    """Return the store of a design under the code at work."""
    return Store(root, design.study, design.design_id, code_of(design))


def code_of(design: Any) -> str:
    """Return the id of the code that counts a design: with `bayes` only where it fits the model."""
    own = kind(design.kind)
    asks = getattr(own, "uses_relief_model", None)
    return code_id(own.ENTRY, with_model=asks is None or asks(design))


def run(
    design: Any,
    root: Path,
    plan: Plan,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Make what is missing of a study; what is there is never made again.

    Parameters
    ----------
    design
        From `files.load`.
    root
        Folder of all studies.
    plan
        How much, and where.
    progress
        Called after every shard.

    Raises
    ------
    ValueError
        The design names an unknown world.
    StoreError
        A shard cannot be written or must not be read.
    BackendError
        Workers or scheduler do not answer.
    """
    store = open_store(design, root)
    places = [w for w in worlds(design) if plan.only in (None, w.scenario_id)]
    for world in places:
        store.describe(world.scenario_id, _described(design, world, store.code_id))
    watch = _Watch(design, store, places, plan)
    n = plan.replicates if plan.target_mcse is None else min(FIRST_WAVE, plan.replicates)
    while True:
        watch.aim(n)
        for shard, counts, seconds in map_shards(
            Maker(design.model_dump_json(), store.code_id),
            watch.missing(n),
            jobs=plan.jobs,
            scheduler=plan.scheduler,
        ):
            store.write(shard, counts, {"seconds": round(seconds, 3)})
            watch.add(shard)
            if progress is not None:
                progress(watch.state())
        if plan.target_mcse is None or n >= plan.replicates:
            break
        largest = watch.mcse()
        if largest <= plan.target_mcse:
            break
        n = _next_wave(n, largest, plan)
    state = watch.state()
    if progress is not None and not state.made:
        progress(state)
    return state


def _next_wave(n: int, mcse: float, plan: Plan) -> int:
    """Replicates that the error so far asks for, at most four times as many at once."""
    assert plan.target_mcse is not None
    asked = n * (mcse / plan.target_mcse) ** 2 if np.isfinite(mcse) else MOST_GROWTH * n
    wanted = min(max(1.1 * asked, 1.25 * n), MOST_GROWTH * n)
    return int(min(plan.replicates, -(-wanted // 100) * 100))


@dataclass(frozen=True)
class Maker:
    """Makes shards of a design; pickles as text, so that any machine with this code can run it."""

    design: str
    code_id: str

    def __call__(self, shard: Shard) -> Made:
        """Count the shard.

        Raises
        ------
        ValueError
            This process runs other code than the one that asks: its numbers must not mix.
        """
        start = time.perf_counter()
        design, by_id = _known(self.design)
        own, kin = kind(design.kind), code_of(design)
        if kin != self.code_id:
            raise ValueError(
                f"this worker's code is {kin}, the study's {self.code_id}: give every worker "
                "the same version of Plateau and of numpy, scipy and numba"
            )
        counts = encode(own.count(design, by_id[shard.scenario_id], shard.replicates))
        return shard, counts, time.perf_counter() - start


@cache
def _known(text: str) -> tuple[Any, dict[str, Scenario]]:
    design = files.parse(text)
    return design, {world.scenario_id: world for world in worlds(design)}


class _Watch:
    """Counts so far, and how long it takes."""

    def __init__(self, design: Any, store: Store, places: Sequence[Scenario], plan: Plan):
        self.store, self.places, self.plan = store, places, plan
        self.design, self.cells = design, kind(design.kind).cells(design, places[0])
        self.start, self.made = time.perf_counter(), 0
        self.total = 0
        self.sums: dict[str, Any] = {}
        self.have = {world.scenario_id: 0 for world in places}
        for world in places:
            for shard in store.complete(world.scenario_id):
                self._take(shard)

    def aim(self, n_replicates: int) -> None:
        """Set the number of replicates a world that is worked towards."""
        self.total = n_replicates * len(self.places)

    def missing(self, n_replicates: int) -> list[Shard]:
        """Return this machine's share of the shards that are missing."""
        size, plan = self.plan.shard_size, self.plan
        wanted = [
            shard
            for world in self.places
            for shard in self.store.missing(world.scenario_id, n_replicates, size)
        ]
        return [s for s in wanted if (s.first // size) % plan.parts == plan.part - 1]

    def add(self, shard: Shard) -> None:
        """Note a shard that was made just now."""
        self._take(shard)
        self.made += shard.stop - shard.first

    def _take(self, shard: Shard) -> None:
        before = self.sums.get(shard.scenario_id)
        self.sums[shard.scenario_id] = self.store.added(before, shard, len(self.cells))
        self.have[shard.scenario_id] += shard.stop - shard.first

    def mcse(self) -> float:
        """Largest error of the measure over cells and worlds, NaN without any figure."""
        error = kind(self.design.kind).error
        errors = [
            error(self.design, pd.concat([self.cells, table.to_pandas()], axis=1))
            for table in self.sums.values()
        ]
        return largest(np.concatenate(errors)) if errors else float("nan")

    def state(self) -> Progress:
        """Say how far the run is."""
        elapsed = time.perf_counter() - self.start
        done = min(sum(self.have.values()), self.total)
        share = self.total if self.plan.parts == 1 else self.total / self.plan.parts
        left = max(share - done, 0) if self.plan.parts == 1 else max(share - self.made, 0)
        rate = self.made / elapsed if self.made else float("nan")
        return Progress(
            done, self.total, self.made, elapsed, left / rate if rate else 0.0, self.mcse()
        )


def _described(design: Any, world: Scenario, code: str) -> dict[str, Any]:
    return {
        "design": design.model_dump(mode="json"),
        "world": world.model_dump(mode="json"),
        "code": code,
    }
