"""Decision rules: go on with treatment after the test period, or not.

Here: functions from the reports of the test period to a decision. Not here: the truth, or any
report after the test period: a rule is handed the prefix and nothing else.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def last(prefix: FloatArray, threshold_pct: float) -> BoolArray:
    """Go on if the last recorded report reaches the threshold.

    Parameters
    ----------
    prefix
        Recorded relief of sessions 1..L along the last axis, NaN where not recorded.
    threshold_pct
        Half-open bound: a report equal to it reaches it.

    Returns
    -------
    numpy.ndarray
        Whether to go on, without the last axis. A missing report is never 0: without any
        recorded report nothing speaks against going on, so the decision is to go on.
    """
    known = ~np.isnan(prefix)
    at = prefix.shape[-1] - 1 - np.argmax(known[..., ::-1], axis=-1)
    value = np.take_along_axis(prefix, at[..., None], axis=-1)[..., 0]
    return (value >= threshold_pct) | ~known.any(axis=-1)


def maximum(prefix: FloatArray, threshold_pct: float) -> BoolArray:
    """Go on if any recorded report reaches the threshold; parameters and missing as in `last`."""
    reached = np.fmax.reduce(prefix, axis=-1)
    return (reached >= threshold_pct) | np.isnan(reached)


RULES: Mapping[str, Callable[[FloatArray, float], BoolArray]] = MappingProxyType(
    {"last": last, "maximum": maximum}
)


def decide(rule: str, recorded: FloatArray, test_sessions: int, threshold_pct: float) -> BoolArray:
    """Apply a rule after a test period of the given length.

    Parameters
    ----------
    recorded
        Recorded relief of all sessions along the last axis; the rule sees the first
        `test_sessions` of them.
    """
    return RULES[rule](recorded[..., :test_sessions], threshold_pct)
