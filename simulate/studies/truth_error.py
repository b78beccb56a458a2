"""The error of a truth that is read from a large cohort, by leaving out its patients in blocks.

Here: blocks, deviations, what is counted of them. Not here: truths (`trials/analyses.py`,
`estimates/analyses/`), what is made of the counts (`frames.py`).

A truth T is read again without each of B blocks of patients (patient i is of block i modulo B), and
its deviations are d_b = sqrt((B - 1) / B) (T without b - mean over b): their squares add up to the
variance of T, whatever function of the patients it is (grouped jackknife; Wolter 2007, chapter 4).
Deviations are added up over replicates, block by block: replicates that share a truth add the same
numbers, so that more of them do not shrink its error, and those of another member of an ensemble
add other ones, so that they do.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BLOCKS = 20
"""An error from so many is itself known to 16 % (1 / sqrt(2 x 19))."""
FINER = 64
"""Deviations are added up in steps so many times finer than those of estimates."""
COLUMNS = (
    *("truth_se", "n_covering_below", "n_covering_above"),
    *(f"truth_block_{k}" for k in range(BLOCKS)),
)
"""Sums over replicates: errors of their truths; intervals that hold the truth less, and plus, its
error; deviations by block."""
NOTHING = np.zeros((BLOCKS, 1))
"""Deviations of a truth that is known exactly."""


def block_of(n_patients: int) -> NDArray[np.int64]:
    """Return the block of each patient of a large cohort."""
    return np.arange(n_patients) % BLOCKS


def deviations(left_out: ArrayLike) -> FloatArray:
    """Return deviations from truths without each block, both with blocks on the first axis."""
    told = np.asarray(left_out, dtype=float)
    return np.asarray(np.sqrt((BLOCKS - 1) / BLOCKS) * (told - told.mean(axis=0)))


def by_influence(influence: FloatArray, block: NDArray[np.int64]) -> FloatArray:
    """Return deviations from what each patient adds to a quantity, to first order.

    `influence` adds up to the deviation of the quantity from what is true: for truths that every
    replicate has of its own, for which reading them again B times would take too long.
    """
    sums = np.bincount(block, influence, minlength=BLOCKS)
    return np.asarray(-np.sqrt(BLOCKS / (BLOCKS - 1)) * (sums - sums.mean()))


def count(
    lo: FloatArray, hi: FloatArray, truth: FloatArray, apart: FloatArray, is_estimated: ArrayLike,
    step: float,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the whole numbers of `COLUMNS`, one column an estimate; shape (columns, estimates).

    Parameters
    ----------
    lo, hi, truth, is_estimated
        Of the estimates.
    apart
        Deviations of their truths, shape (blocks, estimates), or (blocks, 1) where they share one.
    step
        In which estimates are added up.
    """
    each = np.where(is_estimated, np.broadcast_to(apart, (BLOCKS, len(truth))), 0.0)
    error = np.sqrt((each**2).sum(axis=0))
    with np.errstate(invalid="ignore"):
        held = [(lo <= moved) & (moved <= hi) for moved in (truth - error, truth + error)]
    fine = step / FINER
    held = [here & np.asarray(is_estimated, dtype=bool) for here in held]
    return np.rint(np.stack([error / fine, *held, *(each / fine)])).astype(np.int64)
