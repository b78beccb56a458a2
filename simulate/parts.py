"""The parts of a world that its cohorts share, with the values each may take.

Here: frozen, validated records and nothing that computes. Not here: the numbers that may differ
between members of an ensemble (`parameter_table.py`), loading and naming a world (`scenario.py`).
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weights = Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]
Lesion = tuple[Literal["central", "peripheral", "mixed"], str | None, str, Positive]


class Part(BaseModel):
    """A frozen part of a world; a name it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Bounded(Part):
    """A law given by its mean and SD, kept within bounds."""

    mean: float
    sd: Positive
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.mean < self.high:
            raise ValueError(f"low {self.low} < mean {self.mean} < high {self.high} must hold")
        return self


class Normal(Part):
    """A normal law."""

    mean: float
    sd: Positive


class Structure(Part):
    """Which law of each kind holds."""

    curve: Literal["exponential", "emax", "delayed", "early_step", "flat"]
    noise: Literal["constant", "by_session", "by_patient"]
    drop_out: Literal["mar", "mnar"]


class Clinic(Part):
    """Size and calendar of the clinic."""

    n_patients: Annotated[int, Field(ge=2, le=5_000_000)]
    horizon: Annotated[int, Field(ge=15, le=300)]
    first_session_from: date
    first_session_to: date
    accrual_power: Positive
    rtms_end: date
    emcs_end: date
    closed_from: date | None
    closed_to: date | None

    @model_validator(mode="after")
    def _calendar(self) -> Self:
        days = [self.first_session_from, self.first_session_to, self.rtms_end, self.emcs_end]
        if days != sorted(days):
            given = ", ".join(f"{one}" for one in days)
            raise ValueError(
                "first_session_from, first_session_to, rtms_end, emcs_end must follow each other, "
                f"got {given}"
            )
        closed = self.closed_from, self.closed_to
        if (closed[0] is None) != (closed[1] is None):
            raise ValueError("closed_from and closed_to stand together, or both are null")
        if closed[0] and closed[1] and closed[0] > closed[1]:
            raise ValueError("closed_from must not lie after closed_to")
        return self


class Population(Part):
    """Who comes: published margins (paper, Table 1), and which combinations are plausible.

    `topography_by_site` and `laterality_by_topography` hold relative affinities; the joint law is
    raked so that the margins hold exactly.

    Every cohort draws a member of the `ensemble`, or all have one: `member` of `members`, the one
    in the middle of that part when the weights, in the file's order, are cut into equal parts.
    """

    ensemble: str | None
    member: Annotated[int, Field(ge=1)] | None
    members: Annotated[int, Field(ge=1, le=100_000)] | None
    male_share: Share
    age_years: Bounded
    pain_duration_years: Bounded
    nrs_initial: Bounded
    laterality: Weights
    topography: Weights
    stroke_types: Weights
    lesions: Annotated[tuple[Lesion, ...], Field(min_length=1)]
    topography_by_site: dict[str, Weights]
    laterality_by_topography: dict[str, Weights]

    @model_validator(mode="after")
    def _member(self) -> Self:
        if (self.member is None) != (self.members is None):
            raise ValueError("member and members belong together: the third of 100 is 3 of 100")
        if self.member is not None and self.members is not None:
            if self.ensemble is None:
                raise ValueError("member names one world of an ensemble, and ensemble is null")
            if self.member > self.members:
                raise ValueError(f"member {self.member} lies beyond members {self.members}")
        return self

    @model_validator(mode="after")
    def _margins(self) -> Self:
        for name in ("laterality", "topography", "stroke_types"):
            if sum(getattr(self, name).values()) <= 0:
                raise ValueError(f"{name}: at least one weight must be above 0")
        return self


class Visits(Part):
    """When epidural motor cortex stimulation follows, and its visits."""

    delay_months: Normal
    first_visit_months: Normal
    visit_interval_months: Normal
    lost_per_visit: Share
