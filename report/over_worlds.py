"""One page of a study over many worlds: the answer as a clinician reads it, and what it hinges on.

Belongs here: the page's parts and words. Does not: any figure that is not in the tables handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.blocks import Block, Heading, Section, Text
from report.frames import records
from report.studies.best_length import best, hinges
from report.studies.frame import page
from report.studies.many_worlds import (
    PRACTICE,
    PREDICTED,
    RULES,
    compared,
    means_of,
    missed,
    of_100_worlds,
    of_rule,
    rules,
    series_of,
    told,
)
from report.studies.many_worlds_lengths import characteristics, frontier, steps
from report.studies.next_study import NextStudy
from report.study import StudyFacts
from report.wording import count, number, plus_minus

SPREAD = (
    "Spread: nine of ten worlds lie between the numbers in brackets. More cohorts do not narrow "
    "it: the published figures leave it open. Long-term relief is what patients would report, "
    "averaged over sessions 13 to 15, had everyone gone on. ± is the standard error of a figure, "
    "had other worlds been drawn from the ensemble and other cohorts in them."
)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the page says of one definition of long-term relief.

    Attributes
    ----------
    cut_pct
        Least relief, percent.
    within_missed
        How many more of 100 a length may miss and still be near the least.
    measures
        Rows of `over_worlds.across`: rule, threshold_pct, test_sessions, measure, mean, lo, hi,
        mcse.
    frontier
        Rows of `over_worlds.frontier`.
    best
        Rows of `lengths.best_lengths` of tests judged by the last report, with `rate`.
    steps
        Rows of `lengths.steps`.
    near
        Rows of `lengths.near_least` of tests judged by the last report.
    knowing
        Rows of `knowing.value_of_knowing`, with `rate`.
    """

    cut_pct: int
    within_missed: float
    measures: pd.DataFrame
    frontier: pd.DataFrame
    best: pd.DataFrame
    steps: pd.DataFrame
    near: pd.DataFrame
    knowing: pd.DataFrame


def build(
    truths: Sequence[Truth],
    n_cohorts: int,
    n_worlds: int,
    next_study: NextStudy,
    facts: StudyFacts,
    extra: Sequence[Section] = (),
) -> str:
    """Write the page.

    Parameters
    ----------
    truths
        Definitions of long-term relief, the headline first.
    n_cohorts, n_worlds
        Simulated cohorts of all worlds together, and worlds.
    next_study
        Designs that would learn what the best length hinges on.
    facts
        What the page quotes of the design.
    extra
        Sections that follow what the answer hinges on.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    basis = f"{count(n_cohorts)} simulated cohorts in {count(n_worlds)} worlds · {facts.worlds}"
    by_length = [missed(truths, facts), *(characteristics(t, facts) for t in truths)]
    by_step = [block for t in truths for block in (compared(t, facts), steps(t))]
    costs = "What each test period costs and misses"
    sections = [
        Section("frontier", costs, [frontier(t, truths) for t in truths]),
        Section("details", "In sessions, weeks and patients of 100", _details(truths, facts)),
        Section("length", "By number of test sessions", by_length),
        Section("compared", "Four, five or six sessions", by_step),
        Section("rules", "Other rules", [rules(t, facts) for t in truths]),
        Section("best", "Best length at a stated rate", best(truths)),
        Section("hinges", "What it hinges on", hinges(truths[0], next_study)),
        *extra,
    ]
    return page(facts, basis, sections, [Text(f"Long-term relief: {facts.truth}.")])


def _details(truths: Sequence[Truth], facts: StudyFacts) -> list[Block]:
    blocks: list[Block] = [Text(SPREAD)]
    for truth in truths:
        blocks += [Heading(f"Long-term relief of {truth.cut_pct} % or more")]
        blocks += [Text(text) for text in _sentences(truth, facts)]
    return blocks


def _sentences(truth: Truth, facts: StudyFacts) -> list[str]:
    now = facts.test_sessions
    own = of_rule(truth.measures, "last", facts.threshold_pct)
    misses = own[own["measure"] == "missed_per_100"].set_index("test_sessions")
    weeks = own[own["measure"] == "expected_test_weeks"].set_index("test_sessions")["mean"]
    by_length = "; ".join(
        f"{length} sessions miss {_spread(misses.loc[length])} of 100 who start and take "
        f"{number(weeks[length])} weeks"
        for length in (now, now + 1, now + 2)
    )
    first = f"Judged by the last report (at least {number(facts.threshold_pct, 0)} %), {by_length}."
    steps = (_step(row) for row in records(truth.steps))
    found = [first, *_practice(truth), *steps, *_predicted(truth, facts)]
    for rate in facts.rates[-2:]:
        rows = truth.best[truth.best["rate"] == rate].sort_values("share_best", ascending=False)
        top = rows[rows["share_best"] > 0].head(3)
        shares = ", ".join(
            f"{count(row['test_sessions'])} in {of_100_worlds(row, 'share_best')} of 100 worlds"
            for row in records(top)
        )
        found.append(
            f"If {number(rate, 0)} test sessions are worth spending to find one more, the best "
            f"length of a test judged by the last report is {shares}."
        )
    return found


def _practice(truth: Truth) -> list[str]:
    """Say what today's practice misses, where it was studied."""
    rows = truth.measures[truth.measures["rule"] == "practice"]
    return [
        f"{PRACTICE} after {count(row['test_sessions'])} sessions misses {_spread(row)} of 100."
        for row in records(rows[rows["measure"] == "missed_per_100"].drop_duplicates("rule"))
    ]


def _predicted(truth: Truth, facts: StudyFacts) -> list[str]:
    """Say what rules on predicted chances miss with one session more than now at most."""
    most = facts.test_sessions + 1
    found = []
    for words, line in series_of(truth, facts).items():
        if line[0] in PREDICTED:
            means = means_of(truth, line)
            found.append(
                f"By the {words}, with {most} sessions at most, "
                f"{number(means[most, 'missed_per_100'])} of 100 are missed in "
                f"{number(means[most, 'expected_test_sessions'])} test sessions a patient, with a "
                f"specificity of {number(100 * means[most, 'specificity'], 0)} %."
            )
    return found


def _step(row: dict[str, Any]) -> str:
    words = RULES[row["rule"]]
    price = (
        f": one more found for {told(row, 'sessions_per_found', 0, 0)} test sessions"
        if row["fewer_missed"] > 0
        else ""
    )
    fewer = plus_minus(abs(row["fewer_missed"]), row["fewer_missed_error"], 1, 2)
    kind = "fewer" if row["fewer_missed"] > 0 else "more"
    return (
        f"Judged by the {words}, session {count(row['after'])} after session "
        f"{count(row['before'])} leaves {fewer} {kind} of 100 missed "
        f"(fewer in {of_100_worlds(row, 'share_of_worlds')} of 100 worlds) for "
        f"{number(row['more_test_sessions'], 0)} more test sessions per 100{price}."
    )


def _spread(row: Any) -> str:
    return f"{number(row['mean'])} ({number(row['lo'])} to {number(row['hi'])})"
