"""How well predicted chances and predicted reports hold: ICI, discrimination, Brier score, PIT."""

import numpy as np

SPAN = 0.3
"""Share of the predictions that the smoother looks at around each."""


def calibration_curve(chance, happened):
    """Return sorted chances and the smoothed share that happened (Austin and Steyerberg 2019).

    Locally linear with tricube weights and without robustness steps, which would take rare
    outcomes for outliers.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    near = 0.005 * np.ptp(chance)  # between points so near the curve is a straight line
    found = lowess(happened.astype(float), chance, frac=SPAN, it=0, delta=near)
    return found[:, 0], np.clip(found[:, 1], 0, 1)


def ici(chance, happened):
    """Return the integrated calibration index: mean distance of chance and smoothed share."""
    at, share = calibration_curve(chance, happened)
    return float(np.abs(at - share).mean())


def ici_if_true(chance, rng, times=20):
    """Return the ICI that the same chances would have if they were true: what is left by noise."""
    return float(np.mean([ici(chance, rng.random(len(chance)) < chance) for _ in range(times)]))


def auc(score, happened):
    """Return the share of pairs in which the one to whom it happened has the higher score."""
    from scipy.stats import rankdata

    rank, n = rankdata(score), int(happened.sum())
    if n in (0, len(happened)):
        return np.nan
    return float((rank[happened].sum() - n * (n + 1) / 2) / (n * (len(happened) - n)))


def brier(chance, happened):
    """Return the mean squared distance of chance and outcome."""
    return float(np.mean((chance - happened) ** 2))


def logistic_brier(score, happened):
    """Return the Brier score of the logistic regression on a score, fitted to the same patients.

    Fitted to those it is judged by, a score without a model is flattered.
    """
    import statsmodels.api as sm

    design = sm.add_constant((score - score.mean()) / max(score.std(), 1e-9))
    fitted = sm.GLM(happened.astype(float), design, family=sm.families.Binomial()).fit()
    return brier(fitted.predict(design), happened)


def pit(table, report, rng):
    """Return the randomised probability integral transform of whole reports.

    Parameters
    ----------
    table
        P(report = 0 ... 100), shape (101, patients).
    report
        Shape (patients,).
    """
    below = np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])
    who, y = np.arange(len(report)), report.astype(int)
    return below[y, who] + rng.random(len(report)) * (below[y + 1, who] - below[y, who])
