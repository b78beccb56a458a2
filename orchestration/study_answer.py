"""The answer of a study: the numbers of its counted rows, in the words of its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Answer:
    """One sentence, and what its signs mean."""

    sentence: str
    signs: tuple[str, ...]


def answer_of(
    design: Any, found: Any, command: str = "", sizes: pd.DataFrame | None = None
) -> Answer:
    """Return the answer of a study, or what is missing of it.

    Parameters
    ----------
    command
        What runs the study as it was asked for; by default its name alone.
    sizes
        Of trials, what searches have found.
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
    return Answer(
        report.sentence(says, figures, got.about),
        tuple(report.signs(figures, has_differences)),
    )
