"""A study of trials as data, in the order of ADEMP: aims, data, estimands, methods, performance.

Here: what such a file may say, its checks and its identity. Not here: how a trial is conducted
(`conduct.py`), what its methods compute (`analyses.py`), what is made of them (`performance.py`).
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.parts import Part, Share
from simulate.studies.study import Cut, Session, Sessions, Study, Worlds, digest, distinct
from simulate.studies.trials.endpoints import Endpoint, Response, is_event
from simulate.studies.trials.performance import MEASURES, UNITS

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Patients = Annotated[tuple[Annotated[int, Field(ge=1, le=50_000)], ...], Field(min_length=1)]


class Missing(Part):
    """What becomes of the reports of a trial.

    `wrong_visit` is the share of reports after the first session that are those of the session
    before, entered a visit late.
    `intermittent` is the share of reports missing one by one. A patient stops before each session
    after the first with the chance `stop` if his last report is 0 %; `per_point_seen` and
    `per_point_unseen` change its log odds a point of the last report seen, and of the one that
    stopping hides (informative drop-out, of which no method sees the cause).
    """

    wrong_visit: Share
    intermittent: Share
    stop: Annotated[float, Field(ge=0, lt=1)]
    per_point_seen: Annotated[float, Field(ge=-1, le=1)]
    per_point_unseen: Annotated[float, Field(ge=-1, le=1)]


class Trial(Part):
    """What every trial says: its sizes (patients of all arms together), sessions, missing data.

    `response` names the law by which VAS and PGIC are answered, and relief recalled; with none
    there is reported relief alone, as the world has it.
    """

    name: Name
    n_patients: Patients
    sessions: Sessions
    missing: Annotated[tuple[str, ...], Field(min_length=1)]
    response: str | None


class Cohort(Trial):
    """One arm, followed."""

    design: Literal["cohort"]


class Subgroups(Trial):
    """Two groups of patients, in shares fixed when they are recruited.

    Of each group `misclassified` belong to the other one.
    """

    design: Literal["subgroups"]
    groups: Literal["central_vs_peripheral", "ischaemic_vs_haemorrhagic"]
    second_share: Annotated[float, Field(gt=0, lt=1)]
    misclassified: Annotated[float, Field(ge=0, lt=0.5)]


class Parallel(Trial):
    """Active stimulation (first arm) against sham (second)."""

    design: Literal["parallel"]
    second_share: Annotated[float, Field(gt=0, lt=1)]


class Crossover(Trial):
    """Every patient has both, in either order by chance, `cycles` times, relief gone in between.

    With one patient it is an N-of-1 trial.
    """

    design: Literal["crossover"]
    cycles: Annotated[int, Field(ge=1, le=12)]


class Withdrawal(Trial):
    """Enriched enrolment, randomised withdrawal.

    All have `test_sessions`; who then reports at least `threshold_pct` goes on with active
    stimulation (first arm) or sham (second) for `sessions` more. Under sham `loss` of the gain goes
    each session. `n_patients` counts those who start the test.
    """

    design: Literal["withdrawal"]
    second_share: Annotated[float, Field(gt=0, lt=1)]
    test_sessions: Annotated[int, Field(ge=1, le=8)]
    threshold_pct: Cut
    loss: Share


AnyTrial = Annotated[
    Cohort | Subgroups | Parallel | Crossover | Withdrawal, Field(discriminator="design")
]
TWO_ARMS = ("subgroups", "parallel", "withdrawal")


class Method(Part):
    """A way to analyse one endpoint of a trial; it estimates `targets`."""

    name: Name
    endpoint: Name


class Mixed(Method):
    """A random-intercept model by REML, with errors of the model or cluster-robust ones (CR2)."""

    errors: Literal["model", "robust"]


class MixedSlopes(Mixed):
    """Linear in session: slope of a cohort, or difference of the slopes of two arms."""

    method: Literal["lmm_slopes"]
    targets: Literal["slope", "difference_of_slopes"]


class MixedEnd(Mixed):
    """A mean for every arm and session; the difference of the arms at the last one."""

    method: Literal["lmm_end"]
    targets: Literal["difference_at_end"]


class Welch(Method):
    """Welch's t test of the last reports, of patients who have one."""

    method: Literal["t_test"]
    targets: Literal["difference_at_end"]


class OfEvents(Method):
    """Compares events at the last session; a missed visit is left out, or counts as none."""

    targets: Literal["log_odds_ratio"]
    missing_is: Literal["left_out", "no_event"]


class Fisher(OfEvents):
    """Fisher's exact test."""

    method: Literal["fisher"]


class RankSum(Method):
    """Wilcoxon's rank sum test of the last reports: they are taken as ordered only."""

    method: Literal["rank_sum"]
    targets: Literal["superiority"]


class Unstructured(Method):
    """Repeated measures (MMRM): a mean for every arm and session, an unstructured covariance."""

    method: Literal["mmrm"]
    targets: Literal["difference_at_end"]


class Ordinal(Method):
    """Proportional odds of the categories at the last session."""

    method: Literal["ordinal"]
    targets: Literal["common_log_odds_ratio"]


class BayesNormal(Method):
    """Posterior of the difference at the last session under a normal prior with mean 0.

    Rejects where the posterior chance of either sign exceeds one less half the level.
    """

    method: Literal["bayes_normal"]
    targets: Literal["difference_at_end"]
    prior_sd: Annotated[float, Field(gt=0)]


class BayesBeta(OfEvents):
    """Posterior of both chances of the event under the same beta prior; rejects likewise."""

    method: Literal["bayes_beta"]
    prior_events: Annotated[float, Field(gt=0)]
    prior_others: Annotated[float, Field(gt=0)]


class Paired(Method):
    """Differences within patients, adjusted for period; with one patient, of his cycles."""

    method: Literal["paired"]
    targets: Literal["difference_at_end"]


AnyMethod = Annotated[
    MixedSlopes
    | MixedEnd
    | Unstructured
    | Welch
    | BayesNormal
    | Fisher
    | BayesBeta
    | RankSum
    | Ordinal
    | Paired,
    Field(discriminator="method"),
]


def fits(method: Any, trial: Any, endpoint: Any) -> bool:
    """Tell whether a method can analyse an endpoint of a trial."""
    if isinstance(method, OfEvents) != is_event(endpoint):
        return False
    if trial.response is None and endpoint.readings != {"relief"}:
        return False
    if method.targets == "slope":
        return trial.design == "cohort"
    if method.method == "paired":
        alone = min(trial.n_patients) == 1  # his own truth is known of reported relief alone
        is_known = endpoint.readings == {"relief"} and trial.response is None
        return trial.design == "crossover" and (is_known or not alone)
    return trial.design in TWO_ARMS


class Data(Worlds):
    """Data-generating mechanisms: worlds, trials in them, endpoints, and what goes missing.

    `weights` are those of the worlds in an assurance, in the order in which they are listed.
    """

    weights: Literal["equal"] | Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field()]
    trials: Annotated[tuple[AnyTrial, ...], Field(min_length=1)]
    endpoints: dict[Name, Endpoint]
    responses: dict[Name, Response]
    missing: dict[str, Missing]


class Headline(Part):
    """The comparison that the page's one sentence is about."""

    trial: str
    method: str
    missing: str
    sessions: Session


class Stop(Part):
    """When a run with a target ends: every cell's error of a measure is at most `mcse`."""

    measure: Literal[tuple(MEASURES)]  # type: ignore[valid-type]
    mcse: Annotated[float, Field(gt=0)]


class Performance(Part):
    """What is made of the estimates; `level` is the two-sided level of every test."""

    measures: Literal["all"] | Annotated[tuple[Literal[tuple(MEASURES)], ...], Field(min_length=1)]  # type: ignore[valid-type]
    level: Annotated[float, Field(gt=0, lt=0.5)]
    power: Annotated[float, Field(gt=0, lt=1)]
    stop: Stop

    @property
    def chosen_measures(self) -> tuple[str, ...]:
        """Names of measures, in the order of `MEASURES`."""
        return tuple(MEASURES) if self.measures == "all" else self.measures


class Design(Study):
    """One study of trials."""

    kind: Literal["trials"]
    data: Data
    estimands: Annotated[tuple[Literal[tuple(UNITS)], ...], Field(min_length=1)]  # type: ignore[valid-type]
    methods: Annotated[tuple[AnyMethod, ...], Field(min_length=1)]
    headline: Headline
    performance: Performance

    @cached_property
    def design_id(self) -> str:
        """Sixteen hex digits of what decides the counts of a world: not its words, nor measures."""
        counted = self.model_dump(mode="json", include={"estimands", "methods", "seed"})
        laws = {"trials", "missing", "endpoints", "responses"}
        counted["trials"] = self.data.model_dump(mode="json", include=laws)
        return digest(counted | {"level": self.performance.level})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse what cannot be computed, naming field and value."""
        trials = self.data.trials
        distinct(tuple(trial.name for trial in trials))
        for trial in trials:
            for name in (n for n in trial.missing if n not in self.data.missing):
                known = ", ".join(self.data.missing)
                raise ValueError(f"data.trials: {trial.name} names missing {name!r}; of: {known}")
            if trial.response is not None and trial.response not in self.data.responses:
                known = ", ".join(self.data.responses) or "none"
                raise ValueError(
                    f"data.trials: {trial.name} names response {trial.response!r}; of: {known}"
                )
            _sizes_fit(trial)
        for method in self.methods:
            if method.endpoint not in self.data.endpoints:
                known = ", ".join(self.data.endpoints)
                raise ValueError(
                    f"methods: {method.name} names endpoint {method.endpoint!r}; of: {known}"
                )
            if method.targets not in self.estimands:
                raise ValueError(
                    f"methods: {method.name} targets {method.targets}, which is no estimand of "
                    f"the study; there are: {', '.join(self.estimands)}"
                )
            if not any(self.fits(method, trial) for trial in trials):
                raise ValueError(
                    f"methods: {method.name} of {method.targets} can analyse no trial here: "
                    f"endpoint {method.endpoint}"
                )
        distinct(tuple(method.name for method in self.methods))
        self._has_headline()
        return self

    def fits(self, method: Any, trial: Any) -> bool:
        """Tell whether a method can analyse a trial of this study."""
        return fits(method, trial, self.data.endpoints[method.endpoint])

    def response_of(self, trial: Any) -> Response | None:
        """Return the law by which a trial's patients answer."""
        return None if trial.response is None else self.data.responses[trial.response]

    def readings_of(self, trial: Any) -> frozenset[str]:
        """Return the readings that the endpoints of a trial's methods are made of."""
        asked = [
            self.data.endpoints[m.endpoint].readings for m in self.methods if self.fits(m, trial)
        ]
        return frozenset({"relief"}).union(*asked)

    def _has_headline(self) -> None:
        head = self.headline
        trial = next((t for t in self.data.trials if t.name == head.trial), None)
        if (
            trial is None
            or head.missing not in trial.missing
            or head.sessions not in trial.sessions
            or not any(m.name == head.method and self.fits(m, trial) for m in self.methods)
        ):
            raise ValueError("headline: no cell has this trial, method, missing and sessions")


def _sizes_fit(trial: Any) -> None:
    """Refuse arms without patients, and courses longer than can be drawn."""
    longest = max(trial.sessions) + (trial.test_sessions if trial.design == "withdrawal" else 0)
    if longest > 16:
        raise ValueError(f"data.trials: {trial.name} lasts {longest} sessions; at most 16")
    least = min(trial.n_patients)
    if trial.design in TWO_ARMS and not 1 <= int(least * trial.second_share) < least:
        raise ValueError(f"data.trials: {trial.name} with {least} patients has an empty arm")
    if trial.design == "crossover" and least == 1 and trial.cycles < 3:
        raise ValueError(f"data.trials: {trial.name} of one patient needs three cycles or more")
    distinct(trial.sessions)
    distinct(trial.n_patients)
