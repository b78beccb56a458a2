"""The chance to stop after a session, by cause.

Here: equations (6) and (7) of docs/models.md for NumPy and PyTensor. Stopping depends on the
latent curve, reported or not, so that what a patient would have reported after leaving is not
taken for what stayers reported. Stops for other reasons (events, choice, loss to follow-up) tell
nothing of relief here and only end what is known; so does the end of the data.

The hazard of a cause is the mean of two, without and with relief, weighed with
q = P(latent report >= 10 %) = F((eta - 10) / sigma): bounded, and linear in what it depends on.
"""

from typing import Any

import numpy as np

from bayes.cohort import SURGERY, TEST_SESSIONS, WENT_ON

RELIEF_PCT = 10.0
HAZARDS = (
    "stop_test_low", "stop_test_high", "stop_later_low", "stop_later_high", "surgery_low",
    "surgery_high",
)  # fmt: skip


def relief_chance(latent: Any, noise: Any, xp: Any = np) -> Any:
    """Return q, the chance of a latent report of at least `RELIEF_PCT`."""
    return 1 / (1 + xp.exp((RELIEF_PCT - latent) / noise))


def log_probability(
    fate: Any, session: Any, latent: Any, noise: Any, hazards: dict[str, Any], xp: Any = np
) -> Any:
    """Return log P(what followed a session) of every session.

    Parameters
    ----------
    fate
        Codes of `bayes.cohort`, none of them NOTHING, shape (n,).
    session
        Session numbers, from the fourth on.
    latent
        Latent relief, shape (n,).
    hazards
        Natural values of `HAZARDS` by name.
    """
    relief = relief_chance(latent, noise, xp)
    at_test = xp.eq(session, TEST_SESSIONS) if xp is not np else session == TEST_SESSIONS

    def mean(cause: str) -> Any:
        return (
            hazards[f"{cause}_low"] + (hazards[f"{cause}_high"] - hazards[f"{cause}_low"]) * relief
        )

    lost = xp.where(at_test, mean("stop_test"), mean("stop_later"))
    operated = mean("surgery")
    is_surgery = xp.eq(fate, SURGERY) if xp is not np else fate == SURGERY
    went_on = xp.eq(fate, WENT_ON) if xp is not np else fate == WENT_ON
    # Nobody is operated on before the test period is over.
    no_surgery = xp.where(at_test, 0.0, xp.log1p(-operated))
    stayed = xp.where(went_on, xp.log1p(-lost), xp.log(lost)) + no_surgery
    return xp.where(is_surgery, xp.log(operated), stayed)
