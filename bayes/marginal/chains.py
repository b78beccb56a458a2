"""Draws of the population by chains, where weights of importance sampling do not do.

Here: elliptical slice sampling (Murray, Adams and MacKay 2010). In the coordinates in which the
proposals of importance sampling are standard normal, the posterior is a normal distribution times
what it is off by; a chain moves on ellipses through normal draws, and that factor is the only
thing it looks at: no slope, no step to tune. The first round of draws says how wide the normal
should be, the second is kept. Not here: proposals and weights (`importance.py`), the judgement
(`diagnostics.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayes.marginal.proposals import Proposals
from bayes.marginal.target import Target

FloatArray = NDArray[np.float64]

N_CHAINS = 4
LEFT_OUT, LEARNT_FROM = 50, 100
"""Draws of each chain that are left out first, and those that the width is learnt from."""
WIDER = 1.05
"""The normal is that much wider than the draws: a chain crosses tails slowly if it is narrower."""


@dataclass(frozen=True)
class Chains:
    """Chains that can go on.

    Attributes
    ----------
    points
        Prior standard scores of the population, shape (chains, draws, size).
    last
        Where each chain ended, in the proposals' normal coordinates, shape (chains, size).
    centre, spread
        Of the normal that its ellipses are drawn from, in the same, shape (size,).
    """

    points: FloatArray
    last: FloatArray
    centre: FloatArray
    spread: FloatArray


def begin(
    target: Target,
    proposals: Proposals,
    starts: FloatArray,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Chains:
    """Return the first round, which later ones learn from and which is not kept.

    Parameters
    ----------
    target, proposals
        The density, and the proposals that say in which coordinates it is nearly normal.
    starts
        Scores of one proposal a chain, near the bulk of the density, shape (chains, size).
    seed
        Of the random numbers.
    progress
        Called, maybe from other threads, with the share done, from 0 to 1.
    """
    size = starts.shape[1]
    first = Chains(
        np.empty((0, 0, size)), proposals.normal_of(starts), np.zeros(size), np.ones(size)
    )
    normal = _run(target, proposals, first, LEFT_OUT + LEARNT_FROM, [seed, 13], progress)
    learnt = normal[:, LEFT_OUT:].reshape(-1, size)
    return Chains(first.points, normal[:, -1], learnt.mean(axis=0), WIDER * learnt.std(axis=0))


def go_on(
    target: Target,
    proposals: Proposals,
    chains: Chains,
    n_draws: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Chains:
    """Return n_draws more draws of each chain; parameters as in `begin`."""
    normal = _run(target, proposals, chains, n_draws, [seed, 17], progress)
    points = proposals.points(proposals.scores_of(normal))
    return replace(chains, points=points, last=normal[:, -1])


def _run(
    target: Target,
    proposals: Proposals,
    chains: Chains,
    n_draws: int,
    seed: list[int],
    progress: Callable[[float], None] | None,
) -> FloatArray:
    """Return the proposals' normal coordinates of more draws, shape (chains, draws, size)."""
    done, total = [0], len(chains.last) * n_draws
    single = replace(target, threads=1)

    def factor(own: FloatArray) -> float:
        """Log of posterior over the chains' normal, at a place in the latter's coordinates."""
        normal = chains.centre + chains.spread * own
        scores = proposals.scores_of(normal)[None]
        weight = proposals.log_posterior(single, scores) - proposals.log_density(scores)
        return float(weight[0] - normal @ normal / 2 + own @ own / 2)

    def chain(k: int) -> FloatArray:
        rng = np.random.default_rng([*seed, k])
        own = (chains.last[k] - chains.centre) / chains.spread
        log = factor(own)
        kept = np.empty((n_draws, len(own)))
        for number in range(n_draws):
            own, log = _moved(factor, own, log, rng)
            kept[number] = chains.centre + chains.spread * own
            done[0] += 1
            if progress and done[0] % 50 == 0:
                progress(done[0] / total)
        return kept

    with ThreadPoolExecutor(target.threads) as pool:
        return np.stack(list(pool.map(chain, range(len(chains.last)))))


def _moved(
    factor: Callable[[FloatArray], float],
    own: FloatArray,
    log: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, float]:
    """Return the next place on a random ellipse, where the factor exceeds a random share of itself.

    The bracket of angles shrinks towards where the chain is, which always qualifies.
    """
    other = rng.standard_normal(len(own))
    least = log + np.log(rng.random())
    angle = rng.uniform(0, 2 * np.pi)
    low, high = angle - 2 * np.pi, angle
    while high - low > 1e-9:
        new = own * np.cos(angle) + other * np.sin(angle)
        found = factor(new)
        if found > least:
            return new, found
        low, high = (low, angle) if angle > 0 else (angle, high)
        angle = rng.uniform(low, high)
    return own, log
