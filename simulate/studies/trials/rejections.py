"""How often one trial of a study rejects, at any number of patients: what a search for a size asks.

Here: the question (a trial, a method, what goes missing, in which worlds), its identity, and counts
of numbered replicates. Not here: which sizes are asked for (`search.py`), what is kept (`size.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate.members import parameters_for
from simulate.studies.study import digest
from simulate.studies.trials.analyses import analyse
from simulate.studies.trials.conduct import conduct, hide
from simulate.studies.trials.counting import BATCH, endpoint_of

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.trials.design import Design

ENTRY = "simulate/studies/trials/rejections.py"
REPORTS_TOGETHER = 4_000_000
"""Reports drawn at once: bounds the memory of large trials."""
_NAMES = {"name", "endpoint", "response"}
_GRID = {"n_patients", "sessions", "missing"}
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, eq=False)
class Question:
    """One trial, analysed by one method, in worlds that replicates are drawn from by weight.

    Attributes
    ----------
    design
        The study that it is of.
    worlds, weights
        With more than one world, or with an ensemble, the power is an assurance.
    trial, method, missing, sessions
        Names of the study, and a number of sessions: as a headline has them.
    """

    design: "Design"
    worlds: "Sequence[Scenario]"
    weights: Sequence[float]
    trial: str
    method: str
    missing: str
    sessions: int

    @cached_property
    def own_trial(self) -> Any:
        """The trial with this number of sessions alone."""
        trial = next(t for t in self.design.data.trials if t.name == self.trial)
        return trial.model_copy(update={"sessions": (self.sessions,)})

    @cached_property
    def own_method(self) -> Any:
        """The method as the study states it."""
        return next(m for m in self.design.methods if m.name == self.method)

    @property
    def law(self) -> Any:
        """What becomes of the reports."""
        return self.design.data.missing[self.missing]

    @property
    def endpoint(self) -> Any:
        """What the method analyses."""
        return self.design.data.endpoints[self.own_method.endpoint]

    @cached_property
    def question_id(self) -> str:
        """Sixteen hex digits of all that decides whether replicate r rejects with n patients."""
        response = self.design.response_of(self.own_trial)
        return digest(
            [
                [world.scenario_id for world in self.worlds],
                [float(w) for w in np.asarray(self.weights) / np.sum(self.weights)],
                self.own_trial.model_dump_json(exclude=_NAMES | _GRID),
                self.law.model_dump_json(),
                None if response is None else response.model_dump_json(),
                self.endpoint.model_dump_json(),
                self.sessions,
                self.own_method.model_dump_json(exclude=_NAMES),
                self.design.performance.level,
                self.design.seed,
            ]
        )

    @property
    def least(self) -> int:
        """Patients of the smallest trial worth a look: four in the smaller arm."""
        share = getattr(self.own_trial, "second_share", 1.0)
        return max(8, int(np.ceil(4 / min(share, 1 - share)))) if share < 1 else 4

    def count(self, n_patients: int, replicates: range) -> tuple[int, int]:
        """Conduct trials of a size; return tests that reject, and tests made.

        A replicate is of the same world whatever else is asked for: the golden ratio spreads any
        run of numbers evenly over the worlds.
        """
        found = np.zeros(2, dtype=np.int64)
        every = np.arange(replicates.start, replicates.stop)
        edges = np.cumsum(self.weights) / np.sum(self.weights)
        turn = np.searchsorted(edges, every * _GOLDEN % 1.0, side="right")
        step = max(1, min(BATCH, REPORTS_TOGETHER // (n_patients * self.sessions)))
        for k, world in enumerate(self.worlds):
            numbers = every[turn == k]
            for start in range(0, len(numbers), step):
                found += self._count_in(world, numbers[start : start + step], n_patients)
        return int(found[0]), int(found[1])

    def _count_in(
        self, world: "Scenario", numbers: NDArray[np.int64], n_patients: int
    ) -> NDArray[np.int64]:
        seed, level = self.design.seed, self.design.performance.level
        readings = conduct(
            self.own_trial, parameters_for(world, seed, numbers), seed, numbers, n_patients,
            asked=self.endpoint.readings, law=self.design.response_of(self.own_trial),
        )  # fmt: skip
        told = hide(readings, self.law, world, seed, numbers)
        p = analyse(self.own_method, endpoint_of(self.endpoint, told), level).p
        return np.array([(p < level).sum(), (~np.isnan(p)).sum()])
