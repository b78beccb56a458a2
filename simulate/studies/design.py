"""A study of test periods as data, in the order of ADEMP: aims, data, estimands and so on.

Here: what such a file may say, its checks and its identity. Not here: what all studies say
(`study.py`), its rules (`rules.py`), the worlds that it names (`simulate/scenario.py`), the choice
and change of a file (`files.py`), and what its words compute: `estimands.py`, `methods.py`,
`performance.py`.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.parts import Part
from simulate.studies import study
from simulate.studies.performance import MEASURES
from simulate.studies.rules import (
    BackwardInduction,
    EstimandName,
    Predicting,
    Prediction,
    Rule,
)
from simulate.studies.study import (
    Cut,
    Cuts,
    Misfit,
    Session,
    Sessions,
    Study,
    Worlds,
    digest,
    distinct,
)

if TYPE_CHECKING:
    Measure = str
else:
    Measure = Literal[tuple(MEASURES)]


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


class Performance(study.Performance[Measure]):
    """What is made of the counts, and what a length is judged by."""

    every = tuple(MEASURES)
    reference_test_sessions: Session
    decision_threshold_pct: Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field()]
    sessions_per_responder: tuple[Annotated[float, Field(ge=0)], ...]
    within_missed_per_100: Annotated[float, Field(ge=0)]
    followed_share_of_declined: Annotated[float, Field(gt=0, le=1)]


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
        for k, estimand in enumerate(self.estimands):
            last, first = max(estimand.horizon_session), min(estimand.horizon_session)
            place = ("estimands", k, "horizon_session")
            if last > horizon:
                raise Misfit(
                    f"{estimand.name} at session {last} lies beyond data.horizon_session {horizon}",
                    *place,
                )
            if first < 3:
                raise Misfit(f"must be 3 or more, for a mean of three, got {first}", *place)
        distinct(self.truths, "estimands")
        if self.headline not in self.truths:
            raise Misfit("no estimand of the study has this name, horizon and cut", "headline")
        named: set[str] = {estimand.name for estimand in self.estimands}
        for k, method in enumerate(self.methods):
            _method_fits(method, k, named, horizon)
        distinct(
            tuple((m.rule, m.model_dump_json(exclude={"targets"})) for m in self.methods), "methods"
        )
        if self.predictions and self.data.training is None:
            raise Misfit(
                "is null, and a Bayesian rule must learn from somebody; write {posteriors: 2, "
                "n_patients: 193, draws: 250, courses: 2000, curve: own}",
                *("data", "training"),
            )
        return self

    def truth_in_words(self) -> str:
        """Say what the headline's long-term relief of a simulated patient is, as one clause."""
        last = self.headline.horizon_session
        return (
            f"the expected report, averaged over sessions {last - 2} to {last} had everyone gone "
            f"on, is at least {self.headline.cut_pct:g} %"
        )


def _method_fits(method: Any, k: int, estimands: set[str], horizon: int) -> None:
    late = max(method.test_sessions) + max(method.decision_n_lag_visits)
    if late > horizon:
        raise Misfit(
            f"rule {method.rule} decides at visit {late}, beyond data.horizon_session {horizon}",
            *("methods", k, "test_sessions"),
        )
    for name in ("test_sessions", "decision_n_lag_visits", "threshold_pct"):
        distinct(tuple(getattr(method, name, ())), "methods", k, name)
    unknown = [] if method.targets == "all" else sorted(set(method.targets) - estimands)
    if unknown:
        raise Misfit(
            f"rule {method.rule} targets {', '.join(unknown)}, which is no estimand of the study "
            f"(there are: {', '.join(sorted(estimands))}); name one, or add it to estimands",
            *("methods", k, "targets"),
        )
