"""A study under the population asked for, and under the other one where it has been run.

Belongs here: what `plateau study show` tells side by side. Does not: the populations themselves
(`own_population.py`), tables or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from orchestration.commands.study_asked import command_of, design_of
from orchestration.errors import PlateauError
from orchestration.own_population import POSTERIOR, PUBLISHED
from orchestration.settings import Settings
from orchestration.study_answer import Answer, answer_of


@dataclass(frozen=True)
class Told:
    """What a study says under one population.

    Attributes
    ----------
    population
        `published` or `posterior`.
    design, found
        The study in that population, and its tables.
    sizes
        Of trials, what searches have found.
    answer
        Its answer, which names the population where another stands beside it.
    """

    population: str
    design: Any
    found: Any
    sizes: pd.DataFrame | None
    answer: Answer

    @property
    def label(self) -> str:
        """The population in words."""
        from report.populations import label

        draws = "population.ensemble" in self.design.data.what_if
        return label(self.population, draws_ensemble=draws)


def told(
    settings: Settings, name: str, changes: Sequence[str], seed: int | None, population: str
) -> Told:
    """Return what a study says under a population.

    Raises
    ------
    LookupError
        Nothing of it has been run yet.
    StoreError
        A file of counts must not be read.
    """
    from simulate.studies.kinds import kind
    from simulate.studies.run import open_store

    design = design_of(settings, name, changes, seed, population)
    found = kind(design.kind).tables(design, open_store(design, settings.studies))
    sizes = None
    if design.kind == "trials":
        from simulate.studies.trials.size import answers

        sizes = answers(design, settings.studies)
    command = command_of(name, changes, seed, population)
    answer = answer_of(design, found, command, sizes, population)
    return Told(population, design, found, sizes, answer)


def side_by_side(
    settings: Settings, name: str, changes: Sequence[str], seed: int | None, population: str
) -> list[Told]:
    """Return what a study says under the population asked for, then under the other if it was run.

    Raises
    ------
    LookupError, StoreError
        As `told`, of the population asked for.
    """
    own = told(settings, name, changes, seed, population)
    other = PUBLISHED if population == POSTERIOR else POSTERIOR
    kept = [change for change in changes if not (other == PUBLISHED and _of_members(change))]
    try:
        beside = [told(settings, name, kept, seed, other)]
    except (PlateauError, LookupError):  # no posterior, or nothing of it has been run
        beside = []
    if population == PUBLISHED and not beside:
        return [own]
    others = [replace(one, answer=replace(one.answer, population=one.label)) for one in beside]
    answers = tuple(one.answer for one in others)
    return [replace(own, answer=replace(own.answer, population=own.label, beside=answers)), *others]


def _of_members(change: str) -> bool:
    """Tell whether a change says which members of the posterior: worlds of a file have none."""
    field = change.partition("=")[0].strip()
    return field.endswith((".population.member", ".population.members"))
