"""What became of a fit, a test or a table of a batch: one number each, one text for each number."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

OK = 0
BOUNDARY = 1
NO_OBSERVATIONS = 2
ONE_PATIENT = 3
CONSTANT = 4
DESIGN = 5
TOO_FEW = 6
ONE_EACH = 7
NO_WITHIN = 8
INFINITE = 9
NOT_FOUND = 10
EMPTY_GROUP = 11
SEPARATION = 12
ALONE = 13

TEXT = (
    "ok",
    "boundary",
    "failed: no observations",
    "failed: one patient",
    "failed: the outcome is constant",
    "failed: the design does not vary enough",
    "failed: too few observations",
    "failed: one observation a patient",
    "failed: no variation within patients",
    "failed: an outcome is infinite",
    "failed: the optimum was not found",
    "failed: one group has no patients",
    "failed: separation, one cell is empty",
    "failed: one patient alone decides an effect",
)


def text(status: ArrayLike) -> NDArray[np.str_]:
    """Return the texts of an array of status numbers, in its shape."""
    return np.array(TEXT)[np.asarray(status)]


def usable(status: ArrayLike) -> NDArray[np.bool_]:
    """Tell which results are numbers: 'ok' and 'boundary'."""
    return np.asarray(status) <= BOUNDARY
