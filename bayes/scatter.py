"""How much a patient's reports scatter about latent relief: by patient, and in the first sessions.

Here: equation (8a) of docs/models.md. Patients are of three kinds, whose scale of the noise is the
common one times exp(spread z), z at the three Gauss-Hermite nodes: the moments of a log-normal to
the fifth order, and nothing continuous to integrate. First reports scatter more, or less; what the
first is off by fades by halves. Not here: the probability of a report (`heaping.py`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

NOISE = ("noise", "noise_spread", "noise_first")
"""Parameters of the noise."""
SCORES = np.array([-np.sqrt(3.0), 0.0, np.sqrt(3.0)])
SHARES = np.array([1 / 6, 2 / 3, 1 / 6])
LEAST_NOISE = 0.5
"""Points. Whole numbers cannot tell less, and the pieces of the marginal engine reach 20 scales."""
EXTRA_LEFT = np.array([1.0, 0.5, 0.25, 0.0])
"""Share of the first report's extra noise that is left at sessions 1, 2, 3, and later."""


def noise_of(law: Sequence[Any], scatter: Any, session: Any, xp: Any = np) -> Any:
    """Return the logistic scale of the noise in points, equation (8a).

    Parameters
    ----------
    law
        Natural values of the parameters `NOISE`.
    scatter
        Position in `SCORES`, whole numbers (NumPy).
    session
        Session numbers from 1, whole numbers (NumPy).
    """
    noise, spread, first = law
    left = EXTRA_LEFT[stage_of(session)]
    scale = noise * xp.exp(spread * SCORES[scatter]) * (1 + (first - 1) * left)
    return xp.maximum(scale, LEAST_NOISE)


def stage_of(session: Any) -> IntArray:
    """Return the position in `EXTRA_LEFT` of session numbers."""
    return np.asarray(np.clip(session, 1, len(EXTRA_LEFT)) - 1, dtype=np.int64)
