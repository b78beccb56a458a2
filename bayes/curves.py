"""The relief curve: latent, and as a patient would report it.

Here: equations (1), (2) and (5) of docs/models.md, written once for NumPy and PyTensor. Not here:
who has which curve (`relief.py`), the probability of a report (`heaping.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

ONSETS = (5, 9, 16)
"""Sessions after which a relapse may begin, each as likely as the others."""
COURSES = ("flat", "kept", *(f"relapse_after_{onset}" for onset in ONSETS))
"""Kinds of course; draws hold their position in this list."""


def saturating(
    session: Any, start: Any, plateau: Any, rate: Any, shape: Any, kept: Any = 1.0, *, xp: Any = np
) -> Any:
    """Return latent relief after a session, equation (1).

    eta(s) = b + (A - b) (1 - exp(-(k s)^g)) kept(s)

    Parameters
    ----------
    session
        Session number s from 1.
    start, plateau
        Latent relief b before the first session and A when sessions go on, points; unbounded.
    rate
        k per session; 63 % of the way is done after 1 / k sessions.
    shape
        g: 1 is the exponential; below 1 the rise is steep first and long after, above 1 it begins
        late and ends early. 90 % of the way is done after ln(10)^(1 / g) / k sessions.
    kept
        Share of the gain that no relapse has taken, see `kept_share`.
    xp
        `numpy` or `pytensor.tensor`.
    """
    return start + (plateau - start) * (1 - xp.exp(-((rate * session) ** shape))) * kept


def kept_share(session: Any, onset: Any, relapse_rate: Any, *, xp: Any = np) -> Any:
    """Return the share of the gain left by a relapse after session `onset`, equation (2)."""
    return xp.exp(-relapse_rate * xp.maximum(session - onset, 0))


def expected_report(
    latent: FloatArray, noise: FloatArray, tens_share: FloatArray, fives_share: FloatArray
) -> FloatArray:
    """Return the mean reported relief E[PR] in percent at a latent value, equation (5).

    A report on the grid w has mean sum_j w P(y* >= (j - 1/2) w), j = 1..100 / w: a midpoint sum,
    here its integral over 0-100, the mean of the clipped value, with the first two
    Euler-Maclaurin terms. Within 0.02 points of the sum for a noise of 5 or more.
    """
    low, high = latent / noise, (latent - 100) / noise
    clipped = noise * (np.logaddexp(0, low) - np.logaddexp(0, high))
    fives = (1 - tens_share) * fives_share
    ones = 1 - tens_share - fives
    second = (100 * tens_share + 25 * fives + ones) / 24
    fourth = 7 * (1e4 * tens_share + 625 * fives + ones) / 5760
    slope, third = (
        at_low - at_high for at_low, at_high in zip(_density(low), _density(high), strict=True)
    )
    return np.asarray(np.clip(clipped - second * slope / noise + fourth * third / noise**3, 0, 100))


def _density(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standard logistic density and its second derivative."""
    tail = np.exp(-np.abs(z))
    density = tail / (1 + tail) ** 2
    return density, density * (1 - 6 * density)
