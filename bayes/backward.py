"""When to stop a test period: the stopping problem on predicted chances, solved backwards.

After session k a patient has a chance p of long-term relief, given the reports until then
(`bank.weigh`). To decline costs `rate` x p test sessions (a missed responder is worth `rate` of
them); to accept costs `rate` x t / (1 - t) x (1 - p), so that a chance t is where both cost the
same, as in a net benefit (Vickers and Elkin 2006); to go on costs one session. With V the least
expected cost,

    V_last(p) = min(decline, accept)        V_k(p) = min(decline, accept, 1 + E[V_k+1(p') | k, p])

(Berger 1985, 7.4). The expectation is taken over patients simulated from the bank's own courses:
their chances are exact under the bank, and p' is averaged within bins of p.

Approximate, in two ways: the state is p and k alone, not all reports that led there (two histories
of one p may promise different news), and p stands in `BINS` bins. Reports are never missing, and
nobody stops of himself. A policy is therefore no better than the optimum; tests/models holds it to
an enumeration of every history of a small bank.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayes.bank import Bank, weigh

FloatArray = NDArray[np.float64]
BINS = 50
PATIENTS = 6000
FEWEST = 20  # patients in a bin from which an expectation is taken


@dataclass(frozen=True)
class Policy:
    """After which sessions to go on, by chance.

    Attributes
    ----------
    goes_on
        Shape (sessions, BINS): whether to go on after session k with a chance in a bin; never
        before the first look's own session is there a choice, never after the last.
    threshold
        Chance (0-1) from which to accept, once stopped.
    """

    goes_on: NDArray[np.bool_]
    threshold: float

    def decide(self, chance: FloatArray, first_look: int) -> FloatArray:
        """Return scores after each session: -1 declines, 101 accepts, else go on with percent.

        Parameters
        ----------
        chance
            0-1, shape (patients, sessions).
        first_look
            Session before which nobody is asked.
        """
        sessions = np.arange(1, chance.shape[1] + 1)
        bins = bin_of(chance)
        on = self.goes_on[np.minimum(sessions, len(self.goes_on)) - 1, bins]
        stopped = np.where(chance >= self.threshold, 101.0, -1.0)
        return np.where(on | (sessions < first_look), 100 * chance, stopped)


def bin_of(chance: FloatArray) -> NDArray[np.int64]:
    """Return the bin of a chance."""
    return np.minimum((BINS * chance).astype(np.int64), BINS - 1)


def stop_cost(chance: FloatArray, rate: float, threshold: float) -> FloatArray:
    """Return the lesser expected cost of declining and accepting, in test sessions."""
    decline = rate * chance
    accept = rate * threshold / (1 - threshold) * (1 - chance)
    return np.minimum(decline, accept)


def solve(
    bank: Bank, holds: NDArray[np.float32], rate: float, threshold: float, last: int, seed: int
) -> Policy:
    """Return the policy of a test period of at most `last` sessions.

    Parameters
    ----------
    bank
        Courses that the population makes likely; reports of at least `last` sessions.
    holds
        1 or 0 by course.
    rate
        Test sessions worth spending to find one more.
    threshold
        Chance at which accepting and declining cost the same, 0-1.
    """
    silent = replace(bank, missing=np.zeros_like(bank.missing))
    chance = simulated(silent, holds, last, seed)
    goes_on = np.zeros((last, BINS), dtype=bool)
    value = stop_cost(chance[:, last - 1], rate, threshold)
    for k in range(last - 2, -1, -1):
        bins = bin_of(chance[:, k])
        n = np.bincount(bins, minlength=BINS)
        total = np.bincount(bins, 1 + value, minlength=BINS)
        at = np.bincount(bins, chance[:, k], minlength=BINS) / np.maximum(n, 1)
        onward = np.where(n >= FEWEST, total / np.maximum(n, 1), np.inf)
        goes_on[k] = onward < stop_cost(at, rate, threshold)
        own = stop_cost(chance[:, k], rate, threshold)
        value = np.where(goes_on[k][bins], onward[bins], own)
    return Policy(goes_on, threshold)


def simulated(bank: Bank, holds: NDArray[np.float32], sessions: int, seed: int) -> FloatArray:
    """Return chances after each session of patients drawn from the bank itself.

    Shape (PATIENTS, sessions); those of one course differ by their reports.
    """
    rng = np.random.default_rng([seed, 13])
    course = rng.integers(bank.chance.shape[2], size=PATIENTS)
    reports = np.empty((PATIENTS, sessions))
    for k in range(sessions):
        reached = np.cumsum(bank.chance[k][:, course], axis=0, dtype=float)
        reports[:, k] = (reached < rng.random(PATIENTS) * reached[-1]).sum(axis=0)
    return weigh(bank, reports, holds[None])[:, :, 0]
