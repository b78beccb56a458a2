"""How many patients a trial needs: the root of simulated power, with an interval.

Here: a root finder for a rate that is known only from trials that succeed or do not. Not here: the
trials (`conduct.py`), the cells of a study.

The power of a test is close to a straight line in the square root of the number of patients on the
probit scale: exactly so for a z test. The line is fitted by local likelihood (weights fall off with
the distance from the power asked, on that scale), new replicates go to either side of its root,
where they tell most about it, and the interval is Fieller's: all sizes at which the line, within
its error, may have the power asked. Every batch of replicates is new: batches are independent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Try = Callable[[int, range], tuple[int, int]]
"""(patients, numbers of replicates) -> (tests that reject, tests made)."""

FIRST = 100
BATCH = 500
REACH = 0.6
"""Width of the local weights, in probits: power 0.6 to 0.93 counts for a target of 0.8."""
SPREAD = 0.12
"""How far from the root new replicates go, as a share of the square root of patients."""
_Z = 1.959963984540054


@dataclass(frozen=True)
class Steps:
    """How far a search is: trials simulated, root and limits so far (NaN without any)."""

    n_replicates: int
    root: float
    lo: float
    hi: float


@dataclass(frozen=True)
class Size:
    """How many patients reach a power.

    Attributes
    ----------
    n_patients, lo, hi
        Least number with the power asked, and limits of 95 % for it: Monte Carlo error alone.
    n_replicates
        Trials simulated.
    tried
        (patients, rejections, tests) of every batch.
    """

    n_patients: int
    lo: int
    hi: int
    n_replicates: int
    tried: tuple[tuple[int, int, int], ...]


def search(
    try_at: Try,
    power: float,
    *,
    low: int = 8,
    high: int = 20_000,
    tolerance: float = 0.03,
    budget: int = 100_000,
    before: Size | None = None,
    watch: Callable[[Steps], None] | None = None,
) -> Size:
    """Find the least number of patients that reach a power.

    Which trials are asked for depends on nothing but the arguments and on what trials found.

    Parameters
    ----------
    try_at
        Simulates trials of a size.
    power
        Asked, between 0 and 1.
    low, high
        Least and largest number of patients to consider.
    tolerance
        Stop as soon as the interval reaches no further than this share of the number either way.
    budget
        New replicates at most; what is known by then is returned, with its interval.
    before
        What was found for a smaller power: its trials count here too, new ones are numbered on.
    watch
        Called after every batch.

    Raises
    ------
    LookupError
        The power is not reached with `high` patients, or already with `low`.
    """
    tried = list(before.tried) if before else []
    used = start = before.n_replicates if before else 0
    root = lo = hi = float("nan")

    def add(n: int, replicates: int) -> float:
        nonlocal used
        rejected, tested = try_at(n, range(used, used + replicates))
        used += replicates
        tried.append((n, rejected, tested))
        if watch is not None:
            watch(Steps(used, root, lo, hi))
        return rejected / max(tested, 1)

    _bracket(add, tried, power, low, high)
    while True:
        root, lo, hi = _root(tried, power)
        reached = max(hi - root, root - lo) <= tolerance * root
        if reached or used - start >= budget:
            break
        for side in (-1, 1):
            at = np.sqrt(np.clip(root, low, high)) * (1 + side * SPREAD)
            add(int(np.clip(round(at**2), low, high)), BATCH)
    limits = (max(low, int(np.floor(lo))), int(np.ceil(min(hi, high))))
    return Size(int(np.ceil(root)), *limits, used, tuple(tried))


def _bracket(
    add: Callable[[int, int], float],
    tried: list[tuple[int, int, int]],
    power: float,
    low: int,
    high: int,
) -> None:
    """Double the size until the power is passed, so that the line has something on either side."""
    if not tried:
        add(low, FIRST)
    rates = [(n, rejected / max(tested, 1)) for n, rejected, tested in tried]
    (_, least), (n, rate) = min(rates), max(rates)
    error = np.sqrt(power * (1 - power) / FIRST)
    if least - 4 * error > power:
        raise LookupError(f"a power of {power:g} is reached with {low} patients already")
    while rate < min(power + 2 * error, 0.99) and n < high:
        n = min(2 * n, high)
        rate = add(n, FIRST)
    if rate < power - 4 * error:
        raise LookupError(f"a power of {power:g} is not reached with {high} patients: {rate:.2f}")


def _root(tried: list[tuple[int, int, int]], power: float) -> tuple[float, float, float]:
    """Return patients at which the line has the power, with Fieller's limits."""
    from scipy.special import ndtri

    some = [batch for batch in tried if batch[2]]  # too small a trial may carry no test at all
    n, rejected, tested = np.array(some, dtype=float).T
    x, target = np.sqrt(n), float(ndtri(power))
    weight = np.ones_like(x)
    for _ in range(12):
        line, covariance = _probit_line(x, rejected, tested, weight)
        weight = np.exp(-0.5 * ((line[0] + line[1] * x - target) / REACH) ** 2) + 1e-6
    root = (target - line[0]) / line[1]
    lo, hi = _fieller(line[0] - target, line[1], covariance)
    return root**2, max(lo, 0.0) ** 2, hi**2


def _probit_line(
    x: FloatArray, rejected: FloatArray, tested: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted maximum likelihood of Phi(a + b x), and its sandwich covariance."""
    from scipy.special import ndtr, ndtri

    design = np.stack([np.ones_like(x), x], axis=1)
    eta = ndtri((rejected + 0.5) / (tested + 1))
    for _ in range(25):
        mean = np.clip(ndtr(eta), 1e-9, 1 - 1e-9)
        density = np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi)
        information = tested * density**2 / (mean * (1 - mean))
        working = eta + (rejected / tested - mean) / np.maximum(density, 1e-9)
        left = (design.T * (weight * information)) @ design
        line = np.linalg.solve(left, design.T @ (weight * information * working))
        eta = np.clip(design @ line, -5, 5)
    bread = np.linalg.inv(left)
    return line, bread @ ((design.T * (weight**2 * information)) @ design) @ bread


def _fieller(a: float, b: float, v: FloatArray) -> tuple[float, float]:
    """Limits of -a / b; infinite where the slope itself may be 0."""
    z2 = _Z**2
    square = b**2 - z2 * v[1, 1]
    if b <= 0 or square <= 0:
        return 0.0, np.inf
    linear, constant = a * b - z2 * v[0, 1], a**2 - z2 * v[0, 0]
    root = np.sqrt(max(linear**2 - square * constant, 0.0))
    return (-linear - root) / square, (-linear + root) / square
