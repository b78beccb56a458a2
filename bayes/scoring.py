"""How well predicted chances and predicted reports hold, where the outcome is known.

Here: the integrated calibration index and its curve, discrimination, Brier score, the randomised
probability integral transform. Not here: the predictions (`predict.py`), worlds with a known truth
(`tests/benchmarks/model_worlds.py`).
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SPAN = 0.3
"""Share of the predictions that the smoother looks at around each."""


def calibration_curve(chance: FloatArray, happened: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return sorted chances and the smoothed share that happened (Austin and Steyerberg 2019).

    Locally linear with tricube weights and without robustness steps, which would take rare
    outcomes for outliers.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    near = 0.005 * np.ptp(chance)  # between points so near the curve is a straight line
    found = lowess(happened.astype(float), chance, frac=SPAN, it=0, delta=near)
    known = np.isfinite(found[:, 1])  # no slope where all of a neighbourhood have one chance
    return found[known, 0], np.clip(found[known, 1], 0, 1)


def calibration_bands(
    chance: FloatArray,
    happened: BoolArray,
    cluster: NDArray[np.int64],
    rng: np.random.Generator,
    times: int = 40,
) -> dict[str, FloatArray]:
    """Return the calibration curve with bands, at chances 0, 0.02, ..., 1 among those predicted.

    Parameters
    ----------
    cluster
        What is drawn again with all that belongs to it (the clinic of each patient).
    times
        Curves that each band comes from.

    Returns
    -------
    dict
        chance, share; low, high: 90 % of the curves of clusters drawn with replacement;
        true_low, true_high: 90 % of the curves that the same chances would give if they were true.
    """
    at = np.linspace(0, 1, 51)
    at = at[(at >= chance.min()) & (at <= chance.max())]

    def curve(p: FloatArray, y: BoolArray) -> FloatArray:
        return np.interp(at, *calibration_curve(p, y))

    members = [np.flatnonzero(cluster == name) for name in np.unique(cluster)]
    again, true = [], []
    for _ in range(times):
        who = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        again.append(curve(chance[who], happened[who]))
        true.append(curve(chance, rng.random(len(chance)) < chance))
    low, high = np.quantile(again, (0.05, 0.95), axis=0)
    true_low, true_high = np.quantile(true, (0.05, 0.95), axis=0)
    ends = {"low": low, "high": high, "true_low": true_low, "true_high": true_high}
    return {"chance": at, "share": curve(chance, happened), **ends}


def ici(chance: FloatArray, happened: BoolArray) -> float:
    """Return the integrated calibration index: mean distance of chance and smoothed share."""
    at, share = calibration_curve(chance, happened)
    return float(np.abs(at - share).mean())


def ici_if_true(chance: FloatArray, rng: np.random.Generator, times: int = 20) -> float:
    """Return the ICI that the same chances would have if they were true: what is left by noise."""
    return float(np.mean([ici(chance, rng.random(len(chance)) < chance) for _ in range(times)]))


def auc(score: FloatArray, happened: BoolArray) -> float:
    """Return the share of pairs in which the one to whom it happened has the higher score."""
    from scipy.stats import rankdata

    rank, n = rankdata(score), int(happened.sum())
    if n in (0, len(happened)):
        return float("nan")
    return float((rank[happened].sum() - n * (n + 1) / 2) / (n * (len(happened) - n)))


def brier(chance: FloatArray, happened: BoolArray) -> float:
    """Return the mean squared distance of chance and outcome."""
    return float(np.mean((chance - happened) ** 2))


def logistic_brier(score: FloatArray, happened: BoolArray) -> float:
    """Return the Brier score of the logistic regression on a score, fitted to the same patients.

    Fitted to those it is judged by, a score without a model is flattered.
    """
    import statsmodels.api as sm

    design = sm.add_constant((score - score.mean()) / max(score.std(), 1e-9))
    fitted = sm.GLM(happened.astype(float), design, family=sm.families.Binomial()).fit()
    return brier(fitted.predict(design), happened)


def pit(table: FloatArray, report: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the randomised probability integral transform of whole reports.

    Parameters
    ----------
    table
        P(report = 0 ... 100), shape (101, patients).
    report
        Whole percent, shape (patients,).
    """
    below = np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])
    who, y = np.arange(len(report)), report.astype(int)
    return np.asarray(below[y, who] + rng.random(len(report)) * (below[y + 1, who] - below[y, who]))
