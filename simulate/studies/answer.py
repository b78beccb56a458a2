"""The answer of a study as its file states it: one sentence, and the cells that its numbers are of.

Here: what a file may say of it, and the check that every number has a cell. Not here: the numbers
(`answer_figures.py`) and their words for a reader (`report/studies/answer.py`). No count depends on
this file.

    answer:
      says: >-
        {five} of 100 are missed after {five.test_sessions} sessions, {fewer} fewer than after
        {four.test_sessions}.
      figures:
        four: {measure: missed_per_100, cell: {rule: last, test_sessions: 4}, world: all}
        five: {measure: missed_per_100, cell: {rule: last, test_sessions: 5}, world: all}
        fewer: {of: four, less: five}
"""

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from simulate.parts import Part

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
HUNDRED = "100"
"""The one number that a sentence may write itself, as in `of 100 who start`."""


class Cell(Part):
    """A measure of one cell in the worlds named.

    `cell` names columns of the study's cells; those of the headline that it leaves out are the
    headline's. `world` names values of `data.vary`, which several worlds may have, or all worlds.
    """

    measure: str
    cell: dict[str, Any]
    world: Literal["all"] | dict[str, Any]


class Difference(Part):
    """One figure of the answer less another, world by world."""

    of: Name
    less: Name


def _which(value: Any) -> str:
    is_difference = isinstance(value, Difference) or (
        isinstance(value, Mapping) and bool({"of", "less"} & set(value))
    )
    return "Difference" if is_difference else "Cell"


Figure = Annotated[
    Annotated[Cell, Tag("Cell")] | Annotated[Difference, Tag("Difference")], Discriminator(_which)
]


class Answer(Part):
    """One sentence with a place for every number, `{figure}`, or `{figure.column}` of its cell."""

    says: Annotated[str, Field(min_length=1)]
    figures: Annotated[dict[Name, Figure], Field(min_length=1)]

    @property
    def places(self) -> Iterator[tuple[str, str]]:
        """Yield figure and column of every place of the sentence; '' for the figure's number."""
        for _, place, _, _ in Formatter().parse(self.says):
            if place is not None:
                name, _, column = place.partition(".")
                yield name, column


def own_numbers(says: str) -> list[str]:
    """Return numbers that a sentence writes itself, outside its places."""
    words = " ".join(words for words, *_ in Formatter().parse(says))
    return [found for found in re.findall(r"\d+(?:[.,]\d+)?", words) if found != HUNDRED]
