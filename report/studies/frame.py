"""What every page of a study opens and ends with.

Belongs here: question, answer, decision, assumptions, limits, and their order. Does not: the words
and numbers of an answer (`answer.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from report.blocks import Block, Section, Text
from report.templates import study_document

CANNOT = (
    "Whether rTMS relieves pain better than a sham: every world here takes reported relief as it "
    "was reported.",
    "Other centres, other intervals between sessions, other ways of asking: the worlds resemble "
    "one centre.",
    "Who will report relief from signs other than reported relief: no biomarker is simulated.",
    "What to do with one patient: these are shares of simulated cohorts.",
)
MONTE_CARLO = (
    "± is the Monte Carlo standard error, with that of a truth that is read from a large cohort of "
    "its world: how far a world may be from the clinic is not in it."
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the page of any study quotes of its file.

    Attributes
    ----------
    title, question, decision
        Heading; the aim, as one question; what its answer informs.
    answer, signs
        The answer in one sentence (`answer.sentence`); what its signs mean.
    assumptions
        One sentence each.
    beside
        Answers under other populations, in one sentence each.
    """

    title: str
    question: str
    answer: str
    signs: tuple[str, ...]
    decision: str
    assumptions: tuple[str, ...]
    beside: tuple[str, ...] = ()


def opening(words: Words) -> list[Text]:
    """Return what every page says first: question, answer, what its signs mean, decision."""
    return [
        Text(words.question, "question"),
        *(Text(answer, "lead") for answer in (words.answer, *words.beside)),
        Text(" ".join((MONTE_CARLO, *words.signs)), "signs"),
        Text(f"It informs: {words.decision}"),
    ]


def page(
    words: Words,
    basis: str,
    sections: Sequence[Section],
    more: Sequence[Block] = (),
) -> str:
    """Return the page: answer first, assumptions and limits last.

    Parameters
    ----------
    words
        What it quotes.
    basis
        What was simulated, in one line.
    sections
        What comes between the answer and the assumptions.
    more
        Blocks of the answer's section that follow the decision.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    ending = [
        Section("assumptions", "Assumptions", [Text(text) for text in words.assumptions]),
        Section("cannot", "What simulation cannot say", [Text(text) for text in CANNOT]),
    ]
    sections = [Section("answer", "Answer", [*opening(words), *more]), *sections, *ending]
    return study_document(words.title, basis, sections)
