"""Cohorts of a study of estimates, and the very large ones that stand for the truth.

Here: what is drawn of a world, one replicate's view of it, paired draws of the same patients. Not
here: how relief arises (`simulate/engine`), analyses.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate import batch
from simulate.members import parameters_for
from simulate.scenario import load
from simulate.studies.truth_error import BLOCKS, block_of

if TYPE_CHECKING:
    from simulate.batch import Batch
    from simulate.scenario import Scenario
    from simulate.studies.estimates.design import Data, Design

TRUE_PATIENTS = 20_000
"""Patients of the large cohort of a world that stands for its truth."""
TRUE_REPLICATE = 10**13
"""Its replicate number: no cohort that is judged has it."""
_DRAWN = ("ensemble", "member", "members")
_WHAT = ("recorded", "reported", "expected", "covariates", "surgery", "npsi")


def draw(
    data: "Data",
    world: "Scenario",
    seed: int,
    numbers: NDArray[np.int64],
    n_patients: int,
    *,
    calendar: bool,
    **changed: float,
) -> "Batch":
    """Draw cohorts; `changed` parameters hold for all, and leave every random number as it is.

    Raises
    ------
    ValueError
        The world has no parameters of its own, so that nothing could be its truth.
    """
    law = world.population
    if law.ensemble is not None and law.member is None:
        raise ValueError(
            f"world {world.name} draws a member of ensemble {law.ensemble} for every cohort; name "
            "the member: what_if: {population.member: 1, population.members: 100}"
        )
    parameters = parameters_for(world, seed, numbers)
    if data.offered == "everyone":
        changed |= {"extra_share": 1.0}
    what = (*_WHAT, "calendar") if calendar else _WHAT
    return batch.draw(
        parameters.with_values(**changed) if changed else parameters,
        seed, numbers, n_patients, data.horizon_session, what,
    )  # fmt: skip


@dataclass(frozen=True)
class Cohort:
    """The first n patients of one replicate; arrays of `simulate.batch.Batch` by name.

    Of these a block may be left out (`truth_error.py`).
    """

    drawn: "Batch"
    row: int
    n_patients: int
    without: int | None = None
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array, patients first; session k stands at index k - 1."""
        rows = np.asarray(self.drawn.arrays[name][self.row, : self.n_patients])
        return rows if self.without is None else rows[block_of(len(rows)) != self.without]

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made of this cohort under a key; made at the first call."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]


@dataclass(frozen=True)
class Large:
    """Where the truth of a world is read: a very large cohort, drawn when first asked for."""

    design: "Design"
    world: "Scenario"
    without: int | None = None
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False)

    def cohort(self, *, calendar: bool | None = None, **changed: float) -> Cohort:
        """Return the large cohort; with parameters `changed` it has the same patients."""
        whole = self._whole(calendar=calendar, **changed)
        return whole if self.without is None else replace(whole, without=self.without, kept={})

    def _whole(self, *, calendar: bool | None = None, **changed: float) -> Cohort:
        data = self.design.data
        dated = data.calendar if calendar is None else calendar

        def make() -> Cohort:
            one = np.array([TRUE_REPLICATE])
            seed = self.design.seed
            return Cohort(
                draw(data, self.world, seed, one, TRUE_PATIENTS, calendar=dated, **changed),
                0, TRUE_PATIENTS,
            )  # fmt: skip

        return self.once(("cohort", dated, *sorted(changed.items())), make)

    def left_out(self, key: Hashable, read: Callable[["Large"], ArrayLike]) -> NDArray[np.float64]:
        """Return what is true of this world, then without each block of patients.

        `read` reads it of a large cohort; at the first call under a key. Shape (1 + blocks, ...).
        """

        def make() -> NDArray[np.float64]:
            each = [self, *(replace(self, without=block) for block in range(BLOCKS))]
            return np.stack([np.asarray(read(one), dtype=float) for one in each])

        return np.asarray(self.once(key, make))

    def elsewhere(self, name: str) -> "Large":
        """Return the truth of another world by its scenario's name, of the same population."""
        law = self.world.population
        drawn = {} if law.ensemble is None else {name: getattr(law, name) for name in _DRAWN}
        same = {f"population.{name}": value for name, value in drawn.items()}
        return self.once(("world", name), lambda: Large(self.design, load(name, same)))

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is true of this world under a key; worked out at the first call."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]
