"""A study of trials as data, in the order of ADEMP: aims, data, estimands, methods, performance.

Here: what such a file may say, its checks and its identity. Not here: how a trial is conducted
(`conduct.py`), what its methods compute (`analyses.py`), what is made of them (`performance.py`).
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.parts import Part, Share
from simulate.studies.study import Cut, Session, Sessions, Study, Worlds, digest, distinct
from simulate.studies.trials.performance import MEASURES

EstimandName = Literal[
    "slope", "difference_at_end", "difference_of_slopes", "log_odds_ratio", "superiority"
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Patients = Annotated[tuple[Annotated[int, Field(ge=1, le=50_000)], ...], Field(min_length=1)]


class Missing(Part):
    """Which reports of a trial are missing.

    `intermittent` is the share of reports missing one by one. A patient stops before each session
    after the first with the chance `stop` if his last report is 0 %; `per_point_seen` and
    `per_point_unseen` change its log odds a point of the last report seen, and of the one that
    stopping hides (informative drop-out, of which no method sees the cause).
    """

    intermittent: Share
    stop: Annotated[float, Field(ge=0, lt=1)]
    per_point_seen: Annotated[float, Field(ge=-1, le=1)]
    per_point_unseen: Annotated[float, Field(ge=-1, le=1)]


class Trial(Part):
    """What every trial says: its sizes (patients of all arms together), sessions, missing data."""

    name: Name
    n_patients: Patients
    sessions: Sessions
    missing: Annotated[tuple[str, ...], Field(min_length=1)]


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
    """A way to analyse a trial; it estimates `targets`."""

    name: Name


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


class Fisher(Method):
    """Fisher's exact test of reports of at least a cut at the last session."""

    method: Literal["fisher"]
    targets: Literal["log_odds_ratio"]
    cut_pct: Cut
    missing_is: Literal["left_out", "below"]


class RankSum(Method):
    """Wilcoxon's rank sum test of the last reports: they are taken as ordered only."""

    method: Literal["rank_sum"]
    targets: Literal["superiority"]


class Paired(Method):
    """Differences within patients, adjusted for period; with one patient, of his cycles."""

    method: Literal["paired"]
    targets: Literal["difference_at_end"]


AnyMethod = Annotated[
    MixedSlopes | MixedEnd | Welch | Fisher | RankSum | Paired, Field(discriminator="method")
]


def fits(method: Any, trial: Any) -> bool:
    """Tell whether a method can analyse a trial."""
    if method.targets == "slope":
        return trial.design == "cohort"
    if method.method == "paired":
        return trial.design == "crossover"
    return trial.design in TWO_ARMS


class Data(Worlds):
    """Data-generating mechanisms: worlds, trials in them, and what goes missing.

    `weights` are those of the worlds in an assurance, in the order in which they are listed.
    """

    weights: Literal["equal"] | Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field()]
    trials: Annotated[tuple[AnyTrial, ...], Field(min_length=1)]
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
    estimands: Annotated[tuple[EstimandName, ...], Field(min_length=1)]
    methods: Annotated[tuple[AnyMethod, ...], Field(min_length=1)]
    headline: Headline
    performance: Performance

    @cached_property
    def design_id(self) -> str:
        """Sixteen hex digits of what decides the counts of a world: not its words, nor measures."""
        counted = self.model_dump(mode="json", include={"estimands", "methods", "seed"})
        counted["trials"] = self.data.model_dump(mode="json", include={"trials", "missing"})
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
            _sizes_fit(trial)
        for method in self.methods:
            if method.targets not in self.estimands:
                raise ValueError(
                    f"methods: {method.name} targets {method.targets}, which is no estimand of "
                    f"the study; there are: {', '.join(self.estimands)}"
                )
            if not any(fits(method, trial) for trial in trials):
                raise ValueError(
                    f"methods: {method.name} of {method.targets} can analyse no trial here"
                )
        distinct(tuple(method.name for method in self.methods))
        self._has_headline()
        return self

    def _has_headline(self) -> None:
        head = self.headline
        trial = next((t for t in self.data.trials if t.name == head.trial), None)
        if (
            trial is None
            or head.missing not in trial.missing
            or head.sessions not in trial.sessions
            or not any(m.name == head.method and fits(m, trial) for m in self.methods)
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
