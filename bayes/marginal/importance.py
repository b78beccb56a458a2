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

MEASURED = np.array([-3.0, -1.5, 1.5, 3.0])
"""Where, in Laplace's standard deviations, the density is measured along each direction."""
STIFFNESS = (0.1, 4.0)
"""Least and most that the fall there may differ from Laplace's."""
ALONG = np.linspace(-8, 8, 801)


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


def draw_population(
    target: Target,
    mode: Mode,
    n_draws: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
    n_proposals: int | None = None,
) -> Importance:
    """Draw from the posterior of the population.

    Parameters
    ----------
    target, mode
        The density and its mode.
    n_draws
        Draws kept (with repetition where weights differ).
    seed
        Of the random numbers.
    progress
        Called with the share done, from 0 to 1.
    n_proposals
        Proposals weighed, by default as many as are kept.
    """
    n = n_proposals or n_draws
    rng = np.random.default_rng([seed, 11])
    log_proposal = _log_proposals(target, mode)
    # Pairs on opposite sides: what is odd in the scores cancels.
    half = rng.random(((n + 1) // 2, target.size))
    chance = np.concatenate([half, 1 - half])[:n]
    score = _quantiles(log_proposal, chance)
    points = mode.point + score @ mode.root.T
    logs = log_densities(target, points, mode.places, _part(progress, 0.0, 0.7))
    proposed = sum(np.interp(score[:, k], ALONG, log) for k, log in enumerate(log_proposal))
    weight, pareto_k = smoothed(logs - proposed)
    kept = np.sort(systematic(weight, n_draws, rng))
    effects = _effects(target, mode, points, kept, seed, _part(progress, 0.7, 1.0))
    order = rng.permutation(n_draws)
    size_kept = float(1 / (weight**2).sum())
    return Importance(points[kept[order]], effects[order], pareto_k, size_kept)


def _part(
    progress: Callable[[float], None] | None, first: float, last: float
) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda share: progress(first + (last - first) * share)


def _effects(
    target: Target,
    mode: Mode,
    points: FloatArray,
    kept: NDArray[np.int64],
    seed: int,
    progress: Callable[[float], None] | None,
) -> FloatArray:
    """Return a draw of all courses at every kept point (sorted), shape (kept, patients, 4)."""
    effects = np.empty((len(kept), len(target.cohort.patients), 4))
    once, first, count = np.unique(kept, return_index=True, return_counts=True)

    def draw(k: int, own: Places, component: FloatArray) -> None:
        for copy in range(count[k]):
            out = effects[first[k] + copy]
            target.draw_effects(points[once[k]], own, component, [seed, int(once[k]), copy], out)

    log_densities(target, points[once], mode.places, progress, draw)
    return effects


def _log_proposals(target: Target, mode: Mode) -> FloatArray:
    """Return the log density of each direction's proposal at `ALONG`, shape (size, places).

    Laplace's approximation says x^2 / 2 for the fall of the log density at x. Here the fall is
    measured at four places of each direction of the root and its ratio to x^2 / 2 taken as
    straight between them, which takes the skewness and the shoulders of spreads and rates that
    Laplace leaves to the weights (Geweke 1989 with two places); t distributions give the tails.
    """
    moves = np.concatenate([x * mode.root.T for x in MEASURED])
    logs = log_densities(target, mode.point + moves, mode.places)
    fall = (mode.log_density - logs).reshape(len(MEASURED), target.size)
    stiff = np.clip(fall / (MEASURED[:, None] ** 2 / 2), *STIFFNESS)
    places = np.insert(MEASURED, 2, 0.0)
    stiff = np.insert(stiff, 2, 1.0, axis=0)
    log = np.empty((target.size, len(ALONG)))
    for k in range(target.size):
        ratio = np.interp(ALONG, places, stiff[:, k])
        log[k] = -(FREEDOM + 1) / 2 * np.log1p(ratio * ALONG**2 / FREEDOM)
        log[k] -= np.log(np.trapezoid(np.exp(log[k]), ALONG))
    return log


def _quantiles(log_proposal: FloatArray, chance: FloatArray) -> FloatArray:
    """Return the scores below which each direction's proposal has these chances."""
    score = np.empty_like(chance)
    for k, log in enumerate(log_proposal):
        below = np.concatenate([[0.0], np.cumsum(np.exp(log[1:]) + np.exp(log[:-1]))])
        score[:, k] = np.interp(chance[:, k], below / below[-1], ALONG)
    return score


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
