"""The prior: standard normal deviates to parameters and back, as `priors.yaml` declares.

Here: laws, their table, conversion. Not here: the posterior, and what a parameter does
(`simulate/parameter_table.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from simulate.parameter_table import BY_NAME, STRUCTURES
from simulate.parameters import Parameters, of_scenario
from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DECLARED = Path(__file__).parent / "priors.yaml"
Z = 1.959963984540054
_Pair = tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]
SCALES: dict[str, _Pair] = {
    "plain": (lambda x: x, lambda x: x),
    "log": (np.log, np.exp),
    "logit": (lambda x: np.log(x / (1 - x)), lambda x: 1 / (1 + np.exp(-x))),
}


@dataclass(frozen=True)
class Law:
    """Prior of one parameter: normal on a scale, between `low` and `high` with 95 %."""

    name: str
    scale: str
    low: float
    high: float
    why: str
    part_of_rest: str = ""

    def value(self, deviate: FloatArray) -> FloatArray:
        """Return the parameter (or its part of the rest) at standard normal deviates."""
        to, back = SCALES[self.scale]
        low, high = to(np.array([self.low, self.high]))
        return back((low + high) / 2 + (high - low) / (2 * Z) * deviate)


@cache
def laws() -> tuple[Law, ...]:
    """Return the prior of every free parameter, in the file's order.

    Raises
    ------
    ValueError
        If the file does not name every parameter of the generator exactly once.
    """
    document = _document()
    free, fixed = document["parameters"], document["fixed"]
    named = [*free, *fixed]
    if sorted(named) != sorted(BY_NAME):
        odd = sorted(set(named) ^ set(BY_NAME)) or ["a parameter twice"]
        raise ValueError(f"{DECLARED.name} and the generator disagree about: {', '.join(odd)}")
    return tuple(
        Law(
            name=name,
            scale=one["scale"],
            low=one["between"][0],
            high=one["between"][1],
            why=one["why"],
            part_of_rest=one.get("part_of_rest", ""),
        )
        for name, one in free.items()
    )


def levels() -> tuple[tuple[int, ...], ...]:
    """Return the codes of each structure, in the order of `STRUCTURES`."""
    return tuple(tuple(int(code) for code in codes) for codes in STRUCTURES.values())


def values(place: FloatArray) -> dict[str, FloatArray]:
    """Return every free parameter at places (n, d) of standard normal deviates."""
    found: dict[str, FloatArray] = {}
    for k, law in enumerate(laws()):
        value = law.value(place[:, k])
        if law.part_of_rest:
            value = (1 - found[law.part_of_rest]) * value
        found[law.name] = np.clip(value, BY_NAME[law.name].low, BY_NAME[law.name].high)
    found["interval_low"] = np.minimum(found["interval_low"], found["interval_mean"] - 1)
    return found


def parameters(scenario: Scenario, place: FloatArray, structure: IntArray) -> Parameters:
    """Return one row of parameters a place; fixed ones keep the scenario's value."""
    codes = {name: structure[:, k] for k, name in enumerate(STRUCTURES)}
    return of_scenario(scenario, len(place)).with_values(**values(place), **codes)


def draw_prior(n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Return n places and structures from the prior."""
    codes = [rng.choice(one, size=n) for one in levels()]
    return rng.standard_normal((n, len(laws()))), np.stack(codes, axis=1)


def prior_table() -> pd.DataFrame:
    """Return one row a free parameter: unit, scale, 95 % of the prior, reason, meaning."""
    rows = [
        {
            "parameter": law.name,
            "unit": BY_NAME[law.name].unit,
            "scale": law.scale,
            "low": law.low,
            "high": law.high,
            "why": law.why,
            "meaning": BY_NAME[law.name].meaning,
        }
        for law in laws()
    ]
    return pd.DataFrame(rows)


def fixed_table() -> dict[str, str]:
    """Return why each of the other parameters is not free."""
    return dict(_document()["fixed"])


@cache
def _document() -> dict[str, Any]:
    return dict(yaml.safe_load(DECLARED.read_text(encoding="utf-8")))
