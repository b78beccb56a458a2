"""Population parameters of the relief model: names, links, priors and the reason of each.

Here: the one table that both engines read. Every prior is normal on the scale of its link, so
the two engines share it as numbers. Not here: what the parameters do (`curves.py`, `heaping.py`,
`stopping.py`), what the priors imply (`prior_checks.py`, docs/models.md).
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Link = Literal["identity", "log", "logit", "atanh"]


@dataclass(frozen=True)
class Parameter:
    """A population parameter: link(value) ~ Normal(centre, spread).

    Attributes
    ----------
    name
        As in docs/models.md, with its unit there.
    link
        Scale on which the prior is normal and both engines work.
    centre, spread
        Of the prior, on the scale of the link.
    reason
        Why this prior.
    """

    name: str
    link: Link
    centre: float
    spread: float
    reason: str


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("start_mean", "identity", -15, 20, "half or nearly all first reports may be 0"),
    Parameter("start_sd", "log", np.log(10), 0.4, "starts differ less than plateaus"),
    Parameter("plateau_mean", "identity", 35, 25, "from little to nearly complete relief"),
    Parameter("plateau_sd", "log", np.log(22), 0.5, "plateaus differ, by 10 to 50 points"),
    Parameter("start_plateau_correlation", "atanh", 0, 0.5, "early relief may foretell late"),
    Parameter("log_rate_mean", "identity", -1, 1.2, "neutral: saturation from session 1 to > 15"),
    Parameter("log_rate_sd", "log", np.log(0.7), 0.5, "patients may differ fourfold in speed"),
    Parameter("noise", "log", np.log(12), 0.5, "session SD of 18-23 points is a scale of 10-13"),
    Parameter("tens_share", "logit", _logit(0.6), 0.8, "most reports are multiples of ten"),
    Parameter("fives_share", "logit", _logit(0.75), 0.8, "most others are multiples of five"),
    Parameter("relapse_share", "logit", _logit(0.12), 0.8, "24 of 113 stopped for lost efficacy"),
    Parameter(
        "relapse_rate", "log", np.log(0.06), 0.7, "half of the gain lost in 4 to 35 sessions"
    ),
    Parameter("stop_test_low", "logit", _logit(0.7), 1.2, "without relief most stop at session 4"),
    Parameter("stop_test_high", "logit", _logit(0.05), 1.2, "with relief few do"),
    Parameter("stop_later_low", "logit", _logit(0.15), 1.2, "later, without relief"),
    Parameter("stop_later_high", "logit", _logit(0.02), 1.2, "later, with relief"),
    Parameter("surgery_low", "logit", _logit(0.01), 1.2, "surgery is rare without relief"),
    Parameter("surgery_high", "logit", _logit(0.01), 1.2, "a tenth of the cohort was operated"),
    Parameter(
        "curve_shape", "log", 0, 0.5, "1 is the exponential; Emax is near 0.7, a step above 2"
    ),
    Parameter("flat_shift", "identity", 0, 8, "levels without a rise lie about where starts lie"),
    Parameter("flat_spread", "log", 0, 0.4, "and differ about as much, times this"),
    Parameter(
        "noise_spread", "log", np.log(0.3), 0.6, "reports of some patients scatter 1.2 to 3 times"
    ),
    Parameter("noise_first", "log", 0, 0.4, "first reports scatter more or less than later ones"),
    Parameter("missing_low", "logit", _logit(0.1), 1.2, "reports asked for and not given, a tenth"),
    Parameter("missing_high", "logit", _logit(0.1), 1.2, "with relief as often, or not"),
    Parameter("rising_share", "logit", 0.3, 1.2, "symmetric enough, against 0 and 1"),
)
NAMES: tuple[str, ...] = tuple(parameter.name for parameter in PARAMETERS)
KERNEL_NAMES = NAMES[: NAMES.index("rising_share")]

# Spread of the effects on the logit of the chance to rise. Fixed: two or three levels and stroke
# types, and a dozen sites within them, cannot tell their own (a learned spread of sites kept its
# prior on simulated clinics). Sites differ less than the levels they belong to.
EFFECT_SD = {"level": 0.7, "stroke": 0.7, "site": 0.4}

_CENTRE = np.array([parameter.centre for parameter in PARAMETERS])
_SPREAD = np.array([parameter.spread for parameter in PARAMETERS])


def natural(link: Link, value: Any, xp: Any = np) -> Any:
    """Return the parameter from the scale of its link; `xp` is numpy or pytensor.tensor."""
    if link == "log":
        return xp.exp(value)
    if link == "logit":
        return 1 / (1 + xp.exp(-value))
    return xp.tanh(value) if link == "atanh" else value


def values(standard: FloatArray) -> FloatArray:
    """Return natural values from prior standard scores, shape (..., parameters)."""
    linked = _CENTRE + _SPREAD * standard
    return np.stack([natural(p.link, linked[..., k]) for k, p in enumerate(PARAMETERS)], axis=-1)


def slopes(standard: FloatArray) -> FloatArray:
    """Return d value / d standard score of every parameter, shape (..., parameters)."""
    value = values(standard)
    by_link = {
        "identity": lambda v: np.ones_like(v),
        "log": lambda v: v,
        "logit": lambda v: v * (1 - v),
        "atanh": lambda v: 1 - v**2,
    }
    columns = [by_link[p.link](value[..., k]) for k, p in enumerate(PARAMETERS)]
    return np.asarray(np.stack(columns, axis=-1) * _SPREAD)


def scores_of(natural: FloatArray) -> FloatArray:
    """Return prior standard scores of natural values, shape (..., parameters)."""
    inverse: dict[str, Any] = {
        "identity": lambda v: v,
        "log": np.log,
        "logit": lambda v: np.log(v / (1 - v)),
        "atanh": np.arctanh,
    }
    linked = [inverse[p.link](natural[..., k]) for k, p in enumerate(PARAMETERS)]
    return np.asarray((np.stack(linked, axis=-1) - _CENTRE) / _SPREAD, dtype=float)
