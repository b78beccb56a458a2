"""Methods of a study of trials: what a file may say of each, and which trial and endpoint it takes.

Not here: what a method computes (`analyses.py`).
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from simulate.parts import Part
from simulate.studies.trials.endpoints import is_event

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
WITHIN = ("paired", "lmm_crossover", "bayes_normal")
"""Methods of a crossover trial."""


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


class MixedPeriods(Mixed):
    """Last reports of every period of a crossover trial: active or sham, and a mean a period."""

    method: Literal["lmm_crossover"]
    targets: Literal["difference_at_end"]


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
    | Paired
    | MixedPeriods,
    Field(discriminator="method"),
]


def why_not(method: Any, trial: Any, endpoint: Any) -> str:
    """Say why a method cannot analyse an endpoint of a trial; empty where it can."""
    if isinstance(method, OfEvents) != is_event(endpoint):
        takes = "an event (any_of)" if isinstance(method, OfEvents) else "a reading, no event"
        return f"{method.method} takes {takes}, which endpoint {method.endpoint} is not"
    if trial.response is None and endpoint.readings != {"relief"}:
        return f"{trial.name} has response null, so there is reported relief alone"
    if trial.design == "crossover":
        return _why_not_within(method, trial, endpoint)
    if method.method in ("paired", "lmm_crossover"):
        return f"{method.method} takes a crossover trial, {trial.name} is {trial.design}"
    if (method.targets == "slope") != (trial.design == "cohort"):
        return f"{trial.name} is {trial.design}: a slope is of a cohort, all else of two arms"
    return ""


def _why_not_within(method: Any, trial: Any, endpoint: Any) -> str:
    """Of a crossover trial both arms are the same patients, which its methods must know."""
    if method.method not in WITHIN:
        return f"{trial.name} is a crossover trial, which takes {', '.join(WITHIN)}"
    if min(trial.n_patients) > 1:
        return ""
    if method.method != "paired":
        return f"{trial.name} is of one patient, who takes paired alone"
    is_known = endpoint.readings == {"relief"} and trial.response is None
    return "" if is_known else "one patient's own truth is known of relief with response null alone"
