"""One page a study of test periods: question, answer, decision, figures, table, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Section, Text
from report.studies.frame import Words, page
from report.studies.one_world import compared, frontier_of, lengths_of
from report.studies.one_world_best import best_length, in_use
from report.wording import plural


@dataclass(frozen=True, kw_only=True)
class StudyFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    truth
        Clause that says what counts as long-term relief.
    threshold_pct, test_sessions
        Least last report of the rule that is followed, sessions of the present test period.
    worlds
        Names of the worlds, in words.
    rates
        Test sessions worth spending to find one more long-term responder.
    """

    truth: str
    threshold_pct: float
    test_sessions: int
    worlds: str
    rates: tuple[float, ...]


def build(
    choice: pd.DataFrame,
    performance: pd.DataFrame,
    n_cohorts: int,
    facts: StudyFacts,
    extra: Sequence[Section] = (),
) -> str:
    """Write the page of one world's headline truth.

    Parameters
    ----------
    choice, performance
        Rows of `study_choice` and `study_performance` of the headline truth, one world, reports
        known before the next visit (lag 0).
    n_cohorts
        Simulated cohorts behind them.
    facts
        What the page quotes of the design.
    extra
        Sections that follow the comparison of lengths.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    basis = f"{plural(n_cohorts, 'simulated cohort')} · {facts.worlds}"
    sections = [
        Section("frontier", "What each test period costs and misses", [frontier_of(choice)]),
        Section("length", "By number of test sessions", [lengths_of(performance, facts)]),
        Section("compared", "Four, five or six sessions", [compared(performance, facts)]),
        Section("best", "Best length at a stated rate", best_length(in_use(choice, facts), facts)),
        *extra,
    ]
    return page(facts, basis, sections, [Text(f"Long-term relief: {facts.truth}.")])
