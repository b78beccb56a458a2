"""The fit: rows of the study in, an ensemble of worlds out.

Here: the rounds of simulation. Each round simulates as many clinics of every combination of
structures where the last one saw the study, learns there how figures follow from parameters
(`emulator.py`), and looks again (`families.py`).
Not here: reading the rows; this function sees only those that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from simulate.calibration import prior
from simulate.calibration.cloud import Cloud, Draws, prior_cloud
from simulate.calibration.emulator import Bank
from simulate.calibration.families import (
    CURVE,
    Combination,
    Seen,
    combinations,
    mixed,
    of_combination,
    seen,
    with_enough,
)
from simulate.calibration.figures import figures
from simulate.calibration.targets import Target, observed, on_scale
from simulate.calibration.view import TEST_SESSIONS
from simulate.parameters import Parameters
from simulate.scenario import Scenario

if TYPE_CHECKING:
    from simulate.batch import Batch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Progress = Callable[[str, int, int], None]
PIECE = 100  # clinics reduced at once
N_PATIENTS = 193
LONGEST = 200  # sessions to which courses are followed
HELD = 40  # sessions that figures read one by one: those of late responders
COURSE = ("recorded", "covariates", "calendar", "surgery")
CLOSE = 1.1  # SDs of the cloud to which the next clinics spread: wider ones are worse to emulate
REACH = 1.2  # mean squared deviate up to which an older clinic belongs to the new region


@dataclass(frozen=True)
class Effort:
    """How much is simulated, and looked for.

    Attributes
    ----------
    first
        Clinics of each combination of structures from the prior.
    each, rounds
        Clinics of each combination in each later round, and the number of rounds.
    draws
        Draws of each look.
    members
        Draws of all last looks together: the members of the ensemble.
    """

    first: int = 1000
    each: int = 1000
    rounds: int = 4
    draws: int = 500
    members: int = 1000


@dataclass(frozen=True)
class Fitted:
    """The end of a fit: how each combination was seen last, and the draws that are members."""

    targets: tuple[Target, ...]
    every: tuple[Seen, ...]
    draws: Draws
    simulated: int


def simulate_figures(
    scenario: Scenario,
    names: tuple[str, ...],
    place: FloatArray,
    structure: IntArray,
    seed: int,
    first: int,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    word: str = "",
) -> FloatArray:
    """Return the named figures of one clinic of 193 patients a place, shape (n, len(names)).

    Clinic k has replicate number first + k, so that any of them can be made again alone.
    """
    table = np.empty((len(place), len(names)))
    for start in range(0, len(place), PIECE):
        part = slice(start, min(start + PIECE, len(place)))
        worlds = prior.parameters(scenario, place[part], structure[part])
        numbers = first + np.arange(part.start, part.stop)
        table[part] = figures(draw_clinics(worlds, seed, numbers, jobs=jobs), names)
        if progress:
            progress(word, part.stop, len(place))
    return table


def draw_clinics(
    worlds: Parameters,
    seed: int,
    numbers: IntArray,
    *,
    n_patients: int = N_PATIENTS,
    also: tuple[str, ...] = (),
    jobs: int = 1,
) -> Batch:
    """Return one clinic a world, with all that the fitted figures read, and `also`.

    Drawn twice, since questionnaires need expected reports of the test period only; that a clinic
    does not depend on what else is asked is the engine's promise.
    """
    from simulate.batch import draw

    what = (*COURSE, *also)
    batch = draw(worlds, seed, numbers, n_patients, HELD, what, follow_to=LONGEST, jobs=jobs)
    npsi = draw(worlds, seed, numbers, n_patients, TEST_SESSIONS, ("npsi",), jobs=jobs).npsi
    return replace(batch, arrays={**batch.arrays, "npsi": npsi})


@threadpool_limits.wrap(limits=1, user_api="blas")
def calibrate(
    chosen: tuple[Target, ...],
    scenario: Scenario,
    *,
    seed: int,
    effort: Effort | None = None,
    structures: Sequence[Combination] | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Fitted:
    """Fit the generator to the targets.

    Linear algebra keeps to one thread: several sum in another order, and every draw that follows
    would be another.

    Parameters
    ----------
    chosen
        Targets, with the values to meet: all that is known of the study here.
    scenario
        What is not fitted: margins, calendar, fixed parameters.
    seed
        Of everything random.
    effort
        How much to simulate.
    structures
        The combinations that are possible; all, if not given.
    jobs, progress
        Threads of the simulation; called with a word, what is done, and of how much.
    """
    size = effort or Effort()
    rng = np.random.default_rng([seed, 1])
    names = tuple(one.statistic for one in chosen)
    centre, rounding = observed(chosen)
    prior_of_all = prior_cloud(len(prior.laws()))
    clouds = dict.fromkeys(structures or combinations(), prior_of_all)
    done = 0

    def clinics(n: int, word: str) -> Bank:
        nonlocal done
        place = np.concatenate([cloud.draw(n, rng) for cloud in clouds.values()])
        structure = np.repeat(np.array(list(clouds), dtype=np.int64), n, axis=0)
        table = simulate_figures(
            scenario, names, place, structure, seed, done, jobs=jobs, progress=progress, word=word
        )
        done += len(place)
        return Bank(place, structure, on_scale(table, chosen))

    bank = clinics(size.first, "prior")
    for number in range(size.rounds + 1):
        last = number == size.rounds
        every: list[Seen] = []
        families = _by_curve(clouds)
        for k, own in enumerate(families.values()):
            starts = {structure: cloud.mean for structure, cloud in own.items()}
            every += seen(bank, starts, centre, rounding, rng, size.draws, in_halves=last)
            if progress:
                progress(f"look {number + 1}", k + 1, len(families))
        if not last:
            clouds = {one.structure: one.look.cloud.widened(CLOSE) for one in every}
            kept = [_near(bank, structure, cloud) for structure, cloud in clouds.items()]
            bank = reduce(Bank.joined, [*kept, clinics(size.each, f"round {number + 1}")])
    every = with_enough(every, size.members, rng)
    return Fitted(chosen, tuple(every), mixed(every, size.members, rng), done)


def _by_curve(clouds: dict[Combination, Cloud]) -> dict[int, dict[Combination, Cloud]]:
    parts: dict[int, dict[Combination, Cloud]] = {}
    for structure, cloud in clouds.items():
        parts.setdefault(structure[CURVE], {})[structure] = cloud
    return parts


def _near(bank: Bank, structure: Combination, cloud: Cloud) -> Bank:
    """Return a combination's clinics within the region from which its next ones are drawn."""
    own = of_combination(bank, structure)
    z = cloud.deviates(own.place)
    return own.take(np.flatnonzero((z**2).sum(axis=1) < REACH * z.shape[1]))
