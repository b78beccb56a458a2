"""A study of test periods as data, in the order of ADEMP: aims, data, estimands and so on.

Here: what such a file may say, its checks and its identity. Not here: what all studies say
(`study.py`), the worlds that it names (`simulate/scenario.py`), the choice and change of a file
(`files.py`), and what its words compute: `estimands.py`, `methods.py`, `performance.py`.
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from simulate.parts import Part
from simulate.studies.performance import MEASURES
from simulate.studies.study import (
    Cut,
    Cuts,
    Session,
    Sessions,
    Study,
    Worlds,
    digest,
    distinct,
    whole_range,
)

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


class Training(Part):
    """From whom the Bayesian rules learn (`learning.py`): other cohorts of the same world.

    `posteriors` training cohorts of `n_patients`, `draws` of each one's population, and a bank of
    `courses` drawn from them. `curve` says how relief builds up in the training cohorts: as in the
    world itself (`own`), or by another family, so that what was learnt is wrong in a known way.
    """

    posteriors: Annotated[int, Field(ge=1, le=10_000)]
    n_patients: Annotated[int, Field(ge=20, le=10_000)]
    draws: Annotated[int, Field(ge=50, le=10_000)]
    courses: Annotated[int, Field(ge=200, le=50_000)]
    curve: Literal["own", "exponential", "emax", "delayed", "early_step", "flat"]


class Data(Worlds):
    """Data-generating mechanisms: worlds, cohorts in them, and whom Bayesian rules learn from."""

    n_patients: Annotated[int, Field(ge=1, le=10_000)]
    horizon_session: Session
    training: Training | None


class Prediction(Part):
    """What a Bayesian rule predicts: hypothetical relief over three sessions to a horizon."""

    horizon_session: Annotated[int, Field(ge=3, le=30)]
    cut_pct: Cut


class Truth(Part):
    """One definition of long-term relief (`estimands.py`)."""

    estimand: EstimandName
    horizon_session: Session
    cut_pct: Cut


class Estimand(Part):
    """A kind of truth at every horizon and cut named."""

    name: EstimandName
    horizon_session: Sessions
    cut_pct: Cuts

    @property
    def truths(self) -> list[Truth]:
        """Every combination."""
        return [
            Truth(estimand=self.name, horizon_session=horizon, cut_pct=cut)
            for horizon in self.horizon_session
            for cut in self.cut_pct
        ]


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


class Stop(Part):
    """When a run with a target ends: every cell's error of a measure is at most `mcse`."""

    measure: Literal[tuple(MEASURES)]  # type: ignore[valid-type]
    mcse: Annotated[float, Field(gt=0)]


class Performance(Part):
    """What is made of the counts; changing it computes nothing again."""

    measures: Literal["all"] | Annotated[tuple[Literal[tuple(MEASURES)], ...], Field(min_length=1)]  # type: ignore[valid-type]
    reference_test_sessions: Session
    decision_threshold_pct: Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field()]
    sessions_per_responder: tuple[Annotated[float, Field(ge=0)], ...]
    within_missed_per_100: Annotated[float, Field(ge=0)]
    followed_share_of_declined: Annotated[float, Field(gt=0, le=1)]
    stop: Stop

    @property
    def chosen_measures(self) -> tuple[str, ...]:
        """Names of measures, in the order of `performance.MEASURES`."""
        return tuple(MEASURES) if self.measures == "all" else self.measures


class Design(Study):
    """One study of test periods."""

    kind: Literal["test_periods"]
    data: Data
    estimands: Annotated[tuple[Estimand, ...], Field(min_length=1)]
    headline: Truth
    methods: Annotated[tuple[Rule, ...], Field(min_length=1)]
    performance: Performance

    @cached_property
    def truths(self) -> tuple[Truth, ...]:
        """Every truth of the study, in the order of the file."""
        return tuple(truth for estimand in self.estimands for truth in estimand.truths)

    @cached_property
    def predictions(self) -> tuple[Prediction, ...]:
        """What the Bayesian rules predict, each once."""
        asked = [m.predicts for m in self.methods if isinstance(m, Predicting)]
        return tuple(dict.fromkeys(asked))

    @property
    def n_posteriors(self) -> int:
        """Posteriors that judge a world's cohorts in turn; 1 where no rule learns."""
        training = self.data.training
        return training.posteriors if self.predictions and training is not None else 1

    @cached_property
    def policies(self) -> tuple[tuple["BackwardInduction", int], ...]:
        """Rule and longest test of every stopping problem that is solved backwards."""
        return tuple(
            (m, last)
            for m in self.methods
            if isinstance(m, BackwardInduction)
            for last in m.test_sessions
        )

    @cached_property
    def last_look(self) -> int:
        """Last session at which a Bayesian rule looks, 0 without one."""
        bayesian = [m for m in self.methods if isinstance(m, Predicting)]
        return max((max(m.test_sessions) for m in bayesian), default=0)

    @cached_property
    def design_id(self) -> str:
        """Sixteen hex digits of what decides the counts of a world: not its words, nor measures."""
        counted = self.model_dump(
            mode="json", include={"estimands": True, "methods": True, "seed": True}
        )
        counted["cohort"] = [self.data.n_patients, self.data.horizon_session]
        if self.data.training is not None:
            counted["training"] = self.data.training.model_dump(mode="json")
            if self.data.training.curve == "own":  # designs from before there was another keep id
                del counted["training"]["curve"]
        counted["reference"] = self.performance.reference_test_sessions
        return digest(counted)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse a grid in which some cell cannot be computed, naming field and value."""
        horizon = self.data.horizon_session
        for truth in self.truths:
            if truth.horizon_session > horizon:
                raise ValueError(
                    f"estimands: {truth.estimand} at session {truth.horizon_session} lies beyond "
                    f"data.horizon_session {horizon}"
                )
            if truth.horizon_session < 3:
                raise ValueError(
                    "estimands: horizon_session must be 3 or more, for a mean of three"
                )
        distinct(self.truths)
        if self.headline not in self.truths:
            raise ValueError("headline: no estimand of the study has this name, horizon and cut")
        named: set[str] = {estimand.name for estimand in self.estimands}
        for method in self.methods:
            _method_fits(method, named, horizon)
        distinct(tuple((m.rule, m.model_dump_json(exclude={"targets"})) for m in self.methods))
        if self.predictions and self.data.training is None:
            raise ValueError(
                "data: training is null, and a Bayesian rule must learn from somebody; write "
                "{posteriors: 2, n_patients: 193, draws: 250, courses: 2000, curve: own}"
            )
        return self

    def truth_in_words(self) -> str:
        """Say what the headline's long-term relief of a simulated patient is, as one clause."""
        last = self.headline.horizon_session
        return (
            f"the expected report, averaged over sessions {last - 2} to {last} had everyone gone "
            f"on, is at least {self.headline.cut_pct:g} %"
        )


def _method_fits(method: Any, estimands: set[str], horizon: int) -> None:
    late = max(method.test_sessions) + max(method.decision_n_lag_visits)
    if late > horizon:
        raise ValueError(
            f"methods: rule {method.rule} decides at visit {late}, beyond data.horizon_session "
            f"{horizon}"
        )
    for name in ("test_sessions", "decision_n_lag_visits", "thresholds"):
        distinct(tuple(getattr(method, name)))
    unknown = [] if method.targets == "all" else sorted(set(method.targets) - estimands)
    if unknown:
        raise ValueError(
            f"methods: rule {method.rule} targets {', '.join(unknown)}, which is no estimand of "
            f"the study; there are: {', '.join(sorted(estimands))}"
        )
