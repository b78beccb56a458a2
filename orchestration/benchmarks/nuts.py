"""What a second of NUTS is worth on the relief model, with its own Monte Carlo error.

The chains are short, so the number of effective draws is itself an estimate: its error is that of
leaving out one chain at a time. Seconds are those after tuning, which favours NUTS: what compiling
and tuning take is told beside it, and does not grow with the draws.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orchestration.benchmarks import Say

if TYPE_CHECKING:
    import pandas as pd

    from bayes.fit import Fit
    from bayes.posterior import Posterior

CHAINS = 4
TOLD_EVERY = 0.1


@dataclass(frozen=True)
class Task:
    """Draws of each of `CHAINS` chains, kept and for tuning."""

    draws: int
    tune: int

    @property
    def tuned(self) -> float:
        """Share of the work after which every draw is kept."""
        return self.tune / (self.tune + self.draws)


SHORT, LONG = Task(100, 200), Task(500, 500)


@dataclass(frozen=True)
class Worth:
    """Effective draws of the worst reported quantity per CPU second after tuning.

    Attributes
    ----------
    rate, error
        And the standard error of the rate over chains (jackknife).
    before
        CPU seconds of compiling and tuning.
    r_hat_max
        Largest split R-hat: near 1 where the chains tell of the same posterior.
    """

    rate: float
    error: float
    before: float
    r_hat_max: float


class Clock:
    """CPU seconds of this process by share of the sampling done."""

    def __init__(self, say: Say) -> None:
        self.began, self.say, self.told = time.process_time(), say, 0.0
        self.seen: list[tuple[float, float]] = []

    def __call__(self, share: float) -> None:
        """Note where the sampling stands; tell it now and then."""
        self.seen.append((share, time.process_time() - self.began))
        if share >= self.told + TOLD_EVERY:
            self.told = share
            self.say(f"NUTS {100 * share:.0f} %, {self.seen[-1][1]:.0f} CPU seconds")

    def split(self, tuned: float) -> tuple[float, float]:
        """Return CPU seconds until a share was done, and from there to the end.

        Raises
        ------
        RuntimeError
            Sampling ended before it was looked at twice after that share.
        """
        after = [(share, spent) for share, spent in self.seen if share >= tuned]
        if len(after) < 2 or after[-1][0] <= after[0][0]:
            raise RuntimeError("NUTS ended before its speed could be seen: ask for more draws")
        (first, until), (last, spent) = after[0], after[-1]
        each = (spent - until) / (last - first)
        return until - each * (first - tuned), each * (1 - tuned)


def measure(
    sessions: "pd.DataFrame", patients: "pd.DataFrame", task: Task, seed: int, say: Say
) -> Worth:
    """Run the chains at the same time and return what they are worth."""
    found, before, after = run(sessions, patients, task, seed, say)
    ess, error = jackknife(found.posterior)
    return Worth(ess / after, error / after, before, found.diagnosis.r_hat_max)


def run(
    sessions: "pd.DataFrame", patients: "pd.DataFrame", task: Task, seed: int, say: Say
) -> tuple["Fit", float, float]:
    """Return the chains, CPU seconds of compiling and tuning, and those of the draws."""
    from bayes.fit import FitConfig, fit

    clock = Clock(say)
    # As many threads as chains, so that all are tuned at the same time; CPU seconds are the same.
    config = FitConfig(
        engine="nuts", draws=task.draws, tune=task.tune, chains=CHAINS, cores=CHAINS, seed=seed
    )
    found = fit(sessions, config, patients=patients, progress=clock)
    return found, *clock.split(task.tuned)


def jackknife(posterior: "Posterior") -> tuple[float, float]:
    """Return the least effective number of all chains and its standard error over chains."""
    return over_chains(lambda kept: _least(posterior, kept), len(posterior.scores))


def over_chains(least: Callable[[NDArray[np.bool_]], float], n: int) -> tuple[float, float]:
    """Return the least effective number of n chains and its standard error over chains."""
    # A chain fewer is worth (n - 1) / n of them all.
    without = [least(np.arange(n) != k) * n / (n - 1) for k in range(n)]
    spread = np.sqrt((n - 1) * np.var(without))
    return least(np.full(n, True)), float(spread)


def _least(posterior: "Posterior", kept: np.ndarray) -> float:
    from bayes.diagnostics import diagnose_chains

    part = replace(
        posterior,
        scores=posterior.scores[kept],
        effects=posterior.effects[kept],
        stats={name: value[kept] for name, value in posterior.stats.items()},
    )
    return diagnose_chains(part).ess_min
