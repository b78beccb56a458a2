"""The parts a world is made of, with the values each may take.

Here: frozen, validated records and nothing that computes. Not here: loading and naming a world
(`scenario.py`). Points are points of pain relief, 0-100, also on the unbounded latent scale.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weights = Annotated[dict[str, Positive], Field(min_length=1)]
Lesion = tuple[Literal["central", "peripheral", "mixed"], str | None, str, Positive]


class Part(BaseModel):
    """A frozen part of a world; a name it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Normal(Part):
    """A normal law."""

    mean: float
    sd: Positive


class Bounded(Part):
    """A law given by its mean and SD, kept within bounds."""

    mean: float
    sd: Positive
    low: float
    high: float = float("inf")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low {self.low} must lie below high {self.high}")
        return self


class Linear(Part):
    """A straight line on the relief scale: value at zero relief, change per point of relief."""

    at_zero: float
    per_relief_point: float


class Regression(Part):
    """One relief from another: centre or intercept, slope, residual SD, all in points."""

    intercept: float = 0.0
    centre: float = 0.0
    slope: float
    residual_sd: Positive


class Clinic(Part):
    """Size and calendar of the clinic, and who does not reach the analysis."""

    n_patients: Annotated[int, Field(ge=1, le=100_000)]
    horizon: Annotated[int, Field(ge=15, le=300)]
    first_session_from: date
    first_session_to: date
    accrual_power: Positive
    rtms_end: date
    emcs_end: date
    excluded_share: Share
    early_stop_share: Share
    adverse_event_share: Share

    @model_validator(mode="after")
    def _calendar(self) -> Self:
        days = [self.first_session_from, self.first_session_to, self.rtms_end, self.emcs_end]
        if days != sorted(days):
            raise ValueError(
                "first_session_from, first_session_to, rtms_end, emcs_end must follow each other"
            )
        return self


class Population(Part):
    """Who comes: published margins (paper, Table 1)."""

    male_share: Share
    age_years: Bounded
    pain_duration_years: Bounded
    nrs_initial: Bounded
    laterality: Weights
    topography: Weights
    stroke_types: Weights
    lesions: Annotated[tuple[Lesion, ...], Field(min_length=1)]


class Onset(Part):
    """Log-normal number of sessions to 63 % of the gain."""

    median: Positive
    log_sd: Annotated[float, Field(ge=0)]


class Relapse(Part):
    """Geometric first session of a relapse."""

    mean: Positive
    low: Annotated[int, Field(ge=1)]


class Response(Part):
    """How relief builds up on the latent scale, in points of pain relief."""

    accumulation: Literal["saturating", "flat"]
    relief_share: Annotated[float, Field(gt=0, lt=1)]
    logit_shift: dict[str, float]
    start: float
    relief_asymptote: Normal
    no_relief_asymptote: Normal
    sessions_to_63_pct: Onset
    relapse_share: Share
    relapse_from_session: Relapse
    relapse_per_session: Share


class Noise(Part):
    """Student-t session noise on the latent scale."""

    scale: Positive
    degrees_of_freedom: Annotated[float, Field(gt=2)]


class AssessmentNoise(Part):
    """Error of the recorded assessment: a share of session 4's own, and an error of its own."""

    shared: Share
    scale: Positive


class MissingByRelief(Part):
    """Chance that the report of test sessions 1-4 is missing, by recorded status."""

    relief: tuple[Share, Share, Share, Share]
    no_relief: tuple[Share, Share, Share, Share]


class Duration(Part):
    """Gamma days of relief after a session with relief."""

    base: Positive
    per_relief_point: float
    shape: Positive


class Measurement(Part):
    """From latent relief to the number a nurse writes down, or does not."""

    session_noise: Noise
    assessment_noise: AssessmentNoise
    heaping: Weights
    missing_test_period: MissingByRelief
    missing_later: Share
    missing_last: Share
    missing_assessment: Share
    duration_days: Duration
    missing_duration: Share

    @model_validator(mode="after")
    def _heaping_grids(self) -> Self:
        unknown = set(self.heaping) - {"10", "5", "1"}
        if unknown:
            raise ValueError(f"heaping knows the grids 10, 5 and 1, not {sorted(unknown)}")
        return self


class DayRange(Part):
    """Whole days, both ends included."""

    low: Annotated[int, Field(ge=1)]
    high: Annotated[int, Field(ge=1)]


class Frailty(Part):
    """A hazard per session that differs between patients by a gamma factor of mean 1."""

    mean: Share
    frailty_shape: Positive


class Course(Part):
    """When sessions happen and why they end."""

    test_period_days: DayRange
    interval_days: Bounded
    closed_from: date
    closed_to: date
    stop_below_10_after_test: Share
    efficacy_logit: Linear
    surgery_per_session: Share
    surgery_last_session: Annotated[int, Field(ge=4)]
    other_per_session: Frailty
    other_reasons: Weights


class Surgery(Part):
    """Epidural motor cortex stimulation after rTMS."""

    delay_months: Normal
    first_visit_months: Normal
    visit_interval_months: Normal
    lost_per_visit: Share
    first_relief: Regression
    later_relief: Regression
    theta_burst_share: Share


class Questionnaire(Part):
    """NPSI items: law of each dimension, shared parts, and drift with relief."""

    available_share: Share
    visit_answered: Share
    dimensions: dict[str, Normal]
    patient_share: Share
    dimension_share: Share
    visit_sd: Positive
    drift_per_session: Linear

    @model_validator(mode="after")
    def _shares_leave_room(self) -> Self:
        if self.patient_share + self.dimension_share > 1:
            raise ValueError("patient_share and dimension_share must not exceed 1 together")
        return self
