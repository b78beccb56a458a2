"""The chance to stop after a session, as kernels.

Here: equations (6) and (7) of docs/models.md: the hazard of each cause is a mean of two, without
and with relief, weighed by q = P(latent report >= 10 %) = E c / (1 + E c), which needs no further
exponential. Not here: the same for PyTensor (`bayes/stopping.py`).

`hazards` is [test low, test high, later low, later high, surgery low, surgery high].
"""

from bayes.cohort import LOST_EFFICACY, SURGERY, TEST_SESSIONS, WENT_ON
from bayes.marginal.compiled import compiled


@compiled
def multiply_fate(fate, session, hazards, relief_power, power, product):
    """Multiply the products at all nodes by the probability of what followed a session."""
    at = 0 if session == TEST_SESSIONS else 2
    low, high = hazards[at], hazards[at + 1]
    cut, cut_high = hazards[4], hazards[5]
    operable = session > TEST_SESSIONS
    for q in range(len(power)):
        odds = power[q] * relief_power
        relief = odds / (1 + odds)
        lost = low + (high - low) * relief
        operated = cut + (cut_high - cut) * relief
        if fate == SURGERY:
            product[q] *= operated
        else:
            product[q] *= (1 - lost) if fate == WENT_ON else lost
            if operable:
                product[q] *= 1 - operated


@compiled
def slopes_of_fate(fate, session, hazards, relief_power, power):
    """Return d log P / d (eta / sigma) without the part of the threshold, and by hazard.

    Returns
    -------
    tuple of float
        Slope in the logit of q, minus an approximate second derivative, slopes in the low and
        high hazard of stopping for lost efficacy, and in those of surgery.
    """
    at = 0 if session == TEST_SESSIONS else 2
    odds = power * relief_power
    relief = odds / (1 + odds)
    lost = hazards[at] + (hazards[at + 1] - hazards[at]) * relief
    operated = hazards[4] + (hazards[5] - hazards[4]) * relief
    by_lost, by_operated = 0.0, 0.0
    if fate == WENT_ON:
        by_lost = -1 / (1 - lost)
    elif fate == LOST_EFFICACY:
        by_lost = 1 / lost
    if fate == SURGERY:
        by_operated = 1 / operated
    elif session > TEST_SESSIONS:
        by_operated = -1 / (1 - operated)
    spread = relief * (1 - relief)
    one = by_lost * (hazards[at + 1] - hazards[at]) * spread
    two = by_operated * (hazards[5] - hazards[4]) * spread
    return (
        one + two,
        one * one + two * two - (one + two) * (1 - 2 * relief),
        by_lost * (1 - relief),
        by_lost * relief,
        by_operated * (1 - relief),
        by_operated * relief,
    )
