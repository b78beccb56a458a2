"""Draws of the population: Laplace's approximation, corrected by importance sampling.

Here: proposals, their smoothed weights and Pareto k, and equally weighted draws. Not here: the
mode (`mode.py`), draws of patients (`effects.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.grid import Places, copy_places
from bayes.marginal.mode import Mode
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

REACH = 1.5
"""Where, in Laplace's standard deviations, each side of each direction is measured."""


@dataclass(frozen=True)
class Importance:
    """Equally weighted draws of the population and of its patients.

    Attributes
    ----------
    points
        Prior standard scores, shape (draws, size).
    effects
        Courses as filled by `effects.draw_effects`, shape (draws, patients, 4).
    pareto_k
        Shape of the tail of the weights (Vehtari et al. 2024); above 0.7 no reliance.
    effective_size
        Draws of an equally weighted sample that would say as much.
    """

    points: FloatArray
    effects: FloatArray
    pareto_k: float
    effective_size: float


FREEDOM = 20.0
"""Degrees of freedom of each direction's proposal: tails that the posterior's do not outrun."""
COPIES = 2
"""Draws of the patients at each proposal, for proposals that are kept more than once."""


def draw_population(
    target: Target,
    mode: Mode,
    n_draws: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Importance:
    """Draw from the posterior of the population.

    Parameters
    ----------
    target, mode
        The density and its mode.
    n_draws
        Proposals, and draws kept of them (with repetition where weights differ).
    seed
        Of the random numbers.
    progress
        Called with the share done, from 0 to 1.
    """
    rng = np.random.default_rng([seed, 11])
    below, above = _sides(target, mode)
    # Pairs on opposite sides: what is odd in the scores cancels.
    half = rng.random(((n_draws + 1) // 2, target.size))
    chance = np.concatenate([half, 1 - half])[:n_draws]
    size = np.abs(rng.standard_t(FREEDOM, chance.shape))
    score = np.where(chance < above / (above + below), above * size, -below * size)
    points = mode.point + score @ mode.root.T
    logs, effects = _densities_and_effects(target, mode, points, seed, progress)
    proposed = -(FREEDOM + 1) / 2 * np.log1p(size**2 / FREEDOM).sum(axis=1)
    weight, pareto_k = smoothed(logs - proposed)
    kept = systematic(weight, n_draws, rng)
    copy = _occurrence(kept) % COPIES
    return Importance(points[kept], effects[kept, copy], pareto_k, float(1 / (weight**2).sum()))


def _densities_and_effects(
    target: Target,
    mode: Mode,
    points: FloatArray,
    seed: int,
    progress: Callable[[float], None] | None,
) -> tuple[FloatArray, FloatArray]:
    """Return the log density at every point, and courses (points, copies, patients, 4) there."""
    effects = np.empty((len(points), COPIES, len(target.cohort.patients), 4))

    def draw(k: int, own: Places, component: FloatArray) -> None:
        room = np.empty(effects.shape[2:])
        for copy in range(COPIES):
            target.draw_effects(points[k], own, component, [seed, k, copy], room)
            effects[k, copy] = room

    return log_densities(target, points, mode.places, progress, draw), effects


def _occurrence(kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each value occurred before."""
    order = np.argsort(kept, kind="stable")
    ordered = kept[order]
    first = np.searchsorted(ordered, ordered)
    result = np.empty_like(kept)
    result[order] = np.arange(len(kept)) - first
    return result


def _sides(target: Target, mode: Mode) -> tuple[FloatArray, FloatArray]:
    """Return the widths of a split normal in each direction of the root, below and above the mode.

    Geweke 1989: a normal of width w has fallen by x^2 / 2 w^2 at x. One number a side takes most
    of the skewness of spreads and rates that Laplace's approximation leaves to the weights.
    """
    moves = REACH * np.concatenate([-mode.root.T, mode.root.T])
    fall = mode.log_density - log_densities(target, mode.point + moves, mode.places)
    width = REACH / np.sqrt(2 * np.maximum(fall, REACH**2 / 8))
    return width[: target.size], width[target.size :]


def log_densities(
    target: Target,
    points: FloatArray,
    places: Places,
    progress: Callable[[float], None] | None = None,
    each: Callable[[int, Places, FloatArray], None] | None = None,
) -> FloatArray:
    """Return the log density at every point; nodes follow each point by one Newton step.

    `each` is called with the position of every point, its nodes and its components.
    """
    single = replace(target, threads=1)
    done = [0]

    def one(k: int) -> float:
        own = copy_places(places)
        single.adapt(points[k], own, 1)
        logs, component, _ = single.log_marginals(points[k], own)
        if each:
            each(k, own, component)
        done[0] += 1
        if progress and done[0] % 50 == 0:
            progress(done[0] / len(points))
        return float(logs.sum() - points[k] @ points[k] / 2)

    with ThreadPoolExecutor(target.threads) as pool:
        return np.array(list(pool.map(one, range(len(points)))))


def smoothed(log_weight: FloatArray) -> tuple[FloatArray, float]:
    """Return Pareto-smoothed weights that sum to 1, and the shape of their tail."""
    from arviz_stats.base import array_stats

    log_weight = np.where(np.isfinite(log_weight), log_weight, -np.inf)
    if not np.isfinite(log_weight).any() or len(log_weight) < 25:
        return np.full(len(log_weight), 1 / len(log_weight)), float("inf")
    # ArviZ takes log likelihoods left out, whose weights are their inverse.
    found, pareto_k = array_stats.psislw(log_weight.max() - log_weight)
    weight = np.exp(found - found.max())
    return weight / weight.sum(), float(pareto_k)


def systematic(weight: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n positions in proportion to the weights, in random order."""
    at = (np.arange(n) + rng.random()) / n
    found = np.minimum(np.searchsorted(np.cumsum(weight), at), len(weight) - 1)
    return np.asarray(rng.permutation(found), dtype=np.int64)
