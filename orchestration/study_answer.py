"""The answer of a study: the numbers of its counted rows, in the words of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from orchestration.own_population import POSTERIOR, PUBLISHED


@dataclass(frozen=True)
class Answer:
    """One sentence, and what its signs mean.

    Attributes
    ----------
    sentence, signs
        Of the worlds of `population`, which is '' where only one has been asked for.
    beside
        Answers of the same study under other populations, each with its own.
    """

    sentence: str
    signs: tuple[str, ...]
    population: str = ""
    beside: tuple[Answer, ...] = ()

    @property
    def all_signs(self) -> tuple[str, ...]:
        """What the signs mean in this answer and those beside it, each once."""
        every = (self.signs, *(other.signs for other in self.beside))
        return tuple(dict.fromkeys(sign for signs in every for sign in signs))

    @property
    def told(self) -> str:
        """The sentence, after the population that it is of."""
        return f"{self.population}: {self.sentence}" if self.population else self.sentence


def answer_of(
    design: Any,
    found: Any,
    command: str = "",
    sizes: pd.DataFrame | None = None,
    population: str = PUBLISHED,
) -> Answer:
    """Return the answer of a study, or what is missing of it.

    Parameters
    ----------
    command
        What runs the study as it was asked for; by default its name alone.
    sizes
        Of trials, what searches have found.
    population
        Whose worlds `found` is of.
    """
    from report.studies import answer as report
    from simulate.studies.answer import Difference
    from simulate.studies.answer_figures import answered

    got = answered(design, found, sizes)
    if got.no_cell:
        return Answer(report.without_cell(got.no_cell), ())
    if got.not_run:
        command = command or f"plateau study run {design.study}"
        return Answer(report.not_run(got.not_run, command), ())
    says, figures = design.answer.says, got.figures
    has_differences = any(isinstance(f, Difference) for f in design.answer.figures.values())
    is_single = bool(found.study_cell["n_replicates"].min() < 2)
    worlds = report.OWN if population == POSTERIOR else report.PUBLISHED
    return Answer(
        report.sentence(says, figures, got.about),
        tuple(report.signs(figures, has_differences, is_single, worlds)),
    )
