"""Methods of a study of estimates: what a file may say of each, and what it estimates.

Not here: what a method computes (`analyses/`), which methods fit a study (`design.py`).
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from simulate.parts import Part
from simulate.studies.study import Cut, Session

EstimandName = Literal[
    "share_at_least_cut",
    "mean_of_selected",
    "mean_slope",
    "rise",
    "level_at_15",
    "saturation_session",
    "patient_plateau",
    "patient_saturation",
    "patient_half_rise",
    "stopped_before",
    "stopped_for_efficacy",
    "correlation",
    "ppv",
    "npv",
    "loss_at_reopening",
    "stops_after_reopening",
    "days_covered",
    "patients_per_place",
    "discrimination",
    "calibration_slope",
]
Long = Annotated[int, Field(ge=4, le=125)]
Draws = Annotated[int, Field(ge=50, le=10_000)]
Who = Literal["everyone", "responders"]


class Method(Part):
    """What every method says; `estimands` are those of its analysis that the study asks for."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    estimands: Annotated[tuple[EstimandName, ...], Field(min_length=1)]


class ShareCalled(Method):
    """Share whose report at a session reaches a cut; the truth is that of long-term relief."""

    analysis: Literal["share_called"]
    session: Session
    cut_pct: Cut


class SelectedMean(Method):
    """Mean report of those whose report at `selected_at` reaches the cut, at `session`."""

    analysis: Literal["selected_mean"]
    selected_at: Session
    session: Session
    cut_pct: Cut


class Line(Method):
    """A random-intercept line through sessions `first` to `last`, cluster-robust errors."""

    analysis: Literal["line"]
    of: Who
    first: Session
    last: Session


class MeanCurve(Method):
    """The mean of the reports there are, of those with at least so many sessions; bootstrap."""

    analysis: Literal["mean_curve"]
    of: Who
    at_least_sessions: Session


class JointCurve(Method):
    """Mean curve had none stopped, by the relief model that knows of stopping (`bayes/`)."""

    analysis: Literal["joint_curve"]
    of: Who
    draws: Draws


class PatientCurves(Method):
    """Curves of single patients by the relief model, from their first sessions.

    Every third patient has had `sessions_seen` and is asked about; the others have had all that
    their courses hold, as in a clinic. With `filed_late` each report of the cohort stands one visit
    later than it belongs.
    """

    analysis: Literal["patient_curves"]
    sessions_seen: Session
    filed_late: bool
    draws: Draws


class LastReport(Method):
    """The last report within the first sessions of every third patient, taken as his plateau."""

    analysis: Literal["last_report"]
    sessions_seen: Session


class Retention(Method):
    """Share of responders who stop before a session.

    `landmark` leaves out who is still treated and has not come so far; `curve` is Kaplan-Meier, or
    Aalen-Johansen for one reason.
    """

    analysis: Literal["retention"]
    way: Literal["landmark", "curve"]
    before_session: Long


class Correlation(Method):
    """Spearman's correlation of last rTMS and first eMCS relief, of the first `operated` patients.

    `corrected` for the restricted range of those operated (Thorndike's case 2).
    """

    analysis: Literal["correlation"]
    operated: Annotated[int, Field(ge=5, le=1_000)]
    corrected: bool


class Referral(Method):
    """Rule `last rTMS relief of at least the cut` against eMCS relief of at least `success_pct`."""

    analysis: Literal["referral"]
    operated: Annotated[int, Field(ge=5, le=1_000)]
    cut_pct: Cut
    success_pct: Cut


class Closure(Method):
    """What a clinic sees of its closure: the last report before it less the k-th after it; stops.

    `after_sessions` is k; stops for want of relief count `within_sessions` after the reopening.
    """

    analysis: Literal["closure"]
    after_sessions: Session
    within_sessions: Session


class Maintenance(Method):
    """Share of days with relief from session 5 on, and patients that one daily place can keep.

    A place is one session on each of `days_a_year`.
    """

    analysis: Literal["maintenance"]
    days_a_year: Annotated[int, Field(ge=1, le=366)]


class Prediction(Method):
    """A prediction of long-term relief learnt from the cohort, judged at a centre.

    `at` is `home`, or another world. `clinical` knows lesion level, type of stroke and NPSI at the
    first visit, `last_report` the last report too (logistic regressions), `relief_model` all
    reports (`bayes/`). Who is told apart is always asked of the record; calibration of what each
    predicts (`analyses/prediction.py`).
    """

    analysis: Literal["prediction"]
    predictors: Literal["clinical", "last_report", "relief_model"]
    sessions_seen: Session
    cut_pct: Cut
    at: str


AnyMethod = Annotated[
    ShareCalled
    | SelectedMean
    | Line
    | MeanCurve
    | JointCurve
    | PatientCurves
    | LastReport
    | Retention
    | Correlation
    | Referral
    | Closure
    | Maintenance
    | Prediction,
    Field(discriminator="analysis"),
]
GIVES: dict[str, tuple[str, ...]] = {
    "share_called": ("share_at_least_cut",),
    "selected_mean": ("mean_of_selected",),
    "line": ("mean_slope", "rise"),
    "mean_curve": ("rise", "level_at_15", "saturation_session"),
    "joint_curve": ("rise", "level_at_15", "saturation_session"),
    "patient_curves": ("patient_plateau", "patient_saturation", "patient_half_rise"),
    "last_report": ("patient_plateau",),
    "retention": ("stopped_before", "stopped_for_efficacy"),
    "correlation": ("correlation",),
    "referral": ("ppv", "npv"),
    "closure": ("loss_at_reopening", "stops_after_reopening"),
    "maintenance": ("days_covered", "patients_per_place"),
    "prediction": ("discrimination", "calibration_slope"),
}
"""Estimands of each analysis."""
DATED = ("closure", "maintenance")
"""Analyses that need the clinic's calendar."""


def uses_model(method: Any) -> bool:
    """Tell whether a method fits the relief model."""
    return method.analysis in ("joint_curve", "patient_curves") or (
        method.analysis == "prediction" and method.predictors == "relief_model"
    )
