"""A study of estimates as data, in the order of ADEMP: aims, data, estimands, methods, performance.

Here: what such a file may say, its checks and its identity. Not here: its methods
(`methods.py`), what they compute (`analyses/`), what is made of them (`performance.py`).
"""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.parts import Part
from simulate.studies import study
from simulate.studies.estimates.methods import DATED, GIVES, AnyMethod, EstimandName, uses_model
from simulate.studies.estimates.performance import MEASURES
from simulate.studies.study import Misfit, Study, Worlds, digest, distinct

Size = Annotated[int, Field(ge=20, le=5_000)]

if TYPE_CHECKING:
    Measure = str
else:
    Measure = Literal[tuple(MEASURES)]


class Data(Worlds):
    """Data-generating mechanisms: worlds, and cohorts in them.

    The larger cohort begins with the patients of the smaller one. `offered` says who is offered
    sessions beyond the test period: whom the clinic's own rule lets go on, or everyone. With
    `calendar` courses meet closures and the end of the study's window.
    """

    n_patients: Annotated[tuple[Size, ...], Field(min_length=1)]
    horizon_session: Annotated[int, Field(ge=15, le=125)]
    offered: Literal["clinic_rule", "everyone"]
    calendar: bool


class Headline(Part):
    """What the page's one sentence is about."""

    method: str
    estimand: EstimandName
    n_patients: Size


class Performance(study.Performance[Measure]):
    """What is made of the estimates; intervals hold 1 - `level`."""

    every = tuple(MEASURES)
    level: Annotated[float, Field(gt=0, lt=0.5)]


class Design(Study):
    """One study of estimates."""

    kind: Literal["estimates"]
    data: Data
    estimands: Annotated[tuple[EstimandName, ...], Field(min_length=1)]
    methods: Annotated[tuple[AnyMethod, ...], Field(min_length=1)]
    headline: Headline
    performance: Performance

    @cached_property
    def design_id(self) -> str:
        """Sixteen hex digits of what decides the counts of a world: not its words, nor measures."""
        counted = self.model_dump(mode="json", include={"methods", "seed"})
        drawn = {"n_patients", "horizon_session", "offered", "calendar"}
        counted["data"] = self.data.model_dump(mode="json", include=drawn)
        return digest(counted | {"level": self.performance.level})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse what cannot be computed, naming field and value."""
        distinct(tuple(method.name for method in self.methods), "methods")
        distinct(self.data.n_patients, "data", "n_patients")
        for k, method in enumerate(self.methods):
            self._can_compute(method, k)
        head = self.headline
        if head.n_patients not in self.data.n_patients or not any(
            m.name == head.method and head.estimand in m.estimands for m in self.methods
        ):
            raise Misfit("no cell has this method, estimand and n_patients", "headline")
        return self

    def _can_compute(self, method: Any, k: int) -> None:
        horizon, said = self.data.horizon_session, method.model_dump()
        for name in method.estimands:
            if name not in self.estimands:
                raise Misfit(
                    f"{method.name} estimates {name}, which is no estimand of the study "
                    f"(there are: {', '.join(self.estimands)}); name one, or add it to estimands",
                    *("methods", k, "estimands"),
                )
            if name not in GIVES[method.analysis]:
                raise Misfit(
                    f"{method.name}: analysis {method.analysis} gives no {name}; it "
                    f"gives: {', '.join(GIVES[method.analysis])}",
                    *("methods", k, "estimands"),
                )
        last = ("session", "selected_at", "last", "sessions_seen", "before_session")
        for field in last:
            if said.get(field, 0) > horizon:
                raise Misfit(
                    f"{method.name}: {field} {said[field]} lies beyond "
                    f"data.horizon_session {horizon}",
                    *("methods", k, field),
                )
        if method.analysis == "line" and method.first >= method.last:
            raise Misfit(f"{method.name}: first must lie below last", "methods", k, "first")
        if uses_model(method) and horizon < 30:
            raise Misfit(f"{method.name} needs data.horizon_session of 30 or more", "methods", k)
        if method.analysis in DATED and not self.data.calendar:
            raise Misfit(f"{method.name} needs dates: write data.calendar: true", "methods", k)
