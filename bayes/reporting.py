"""The chance that reports before session 4 are missing.

Here: equation (7a) of docs/models.md for NumPy and PyTensor. Who has relief after session 4 may
have been asked less, or more, for the reports before: then a missing report tells of relief, and
patients whose reports are all there are not like the others. The share that is missing is a mean of
two, without and with relief, weighed like a hazard (`stopping.py`); where both are alike nothing is
learnt from it. That of session 4, which decides the status, and later ones are taken to be missing
at random.
"""

from typing import Any

import numpy as np

from bayes.stopping import relief_chance

SHARES = ("missing_low", "missing_high")


def missing_chance(latent: Any, noise: Any, shares: dict[str, Any], xp: Any = np) -> Any:
    """Return the chance that a report of sessions 1-3 is missing, from relief after session 4.

    Parameters are those of `log_probability`.
    """
    low, high = (shares[name] for name in SHARES)
    return low + (high - low) * relief_chance(latent, noise, xp)


def log_probability(
    asked: Any, unreported: Any, latent: Any, noise: Any, shares: dict[str, Any], xp: Any = np
) -> Any:
    """Return log P(how many reports of sessions 1-3 are missing, which ones given), by patient.

    Parameters
    ----------
    asked, unreported
        Reports that were due, and those of them that are missing, shape (n,).
    latent, noise
        Latent relief after session 4 and the scale of its noise, points, shape (n,).
    shares
        Natural values of `SHARES` by name.
    """
    missing = missing_chance(latent, noise, shares, xp)
    return unreported * xp.log(missing) + (asked - unreported) * xp.log1p(-missing)
