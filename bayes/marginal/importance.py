"""Draws of the population by importance sampling, and of its patients.

Here: smoothed weights of the proposals and their Pareto k, equally weighted draws. Not here: the
proposals (`proposals.py`), chains where the weights do not do (`chains.py`), the kernel that draws
courses (`effects.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.grid import Places
from bayes.marginal.mode import Mode
from bayes.marginal.proposals import Proposals, log_densities
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

LEAST_PROPOSALS = 1000
"""With fewer, heavy tails of the weights may go unseen, and Pareto k says nothing of them."""


FINE_K, FINE_SIZE = 0.6, 150.0
"""Pareto k and effective size at which the proposals are left as they are."""
MOST_CENTRES, ROUND_SHARE = 6, 5
"""Rounds of further proposals at most, each a fifth of the first."""
FAR = 2.0
"""Scores of the heaviest proposal beyond which a round follows it."""


@dataclass(frozen=True)
class Importance:
    """Equally weighted draws of the population.

    Attributes
    ----------
    scores
        In the coordinates of the proposals, shape (draws, size).
    n_proposals
        Proposals weighed.
    pareto_k
        Shape of the tail of the weights (Vehtari et al. 2024); above 0.7 no reliance.
    effective_size
        Draws of an equally weighted sample that would say as much.
    """

    scores: FloatArray
    n_proposals: int
    pareto_k: float
    effective_size: float


def draw_population(
    target: Target,
    proposals: Proposals,
    n_draws: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
    *,
    least: int = LEAST_PROPOSALS,
    enough: float = FINE_SIZE,
) -> Importance:
    """Draw from the posterior of the population.

    Parameters
    ----------
    target, proposals
        The density and where it may be.
    n_draws
        Draws kept, with repetition where weights differ.
    seed
        Of the random numbers.
    progress
        Called with the share done, from 0 to 1.
    least, enough
        Proposals of the first round at least, unless more draws are kept; effective size from
        which no further round is made.
    """
    n = max(n_draws, least)
    rng = np.random.default_rng([seed, 11])
    # Pairs on opposite sides: what is odd in the scores cancels.
    half = rng.random(((n + 1) // 2, target.size))
    scores = proposals.scores_below(np.concatenate([half, 1 - half])[:n])
    posterior = proposals.log_posterior(target, scores, progress)
    centres: list[FloatArray] = []
    while True:
        proposed = _log_mixture(proposals, scores, n, centres)
        weight, pareto_k = smoothed(posterior - proposed)
        size = float(1 / (weight**2).sum())
        if len(centres) == MOST_CENTRES or (pareto_k < FINE_K and size > enough):
            kept = systematic(weight, n_draws, rng)
            return Importance(scores[kept], len(scores), pareto_k, size)
        far = scores[np.argmax(posterior - proposed)]
        centres.append(proposals.on_ridge(target, far, np.abs(far) > FAR))
        more = centres[-1] + rng.standard_normal((n // ROUND_SHARE, target.size))
        scores = np.concatenate([scores, more])
        posterior = np.concatenate([posterior, proposals.log_posterior(target, more)])


def _log_mixture(
    proposals: Proposals, scores: FloatArray, n_first: int, centres: list[FloatArray]
) -> FloatArray:
    """Return the log density of all proposals together: the first, and a normal about each centre.

    Draws of every round are weighed by the mixture (Raftery and Bao 2010).
    """
    each = n_first // ROUND_SHARE
    parts = [np.log(n_first) + proposals.log_density(scores)]
    for centre in centres:
        square = ((scores - centre) ** 2).sum(axis=1)
        parts.append(np.log(each) - square / 2 - scores.shape[1] * np.log(2 * np.pi) / 2)
    return np.asarray(np.logaddexp.reduce(parts, axis=0))


def draw_courses(
    target: Target,
    mode: Mode,
    points: FloatArray,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> FloatArray:
    """Draw every patient's course at every point (points may repeat).

    Returns
    -------
    numpy.ndarray
        Shape (points, patients, 5), see `effects.draw_effects`.
    """
    effects = np.empty((len(points), len(target.cohort.patients), 5))
    once, same = np.unique(points, axis=0, return_inverse=True)
    at = [np.flatnonzero(same == k) for k in range(len(once))]

    def draw(k: int, own: Places, component: FloatArray) -> None:
        drawn = np.empty((len(at[k]), *effects.shape[1:]))
        target.draw_effects(once[k], own, component, [seed, k], drawn)
        effects[at[k]] = drawn

    log_densities(target, once, mode.places, progress, draw)
    return effects


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
