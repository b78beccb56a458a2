"""The fit: rows of the study in, an ensemble of worlds out.

Here: the rounds of simulation. Each round simulates clinics where the last one saw the study,
learns there how figures follow from parameters (`emulator.py`), and looks again (`sampler.py`).
Not here: reading the rows; this function sees only those that it is handed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate.calibration import prior
from simulate.calibration.emulator import Bank, fit_emulator
from simulate.calibration.figures import figures
from simulate.calibration.sampler import Cloud, Draws, Sight, concentrate, prior_cloud
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
LONGEST = 125
COURSE = ("recorded", "covariates", "calendar", "surgery")
CLOSE = 1.1  # SDs of the cloud to which the next clinics spread: wider ones are worse to emulate


@dataclass(frozen=True)
class Effort:
    """How much is simulated.

    Attributes
    ----------
    first
        Clinics from the prior.
    each, rounds
        Clinics of each later round, and their number.
    draws
        Draws of each look.
    members
        Members of the ensemble: draws of the last look.
    """

    first: int = 8_000
    each: int = 4_000
    rounds: int = 4
    draws: int = 500
    members: int = 800


@dataclass(frozen=True)
class Fitted:
    """The end of a fit: where the study was seen last, and the draws that are its members."""

    targets: tuple[Target, ...]
    sight: Sight
    cloud: Cloud
    draws: Draws
    bank: Bank
    simulated: int
    history: tuple[tuple[int, float, float], ...]


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
    worlds: Parameters, seed: int, numbers: IntArray, *, n_patients: int = N_PATIENTS, jobs: int = 1
) -> Batch:
    """Return one clinic a world, with all that the figures read.

    Drawn twice, since questionnaires need expected reports of the test period only; that a clinic
    does not depend on what else is asked is the engine's promise.
    """
    from simulate.batch import draw

    batch = draw(worlds, seed, numbers, n_patients, LONGEST, COURSE, jobs=jobs)
    npsi = draw(worlds, seed, numbers, n_patients, TEST_SESSIONS, ("npsi",), jobs=jobs).npsi
    return replace(batch, arrays={**batch.arrays, "npsi": npsi})


def calibrate(
    chosen: tuple[Target, ...],
    scenario: Scenario,
    *,
    seed: int,
    effort: Effort | None = None,
    start: Bank | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Fitted:
    """Fit the generator to the targets.

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
    start
        Clinics simulated from the prior before, instead of new ones.
    jobs, progress
        Threads of the simulation; called with a word, what is done, and of how much.
    """
    size = effort or Effort()
    rng = np.random.default_rng([seed, 1])
    names = tuple(one.statistic for one in chosen)
    centre, rounding = observed(chosen)
    cloud = prior_cloud(len(prior.laws()), prior.levels())
    done, history = 0, []

    def clinics(place: FloatArray, structure: IntArray, word: str) -> Bank:
        nonlocal done
        table = simulate_figures(
            scenario, names, place, structure, seed, done, jobs=jobs, progress=progress, word=word
        )
        done += len(place)
        return Bank(place, structure, on_scale(table, chosen))

    bank = start or clinics(*prior.draw_prior(size.first, rng), "prior")
    for number in range(size.rounds + 1):
        sight = Sight(fit_emulator(bank, prior.levels()), centre, rounding)
        last = number == size.rounds
        cloud, draws = concentrate(sight, cloud, rng, n=size.members if last else size.draws)
        noise = float(np.sqrt(np.diag(sight.emulator.covariance)).mean())
        history.append((number, draws.effective_size, noise))
        if not last:
            place, structure = cloud.draw(size.each, rng, CLOSE)
            bank = _near(bank, cloud).joined(clinics(place, structure, f"round {number + 1}"))
    return Fitted(chosen, sight, cloud, draws, bank, done, tuple(history))


def _near(bank: Bank, cloud: Cloud) -> Bank:
    """Return the clinics that lie within the region from which the next ones are drawn."""
    z, _ = cloud.deviates(bank.place, bank.structure)
    d = z.shape[1]
    return bank.take(np.flatnonzero((z**2).sum(axis=1) < 1.2 * CLOSE**2 * d))
