"""Endpoints of a trial: what is compared, a reading of every visit or an event made of readings.

Here: what a study file may say of endpoints and of how relief is answered, and endpoints from
readings. Not here: how readings are drawn (`readings.py`), what is made of endpoints
(`analyses.py`). Every endpoint counts upwards: more is better.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, model_validator

from simulate.parts import Part, Share
from simulate.studies.study import Cut

FloatArray = NDArray[np.float64]
Reading = Literal["relief", "vas_fall", "pgic"]
CATEGORIES = 7
"""Of the PGIC, from 1 (very much improved) to 7 (very much worse)."""


class Response(Part):
    """How the latent relief of a patient is answered on the three scales.

    `vas_correlation` and `pgic_correlation` are those of the fall of the VAS, and of the PGIC
    counted upwards, with latent relief over patients under active stimulation after four sessions;
    `stable_share` of the variance of what parts them stays with the patient from visit to visit.
    `pgic_cuts_pct`: the relief, as the patient sees it, from which categories 1 to 6 are chosen.

    Reported relief is told against a remembered baseline, which is the true one times
    1 + `recall_bias` + `recall_sd` z + `anchor_drift` (session - 1), z normal, the patient's own.
    """

    vas_correlation: Annotated[float, Field(gt=0, lt=1)]
    pgic_correlation: Annotated[float, Field(gt=0, lt=1)]
    stable_share: Share
    pgic_cuts_pct: Annotated[tuple[float, ...], Field(min_length=6, max_length=6)]
    recall_bias: Annotated[float, Field(ge=-0.5, le=1)]
    recall_sd: Annotated[float, Field(ge=0, le=0.5)]
    anchor_drift: Annotated[float, Field(ge=-0.05, le=0.1)]

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if any(np.diff(self.pgic_cuts_pct) >= 0):
            raise ValueError(f"pgic_cuts_pct must fall, got {list(self.pgic_cuts_pct)}")
        return self

    @property
    def recalls_exactly(self) -> bool:
        """Whether reported relief is told against the true baseline."""
        return not (self.recall_bias or self.recall_sd or self.anchor_drift)


class Scale(Part):
    """A reading itself: relief in per cent, fall of the VAS in points of 10, PGIC upwards (1-7)."""

    reading: Reading

    @property
    def readings(self) -> frozenset[str]:
        """What it is made of."""
        return frozenset({self.reading})

    def values(self, by: Mapping[str, FloatArray]) -> FloatArray:
        """Return it from the readings."""
        found = by[self.reading]
        return CATEGORIES + 1 - found if self.reading == "pgic" else found


class Condition(Part):
    """Holds where every limit that is given holds."""

    relief_at_least: Cut | None = None
    vas_fall_at_least: Annotated[float, Field(gt=-10, le=10)] | None = None
    pgic_at_most: Annotated[int, Field(ge=1, le=6)] | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.limits:
            raise ValueError(f"a condition needs one of: {', '.join(type(self).model_fields)}")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """Those given, by the reading."""
        found = {
            "relief": self.relief_at_least,
            "vas_fall": self.vas_fall_at_least,
            "pgic": self.pgic_at_most,
        }
        return {name: limit for name, limit in found.items() if limit is not None}

    def holds(self, by: Mapping[str, FloatArray]) -> NDArray[np.bool_]:
        """Tell where all limits hold; a missing reading holds none."""
        met = [
            by[name] <= limit if name == "pgic" else by[name] >= limit
            for name, limit in self.limits.items()
        ]
        return np.logical_and.reduce(met)


class Event(Part):
    """1 where any of the conditions holds, else 0; none of a visit without a report."""

    any_of: Annotated[tuple[Condition, ...], Field(min_length=1)]

    @property
    def readings(self) -> frozenset[str]:
        """What it is made of."""
        return frozenset(name for condition in self.any_of for name in condition.limits)

    def values(self, by: Mapping[str, FloatArray]) -> FloatArray:
        """Return it from the readings."""
        met = np.logical_or.reduce([condition.holds(by) for condition in self.any_of])
        seen = np.logical_and.reduce([~np.isnan(by[name]) for name in self.readings])
        return np.where(seen, met.astype(float), np.nan)


def _kind(value: Any) -> str:
    """Tell which of the two a file means, so that errors are about that one."""
    is_event = "any_of" in value if isinstance(value, Mapping) else isinstance(value, Event)
    return "event" if is_event else "scale"


Endpoint = Annotated[
    Annotated[Scale, Tag("scale")] | Annotated[Event, Tag("event")], Discriminator(_kind)
]


def is_event(endpoint: Any) -> bool:
    """Tell whether an endpoint is 0 or 1."""
    return isinstance(endpoint, Event)
