"""Power of a trial that compares slopes: in closed form, and by simulation.

Here: the chance that the test of a slope (one group) or of a difference of slopes (two groups)
rejects, in the random-intercept model. Not here: drawing and fitting (`classical.batched.trials`).

The closed form takes the expected information X'V^-1 X over the patterns of drop-out (Liu & Liang
1997; for two balanced groups Diggle et al. 2002, section 2.4) and the noncentral t with the degrees
of freedom of the within-patient regression. It is exact for balanced data whose variance between
patients is well above 0, and an approximation with drop-out, which must not depend on the outcome.
Where slopes vary or reports are rounded only simulation answers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classical.batched.mixed import Fits
from classical.batched.status import usable
from classical.batched.trials import Remedy, Streams, Trial, analyse

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Power:
    """A simulated rejection rate.

    Attributes
    ----------
    estimate, mcse
        Share of fits that reject, of those that are numbers, and its Monte Carlo standard error.
    n, n_failed
        Fits that are numbers, and fits that failed: those are counted, never taken for "no".
    """

    estimate: float
    mcse: float
    n: int
    n_failed: int


def closed_form(trial: Trial, *, alpha: float = 0.05, observed: ArrayLike | None = None) -> float:
    """Return the power of the two-sided test of the slope, or of the difference of slopes.

    Parameters
    ----------
    trial
        The trial; with two groups the difference is tested.
    alpha
        Level of the test.
    observed
        Share of patients still observed at each session, never rising; by default what the trial's
        drop-out implies.

    Raises
    ------
    ValueError
        If slopes vary, reports are rounded, sigma is 0, fewer than two sessions differ or patients
        are too few, or the drop-out depends on the outcome and `observed` is not given.
    """
    from scipy.stats import nct, t

    if trial.slope_sd or trial.heap or not trial.sigma:
        raise ValueError("the closed form is of the random-intercept model: simulate this trial.")
    share = _share_observed(trial) if observed is None else np.asarray(observed, dtype=float)
    if len(share) != len(trial.sessions) or not _is_falling(share):
        raise ValueError("observed is one share from 0 to 1 a session, and never rises.")
    tested = 3 if trial.in_group else 1
    effect = trial.slope_difference if trial.in_group else trial.slope
    information = _information(trial, share)
    rows, patients = trial.n_patients * share.sum(), trial.n_patients * share[0]
    df = rows - patients - (2 if trial.in_group else 1)
    if df <= 0 or np.linalg.matrix_rank(information) < len(information):
        raise ValueError("no slope: it takes two sessions that differ, and patients in each group.")
    variance = np.linalg.inv(information)[tested, tested]
    limit, shift = t.ppf(1 - alpha / 2, df), abs(effect) / np.sqrt(variance)
    return float(nct.sf(limit, df, shift) + nct.cdf(-limit, df, shift))


def simulated(
    trial: Trial,
    streams: Streams,
    n_replicates: int,
    *,
    alpha: float = 0.05,
    workers: int = 1,
    remedy: Remedy = "none",
) -> Power:
    """Return the rejection rate of the same test in simulated trials, `streams` as in `analyse`."""
    fits = analyse(trial, streams, n_replicates, workers=workers, remedy=remedy)
    return rejections(fits, 3 if trial.in_group else 1, alpha=alpha)


def rejections(fits: Fits, effect: int, *, alpha: float = 0.05) -> Power:
    """Count how many fits reject that an effect (column of the design) is 0."""
    found = usable(fits.status)
    n = int(found.sum())
    rate = float((fits.p[found, effect] < alpha).mean()) if n else np.nan
    mcse = float(np.sqrt(rate * (1 - rate) / n)) if n else np.nan
    return Power(rate, mcse, n, len(found) - n)


def _share_observed(trial: Trial) -> FloatArray:
    stop = trial.drop_out
    if stop is None:
        return np.ones(len(trial.sessions))
    if stop.on_last or stop.on_current:
        raise ValueError("drop-out depends on the outcome: give the shares observed, or simulate.")
    stay = 1 / (1 + np.exp(stop.intercept))
    return np.asarray(stay ** np.arange(len(trial.sessions)), dtype=float)


def _is_falling(share: FloatArray) -> bool:
    return bool((np.diff(share) <= 0).all() and share[0] <= 1 and share[-1] >= 0)


def _information(trial: Trial, share: FloatArray) -> FloatArray:
    """Expected X'V^-1 X, shape (p, p), over the patterns 'observed up to session k'."""
    last = share - np.append(share[1:], 0.0)
    total = np.zeros((trial.design().shape[2],) * 2)
    for patient in trial.design():
        for k, chance in enumerate(last, start=1):
            x = patient[:k]
            covariance = trial.sigma**2 * np.eye(k) + trial.tau**2
            total += chance * (x.T @ np.linalg.solve(covariance, x))
    return total
