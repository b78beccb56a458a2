"""Decision rules of a study of test periods: what a file may say of each.

Not here: what a rule computes (`methods.py`), which rules fit a study (`design.py`).
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from simulate.parts import Part
from simulate.studies.study import Cut, Cuts, Session, Sessions, whole_range

Lag = Annotated[int, Field(ge=0, le=1)]
EstimandName = Literal[
    "hypothetical",
    "composite",
    "composite_surgery_failure",
    "observable",
    "observable_survivors",
    "time_averaged",
]
Lags = Annotated[tuple[Lag, ...], Field(min_length=1), BeforeValidator(whole_range)]


class Prediction(Part):
    """What a Bayesian rule predicts: hypothetical relief over three sessions to a horizon."""

    horizon_session: Annotated[int, Field(ge=3, le=30)]
    cut_pct: Cut


class Method(Part):
    """What every decision rule says: whom it is judged by, lengths, and when its answer is known.

    With `decision_n_lag_visits` 1 the report of the last test session is known at the next visit
    only, where a session is given; with 0 a call tells it before.
    """

    targets: Literal["all"] | Annotated[tuple[EstimandName, ...], Field(min_length=1)]
    test_sessions: Sessions
    decision_n_lag_visits: Lags

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Thresholds of its score; every one is a cell."""
        return getattr(self, "threshold_pct", (float("nan"),))


class OnReports(Method):
    """Rules on the reports themselves: go on if their score reaches the threshold."""

    rule: Literal["last", "maximum", "mean_of_two"]
    threshold_pct: Cuts


class Slope(Method):
    """The last report, projected by a slope that is shrunk towards 0."""

    rule: Literal["slope"]
    threshold_pct: Cuts
    project_to_session: Session
    ridge_sessions2: Annotated[float, Field(ge=0)]


class Confirm(Method):
    """A permissive first look; who passes it is judged at the end of the test period."""

    rule: Literal["confirm"]
    threshold_pct: Cuts
    first_look_session: Session
    first_look_threshold_pct: Cut

    @model_validator(mode="after")
    def _first_look_first(self) -> Self:
        if min(self.test_sessions) <= self.first_look_session:
            raise ValueError(
                f"test_sessions must lie above first_look_session {self.first_look_session}"
            )
        return self


class Practice(Method):
    """Today's practice: the recorded assessment after session 4, with its own noise."""

    rule: Literal["practice"]
    threshold_pct: Cuts
    test_sessions: Sessions

    @model_validator(mode="after")
    def _after_session_4(self) -> Self:
        if self.test_sessions != (4,):
            raise ValueError("the clinic's assessment follows session 4: test_sessions is [4]")
        return self


class Oracle(Method):
    """Who knows the truth and still has to wait: the bound that no rule passes."""

    rule: Literal["oracle"]


class BayesFixed(Method):
    """Go on if the predicted chance of long-term relief reaches a threshold, in percent."""

    rule: Literal["bayes_fixed"]
    predicts: Prediction
    threshold_pct: Cuts


class BayesSequential(Method):
    """Decide as soon as the predicted chance is low or high enough; else at the last test session.

    From `first_look_session` on, a chance of `decline_pct` or less declines and one of
    `accept_pct` or more accepts, at that session; who is left at the last test session goes on if
    the chance reaches the threshold.
    """

    rule: Literal["bayes_sequential"]
    predicts: Prediction
    threshold_pct: Cuts
    first_look_session: Session
    decline_pct: Annotated[float, Field(ge=0, le=100)]
    accept_pct: Annotated[float, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if min(self.test_sessions) < self.first_look_session:
            raise ValueError(
                f"test_sessions must not lie below first_look_session {self.first_look_session}"
            )
        if self.decline_pct >= self.accept_pct:
            raise ValueError(
                f"decline_pct {self.decline_pct:g} must lie below accept_pct {self.accept_pct:g}"
            )
        return self


class BackwardInduction(Method):
    """Stop where going on is not worth its sessions, solved backwards from the last test session.

    A missed responder is worth `sessions_per_responder` test sessions; the threshold is the chance
    at which accepting and declining cost the same (`bayes/backward.py`). The true one knows the
    world's own parameters: a bound that no clinic attains.
    """

    rule: Literal["backward_induction", "backward_induction_true"]
    predicts: Prediction
    threshold_pct: Annotated[tuple[Annotated[int, Field(ge=1, le=99)]], Field()]
    first_look_session: Session
    sessions_per_responder: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if min(self.test_sessions) < self.first_look_session:
            raise ValueError(
                f"test_sessions must not lie below first_look_session {self.first_look_session}"
            )
        return self


Rule = Annotated[
    OnReports
    | Slope
    | Confirm
    | Practice
    | Oracle
    | BayesFixed
    | BayesSequential
    | BackwardInduction,
    Field(discriminator="rule"),
]
Predicting = BayesFixed | BayesSequential | BackwardInduction
UNATTAINABLE = ("oracle", "backward_induction_true")
"""Rules that know what nobody can: bounds."""
