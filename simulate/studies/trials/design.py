"""A study of trials as data, in the order of ADEMP: aims, data, estimands, methods, performance.

Here: what such a file may say, its checks and its identity. Not here: how a trial is conducted
(`conduct.py`), its methods (`methods.py`) and what they compute (`analyses.py`), what is made of
them (`performance.py`).
"""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.parts import Part, Share
from simulate.studies import study
from simulate.studies.study import Cut, Misfit, Session, Sessions, Study, Worlds, digest, distinct
from simulate.studies.trials.endpoints import Endpoint, Response
from simulate.studies.trials.methods import AnyMethod, Name, why_not
from simulate.studies.trials.performance import MEASURES
from simulate.studies.trials.sums import UNITS

Patients = Annotated[tuple[Annotated[int, Field(ge=1, le=50_000)], ...], Field(min_length=1)]

if TYPE_CHECKING:
    Measure = str
else:
    Measure = Literal[tuple(MEASURES)]


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


class Performance(study.Performance[Measure]):
    """What is made of the estimates; `level` is the two-sided level of every test."""

    every = tuple(MEASURES)
    level: Annotated[float, Field(gt=0, lt=0.5)]
    power: Annotated[float, Field(gt=0, lt=1)]


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
        distinct(tuple(trial.name for trial in trials), "data", "trials")
        for k, trial in enumerate(trials):
            for name in (n for n in trial.missing if n not in self.data.missing):
                known = ", ".join(self.data.missing)
                raise Misfit(
                    f"{trial.name} names missing {name!r} (there are: {known})",
                    *("data", "trials", k, "missing"),
                )
            if trial.response is not None and trial.response not in self.data.responses:
                known = ", ".join(self.data.responses) or "none"
                raise Misfit(
                    f"{trial.name} names response {trial.response!r} (there are: {known})",
                    *("data", "trials", k, "response"),
                )
            _sizes_fit(trial, k)
        for k, method in enumerate(self.methods):
            if method.endpoint not in self.data.endpoints:
                known = ", ".join(self.data.endpoints)
                raise Misfit(
                    f"{method.name} names endpoint {method.endpoint!r} (there are: {known})",
                    *("methods", k, "endpoint"),
                )
            if method.targets not in self.estimands:
                raise Misfit(
                    f"{method.name} targets {method.targets}, which is no estimand of the study "
                    f"(there are: {', '.join(self.estimands)}); name one, or add it to estimands",
                    *("methods", k, "targets"),
                )
            if not any(self.fits(method, trial) for trial in trials):
                endpoint = self.data.endpoints[method.endpoint]
                why = dict.fromkeys(why_not(method, trial, endpoint) for trial in trials)
                raise Misfit(
                    f"{method.name} of {method.targets} can analyse no trial here: "
                    + "; ".join(why),
                    *("methods", k),
                )
        distinct(tuple(method.name for method in self.methods), "methods")
        self._has_headline()
        return self

    def fits(self, method: Any, trial: Any) -> bool:
        """Tell whether a method can analyse a trial of this study."""
        return not why_not(method, trial, self.data.endpoints[method.endpoint])

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
        """Refuse a headline without a cell, saying which of its fields is wrong."""
        head = self.headline
        trial = _one_of(self.data.trials, head.trial, "trial")
        method = _one_of(self.methods, head.method, "method")
        why = why_not(method, trial, self.data.endpoints[method.endpoint])
        if why:
            raise Misfit(f"no cell has this trial and method: {why}", "headline")
        for field, known in (("missing", trial.missing), ("sessions", trial.sessions)):
            if getattr(head, field) not in known:
                raise Misfit(
                    f"no cell has {field} {getattr(head, field)!r}; trial {trial.name} "
                    f"has: {', '.join(map(str, known))}",
                    *("headline", field),
                )


def _one_of(parts: Any, name: str, what: str) -> Any:
    for part in parts:
        if part.name == name:
            return part
    known = ", ".join(part.name for part in parts)
    raise Misfit(f"no cell has {what} {name!r} (there are: {known})", "headline", what)


def _sizes_fit(trial: Any, k: int) -> None:
    """Refuse arms without patients, and courses longer than can be drawn."""
    place = ("data", "trials", k)
    longest = max(trial.sessions) + (trial.test_sessions if trial.design == "withdrawal" else 0)
    if longest > 16:
        raise Misfit(f"{trial.name} lasts {longest} sessions; at most 16", *place)
    least = min(trial.n_patients)
    if trial.design in TWO_ARMS and not 1 <= int(least * trial.second_share) < least:
        raise Misfit(f"{trial.name} with {least} patients has an empty arm", *place)
    if trial.design == "crossover" and least == 1 and trial.cycles < 3:
        raise Misfit(f"{trial.name} of one patient needs three cycles or more", *place)
    distinct(trial.sessions, *place, "sessions")
    distinct(trial.n_patients, *place, "n_patients")
