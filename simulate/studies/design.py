"""A study as data, in ADEMP order, validated before anything runs.

Here: what a study may ask, loading one, and the identity of its cells. Not here: running it.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from simulate.parts import Part
from simulate.scenario import Scenario

STUDIES = Path(__file__).parent

Rule = Literal["last", "maximum"]
Measure = Literal[
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
    "expected_test_sessions",
]
Cut = Annotated[int, Field(gt=0, le=100)]


class Data(Part):
    """Which worlds, and how many patients a cohort has."""

    scenarios: Annotated[tuple[str, ...], Field(min_length=1)]
    n_patients: Annotated[int, Field(ge=1, le=100_000)]


class Estimands(Part):
    """The truth that decisions are compared with: long-term relief of at least each cut."""

    name: Literal["hypothetical"]
    cut_pct: Annotated[tuple[Cut, ...], Field(min_length=1)]
    headline_cut_pct: Cut

    @model_validator(mode="after")
    def _headline_is_a_cut(self) -> Self:
        if self.headline_cut_pct not in self.cut_pct:
            raise ValueError(f"headline_cut_pct must be one of {list(self.cut_pct)}")
        return self


class Methods(Part):
    """Decision rules, test lengths and thresholds; every combination is a cell."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    test_sessions: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    threshold_pct: Annotated[tuple[Cut, ...], Field(min_length=1)]


class Performance(Part):
    """Measures, and the session until which treatment is counted."""

    horizon_session: Literal[15]
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]


class Design(Part):
    """One study."""

    study: str
    aims: str
    data: Data
    estimands: Estimands
    methods: Methods
    performance: Performance

    def truth_in_words(self, cut_pct: float) -> str:
        """Say what the true long-term relief of a simulated patient is, as one clause."""
        last = self.performance.horizon_session
        return (
            f"the expected report, averaged over sessions {last - 2} to {last} had everyone gone "
            f"on, is at least {cut_pct:g} %"
        )

    @model_validator(mode="after")
    def _tests_end_before_the_horizon(self) -> Self:
        horizon = self.performance.horizon_session
        if max(self.methods.test_sessions) >= horizon:
            raise ValueError(f"methods.test_sessions must lie below session {horizon}")
        return self


def available() -> list[str]:
    """Return the names of the studies that ship with Plateau."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml"))


def load(name: str) -> Design:
    """Load a study by name.

    Raises
    ------
    ValueError
        For an unknown study, or a field or value that is not allowed.
    """
    if name not in available():
        raise ValueError(f"no study {name!r}; there are: {', '.join(available())}")
    values = yaml.safe_load((STUDIES / f"{name}.yaml").read_text(encoding="utf-8"))
    try:
        return Design.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        field = ".".join(str(step) for step in problem["loc"])
        raise ValueError(f"study {name}: field {field}: {problem['msg']}") from None


def cell_id(
    design: Design, scenario: Scenario, seed: int, rule: str, length: int, threshold: int, cut: int
) -> str:
    """Return sixteen hex digits that name world, cohort size, seed, method and truth."""
    parts = (
        scenario.scenario_id,
        design.data.n_patients,
        seed,
        rule,
        length,
        threshold,
        design.estimands.name,
        cut,
        design.performance.horizon_session,
    )
    return blake2b("|".join(map(str, parts)).encode(), digest_size=8).hexdigest()
