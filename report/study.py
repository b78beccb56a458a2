"""One page a study of test periods: question, answer, decision, figures, table, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.blocks import Section, Text
from report.frames import records
from report.studies.frame import Words, page
from report.studies.one_world import compared, frontier_of, lengths_of
from report.studies.one_world_best import best_length, in_use
from report.wording import count, number, plus_minus


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
    basis = f"{count(n_cohorts)} simulated cohorts · {facts.worlds}"
    sections = [
        Section("frontier", "What each test period costs and misses", [frontier_of(choice)]),
        Section("length", "By number of test sessions", [lengths_of(performance, facts)]),
        Section("compared", "Four, five or six sessions", [compared(performance, facts)]),
        Section("best", "Best length at a stated rate", best_length(in_use(choice, facts), facts)),
        *extra,
    ]
    answer = [Text(_one_sentence(choice, facts))]
    return page(facts, basis, answer, sections, [Text(f"Long-term relief: {facts.truth}.")])


def _one_sentence(choice: pd.DataFrame, facts: StudyFacts) -> str:
    """Say what one more session changes, judged by the last report."""
    rows, now = in_use(choice, facts), facts.test_sessions
    by_length: dict[int, dict[str, Any]] = {int(row["test_sessions"]): row for row in records(rows)}
    if not {now, now + 1} <= set(by_length):
        return "The last report was not studied at these lengths."
    a, b = by_length[now], by_length[now + 1]
    fewer = a["missed_per_100"] - b["missed_per_100"]
    more = b["sessions_per_100"] - a["sessions_per_100"]
    return (
        f"Judged by the last report (at least {number(facts.threshold_pct, 0)} %), "
        f"{now + 1} sessions instead of {now} miss "
        f"{plus_minus(fewer, _both(a, b, 'missed_per_100_mcse'), 1, 2)} fewer of 100 who start "
        f"(from {number(a['missed_per_100'])} to {number(b['missed_per_100'])}) and give "
        f"{plus_minus(more, _both(a, b, 'sessions_per_100_mcse'), 0, 1)} more sessions without "
        "long-term relief (± Monte Carlo standard error, at most; how far the world itself may be "
        "from the clinic is not in it)."
    )


def _both(a: dict[str, Any], b: dict[str, Any], name: str) -> float:
    """Error of a difference as if both were independent: too wide, as they share their cohorts."""
    return float(a[name] ** 2 + b[name] ** 2) ** 0.5
