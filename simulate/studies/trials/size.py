"""The size of a trial of a study: how many patients reach a power, in a world or over worlds.

Here: simulated rejections of one trial and method, handed to the root finder. Not here: the finder
(`search.py`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.members import parameters_for
from simulate.studies.trials.analyses import analyse
from simulate.studies.trials.conduct import conduct, hide
from simulate.studies.trials.counting import BATCH, endpoint_of
from simulate.studies.trials.search import Size, search

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.trials.design import Design

REPORTS_TOGETHER = 4_000_000
"""Reports drawn at once: bounds the memory of large trials."""


def size(
    design: "Design",
    worlds: Sequence["Scenario"],
    weights: Sequence[float],
    power: float,
    *,
    tolerance: float = 0.03,
    budget: int = 100_000,
) -> Size:
    """Return how many patients the headline's trial needs for a power.

    Parameters
    ----------
    design
        Its headline names trial, method, missing law and sessions.
    worlds, weights
        The worlds that replicates are drawn from, in turn, in proportion to their weights: with
        more than one, or with an ensemble, the power is an assurance.
    power, tolerance, budget
        As `search.search` takes them.

    Raises
    ------
    LookupError
        The power is out of reach.
    """
    head = design.headline
    trial = next(t for t in design.data.trials if t.name == head.trial)
    trial = trial.model_copy(update={"sessions": (head.sessions,)})
    method = next(m for m in design.methods if m.name == head.method)
    law = design.data.missing[head.missing]
    edges = np.cumsum(weights) / np.sum(weights)

    def rejections(n: int, replicates: range) -> tuple[int, int]:
        found = np.zeros(2, dtype=np.int64)
        every = np.arange(replicates.start, replicates.stop)
        # the golden ratio spreads any run of numbers evenly over the worlds
        turn = np.searchsorted(edges, every * 0.6180339887498949 % 1.0, side="right")
        step = max(1, min(BATCH, REPORTS_TOGETHER // (n * head.sessions)))
        for k, world in enumerate(worlds):
            numbers = every[turn == k]
            for start in range(0, len(numbers), step):
                found += _rejected(
                    design, world, trial, method, law, numbers[start : start + step], n
                )
        return int(found[0]), int(found[1])

    return search(rejections, power, low=_least(trial), tolerance=tolerance, budget=budget)


def _least(trial: Any) -> int:
    """Patients of the smallest trial worth a look: four in the smaller arm."""
    share = getattr(trial, "second_share", 1.0)
    return max(8, int(np.ceil(4 / min(share, 1 - share)))) if share < 1 else 4


def _rejected(
    design: "Design", world: "Scenario", trial: Any, method: Any, law: Any, numbers: Any, n: int
) -> np.ndarray:
    if not len(numbers):
        return np.zeros(2, dtype=np.int64)
    level = design.performance.level
    parameters = parameters_for(world, design.seed, numbers)
    endpoint = design.data.endpoints[method.endpoint]
    readings = conduct(
        trial, parameters, design.seed, numbers, n,
        asked=endpoint.readings, law=design.response_of(trial),
    )  # fmt: skip
    told = hide(readings, law, world, design.seed, numbers)
    p = analyse(method, endpoint_of(endpoint, told), level).p
    return np.array([(p < level).sum(), (~np.isnan(p)).sum()])
