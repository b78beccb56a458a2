"""The chance of what follows a session, and of missing reports, at one latent value, as kernels.

Here: equations (6), (7) and (7a) of docs/models.md, with slopes: the hazard of each cause, and the
share of reports missing, is a mean of two, without and with relief, weighed by
q = P(latent report >= 10 %) = t / (1 + t), t = exp((eta - 10) / sigma). Not here: the same for
PyTensor (`bayes/stopping.py`, `bayes/reporting.py`), its pieces (`pieces.py`).

`hazards` is [test low, test high, later low, later high, surgery low, surgery high].
"""

import numpy as np

from bayes.cohort import LOST_EFFICACY, SURGERY, WENT_ON
from bayes.marginal.compiled import compiled


@compiled
def fate_at(fate, is_later, t, hazards):
    """Return log P(what followed a session of the test period or later) and its slopes.

    Returns
    -------
    tuple of float
        log P, its slope in (eta - 10) / sigma, in the low and high hazard of stopping for lost
        efficacy, and in those of surgery.
    """
    at = 2 if is_later else 0
    relief = t / (1 + t)
    lost = hazards[at] + (hazards[at + 1] - hazards[at]) * relief
    operated = hazards[4] + (hazards[5] - hazards[4]) * relief
    log, by_lost, by_operated = 0.0, 0.0, 0.0
    if fate == WENT_ON:
        log, by_lost = np.log(1 - lost), -1 / (1 - lost)
    elif fate == LOST_EFFICACY:
        log, by_lost = np.log(lost), 1 / lost
    if fate == SURGERY:
        log, by_operated = np.log(operated), 1 / operated
    elif is_later:  # nobody is operated on before the test period is over
        log += np.log(1 - operated)
        by_operated = -1 / (1 - operated)
    by_relief = by_lost * (hazards[at + 1] - hazards[at])
    by_relief += by_operated * (hazards[5] - hazards[4])
    return (
        log,
        by_relief * relief * (1 - relief),
        by_lost * (1 - relief),
        by_lost * relief,
        by_operated * (1 - relief),
        by_operated * relief,
    )


@compiled
def missing_at(asked, unreported, t, low, high):
    """Return log P(so many of the reports due are missing) and its slopes.

    Returns
    -------
    tuple of float
        log P, its slope in (eta - 10) / sigma, in the low and in the high share.
    """
    relief = t / (1 + t)
    missing = low + (high - low) * relief
    log = unreported * np.log(missing) + (asked - unreported) * np.log(1 - missing)
    by_missing = unreported / missing - (asked - unreported) / (1 - missing)
    by_place = by_missing * (high - low) * relief * (1 - relief)
    return log, by_place, by_missing * (1 - relief), by_missing * relief
