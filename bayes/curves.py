"""The relief curve: latent, and as a patient would report it.

Here: equations (1) and (4) of docs/models.md, written once for NumPy and PyTensor. Not here: who
has which curve (`relief.py`), the probability of a report (`heaping.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def saturating(session: Any, start: Any, plateau: Any, rate: Any, *, exp: Any = np.exp) -> Any:
    """Return latent relief after a session, equation (1).

    eta(s) = b + (A - b) (1 - exp(-k s))

    Parameters
    ----------
    session
        Session number s from 1.
    start, plateau
        Latent relief b before the first session and A when sessions go on, points; unbounded.
    rate
        k per session; 90 % of the way is done after ln(10) / k sessions.
    exp
        Exponential of the array library in use.
    """
    return start + (plateau - start) * (1 - exp(-rate * session))


def expected_report(latent: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the mean reported relief E[PR] in percent at a latent value, equation (4).

    sigma [softplus(eta / sigma) - softplus((eta - 100) / sigma)]: the exact mean of a logistic
    variable clipped to 0-100. Rounding to tens, fives or ones moves it by less than 0.3 points
    in the model's range of noise.
    """
    lower, upper = np.logaddexp(0, latent / noise), np.logaddexp(0, (latent - 100) / noise)
    return np.asarray(np.clip(noise * (lower - upper), 0, 100))
