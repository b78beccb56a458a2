"""What every page of a study opens and ends with.

Belongs here: question, answer, decision, assumptions, limits, and their order. Does not: what one
kind of study answers.
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
    "± is the Monte Carlo standard error: how far a world may be from the clinic is not in it, nor "
    "the error of a truth that is read once from a large cohort of that world."
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the page of any study quotes of its file.

    Attributes
    ----------
    title, question, decision
        Heading; the aim, as one question; what its answer informs.
    assumptions
        One sentence each.
    """

    title: str
    question: str
    decision: str
    assumptions: tuple[str, ...]


def page(
    words: Words,
    basis: str,
    answer: Sequence[Block],
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
    answer
        The answer, between the question and the decision that it informs.
    sections
        What comes between the answer and the assumptions.
    more
        Blocks of the answer's section that follow the decision.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    opening = [
        Text(f"Question: {words.question}"), *answer, Text(f"It informs: {words.decision}"), *more
    ]  # fmt: skip
    ending = [
        Section("assumptions", "Assumptions", [Text(text) for text in words.assumptions]),
        Section("cannot", "What simulation cannot say", [Text(text) for text in CANNOT]),
    ]
    return study_document(words.title, basis, [Section("answer", "Answer", opening), *sections,
                                               *ending])  # fmt: skip
