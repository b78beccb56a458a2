"""Simulated trials, analysed as they are drawn: outcome, drop-out, REML, Satterthwaite.

Here: what a simulated trial is (`Trial`), and its analysis in many replicates. Not here: power from
the fits (`classical.power`), simulated clinics and their files (the simulator's room).

Random numbers come from streams that the caller passes in: `streams(block)` is the generator of
the 256 replicates of a block. Replicate r is the same in a run of 1,000 or of a million, by one
worker or by many.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from classical.batched.compiled import compiled
from classical.batched.mixed import Fits, design_of, empty_results, finished
from classical.batched.patterns import fit_patterns, patterns
from classical.batched.random_slope import refit
from classical.batched.robust import make_robust

FloatArray = NDArray[np.float64]
Streams = Callable[[int], np.random.Generator]
Remedy = Literal["none", "robust", "random_slope"]

BLOCK = 256  # replicates of one stream
_PIECE = 32  # replicates drawn at once: their numbers stay in the processor's cache


@dataclass(frozen=True)
class DropOut:
    """Who stops: before each session after the first, with log odds of a line in the outcome.

    log odds = `intercept` + `on_last` * last observed outcome + `on_current` * the outcome that
    would be seen at the coming session. Only `intercept`: completely at random; with `on_last`: at
    random given what was seen; with `on_current`: not at random.
    """

    intercept: float
    on_last: float = 0.0
    on_current: float = 0.0


@dataclass(frozen=True)
class Trial:
    """A trial with outcome = mean + random intercept [+ random slope] + noise, all normal.

    Attributes
    ----------
    n_patients, in_group
        Patients, and how many of them are in the second group; with 0 the model has no group.
    sessions
        Session numbers at which the outcome is assessed.
    intercept, slope, group_shift, slope_difference
        Mean at session 0 and change a session of the first group; what the second group adds.
    tau, slope_sd, sigma
        Standard deviations of intercepts, of slopes (independent of them), of noise.
    drop_out
        Who stops early; nobody if None.
    heap
        Reports are rounded to multiples of this and cut at 0 and 100; 0: reported as they are.
    """

    n_patients: int
    sessions: tuple[float, ...]
    slope: float
    tau: float
    sigma: float
    intercept: float = 0.0
    in_group: int = 0
    group_shift: float = 0.0
    slope_difference: float = 0.0
    slope_sd: float = 0.0
    drop_out: DropOut | None = None
    heap: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.in_group <= self.n_patients or not self.sessions:
            raise ValueError("a trial needs sessions, and 0 <= in_group <= n_patients.")
        if not np.isfinite([*self.sessions, *_numbers(self)]).all():
            raise ValueError("sessions, effects and spreads of a trial must be finite.")
        if min(self.tau, self.sigma, self.slope_sd, self.heap) < 0:
            raise ValueError("standard deviations and the width of a heap are 0 or more.")

    def design(self) -> FloatArray:
        """Fixed effects, shape (patients, sessions, p): p is 2, with two groups 4."""
        x = design_of(self.sessions, self._group() if self.in_group else None)
        return np.array(np.broadcast_to(x, (self.n_patients, *x.shape[1:])))

    def mean(self) -> FloatArray:
        """Expected outcome before rounding, shape (patients, sessions)."""
        at, group = np.asarray(self.sessions, dtype=float), self._group()[:, None]
        first = self.intercept + self.slope * at
        return np.asarray(first + group * (self.group_shift + self.slope_difference * at))

    def _group(self) -> FloatArray:
        return (np.arange(self.n_patients) >= self.n_patients - self.in_group).astype(float)


def _numbers(trial: Trial) -> list[float]:
    stop = trial.drop_out or DropOut(0.0)
    return [
        trial.slope, trial.tau, trial.sigma, trial.intercept, trial.group_shift,
        trial.slope_difference, trial.slope_sd, trial.heap,
        stop.intercept, stop.on_last, stop.on_current,
    ]  # fmt: skip


def seeded(seed: int) -> Streams:
    """Streams of a seed: block b is the b-th child of the seed (SFC64: fast normals)."""

    def stream(block: int) -> np.random.Generator:
        child = np.random.SeedSequence(seed, spawn_key=(block,))
        return np.random.Generator(np.random.SFC64(child))

    return stream


def simulate(trial: Trial, streams: Streams, n_replicates: int) -> FloatArray:
    """Draw outcomes, shape (replicates, patients, sessions), NaN after drop-out.

    The same replicates as `analyse` fits; for a look at the data and for other methods.
    """
    shape = (n_replicates, trial.n_patients, len(trial.sessions))
    outcome = np.empty(shape)
    constants, mean, at = _constants(trial), trial.mean(), _at(trial)
    for first in range(0, n_replicates, BLOCK):
        last = min(first + BLOCK, n_replicates)
        for piece, normal, uniform in _pieces(trial, streams, first, last):
            _fill(normal, uniform, constants, mean, at, outcome[piece])
    return outcome


def analyse(
    trial: Trial,
    streams: Streams,
    n_replicates: int,
    *,
    workers: int = 1,
    remedy: Remedy = "none",
) -> Fits:
    """Simulate a trial many times and fit the random-intercept model to each replicate.

    Parameters
    ----------
    trial
        What is simulated. The model fitted has 1, session and, with two groups, group and
        group x session, whatever the truth is.
    streams
        Generator of each block of 256 replicates.
    n_replicates
        Trials to simulate.
    workers
        Threads; the kernels run without the interpreter's lock, and results do not depend on it.
    remedy
        Against slopes that vary: 'robust' replaces errors and degrees of freedom by the
        cluster-robust ones (CR2), 'random_slope' the model by one whose slopes vary too.

    Raises
    ------
    ValueError
        If the remedy is none of these.
    """
    if remedy not in get_args(Remedy):
        raise ValueError(f"remedy must be one of {', '.join(get_args(Remedy))}.")
    constants, mean, design, at = _constants(trial), trial.mean(), trial.design(), _at(trial)
    q = design.shape[2] + 1
    numbers, status = empty_results(n_replicates, q - 1)
    shared, every = patterns(design), np.ones(q - 1, dtype=np.bool_)

    def block(first: int) -> None:
        last = min(first + BLOCK, n_replicates)
        outcome, work = np.empty((_PIECE, *mean.shape)), np.empty((_PIECE, 3, q, q))
        for piece, normal, uniform in _pieces(trial, streams, first, last):
            _fill(normal, uniform, constants, mean, at, outcome)
            fit_patterns(outcome, shared, work, numbers[piece], status[piece])
            if remedy == "robust":
                make_robust(
                    outcome, shared.design, shared.of_patient, every, work,
                    numbers[piece], status[piece],
                )  # fmt: skip
            elif remedy == "random_slope":
                refit(outcome, design, numbers[piece], status[piece])

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(block, range(0, n_replicates, BLOCK)):
            pass
    return finished(numbers, status)


def without_effect(trial: Trial) -> Trial:
    """The same trial where the null hypothesis of its test holds."""
    return replace(trial, slope_difference=0.0) if trial.in_group else replace(trial, slope=0.0)


def _pieces(
    trial: Trial, streams: Streams, first: int, last: int
) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
    """Yield a block's numbers piece by piece, in arrays that the next piece overwrites.

    A piece is always drawn whole, so that the next one starts at the same place.
    """
    each = len(trial.sessions) + 1 + (trial.slope_sd > 0)
    normal = np.empty((_PIECE, trial.n_patients, each))
    uniform = np.empty((_PIECE, trial.n_patients))
    stream = streams(first // BLOCK)
    for start in range(first, last, _PIECE):
        stream.standard_normal(out=normal)
        stream.random(out=uniform)
        yield slice(start, min(start + _PIECE, last)), normal, uniform


def _at(trial: Trial) -> FloatArray:
    return np.asarray(trial.sessions, dtype=float)


def _constants(trial: Trial) -> FloatArray:
    stop = trial.drop_out or DropOut(-np.inf)
    return np.array(
        [trial.tau, trial.slope_sd, trial.sigma, trial.heap]
        + [stop.intercept, stop.on_last, stop.on_current]
    )


@compiled
def _one_trial(normal, uniform, constants, mean, at, outcome):  # type: ignore[no-untyped-def]
    """Fill the outcomes of one trial, NaN from the session at which a patient has stopped."""
    tau, slope_sd, sigma, heap, stop, on_last, on_current = constants
    patients, sessions = outcome.shape
    for i in range(patients):
        level = tau * normal[i, sessions]
        tilt = slope_sd * normal[i, sessions + 1] if slope_sd > 0.0 else 0.0
        for k in range(sessions):
            outcome[i, k] = mean[i, k] + level + tilt * at[k] + sigma * normal[i, k]
    if heap > 0.0:
        for i in range(patients):
            for k in range(sessions):
                outcome[i, k] = min(max(heap * np.rint(outcome[i, k] / heap), 0.0), 100.0)
    for i in range(patients):
        limit, against = 1.0 / uniform[i], 1.0  # 1 / chance of being still there
        k = 1
        while k < sessions:
            odds = np.exp(stop + on_last * outcome[i, k - 1] + on_current * outcome[i, k])
            against *= 1.0 + odds
            if against > limit:
                break
            k += 1
        outcome[i, k:] = np.nan


@compiled
def _fill(normal, uniform, constants, mean, at, outcome):  # type: ignore[no-untyped-def]
    for r in range(len(outcome)):
        _one_trial(normal[r], uniform[r], constants, mean, at, outcome[r])
