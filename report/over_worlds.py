"""One page of a study over many worlds: the answer as a clinician reads it, and what it hinges on.

Belongs here: the page's parts and words. Does not: any figure that is not in the tables handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Heading, Panel, Section, Table, Text
from report.figures.over_worlds import missed_by_length
from report.frames import records
from report.studies.best_length import best, hinges
from report.studies.frame import page
from report.study import StudyFacts
from report.style import SERIES, band_key, swatch, to_svg
from report.tables.layout import render, table
from report.wording import count, number

RULES = {
    "last": "last report",
    "mean_of_two": "mean of the last two reports",
    "maximum": "highest report",
}
PREDICTED = {
    "bayes_fixed": "predicted chance",
    "bayes_sequential": "predicted chance, as soon as it is clear",
}
PREDICTED_AT_LEAST = 50.0  # percent: about as specific as the rule in use
COMPARED = (
    ("missed_per_100", "Missed of 100 who start"),
    ("missed_per_100_completers", "Missed of 100 who complete the test"),
    ("sessions_without_long_term_relief_per_100", "Sessions without long-term relief per 100"),
    ("expected_test_sessions", "Test sessions a patient"),
    ("expected_test_weeks", "Test weeks a patient"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
)
SHARES = ("sensitivity", "specificity")
SPREAD = (
    "Spread: nine of ten worlds lie between the numbers in brackets. More cohorts do not narrow "
    "it: the published figures leave it open. Long-term relief is what patients would report, "
    "averaged over sessions 13 to 15, had everyone gone on."
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
    best
        Rows of `choice.best_lengths` of the rule in use, with `rate`.
    steps
        Rows of `over_worlds.step`, with `rule`, `before`, `after`.
    near
        Rows of `choice.near_least` of the rule in use.
    knowing
        Rows of `over_worlds.value_of_knowing`, with `rate`.
    """

    cut_pct: int
    within_missed: float
    measures: pd.DataFrame
    best: pd.DataFrame
    steps: pd.DataFrame
    near: pd.DataFrame
    knowing: pd.DataFrame


def build(
    truths: Sequence[Truth],
    n_cohorts: int,
    n_worlds: int,
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
    sections = [
        Section("length", "By number of test sessions", [_missed(truths, facts)]),
        Section("compared", "Four, five or six sessions", [_compared(t, facts) for t in truths]),
        Section("rules", "Other rules", [_rules(t, facts) for t in truths]),
        Section("best", "Best length at a stated rate", best(truths)),
        Section("hinges", "What it hinges on", hinges(truths[0])),
        *extra,
    ]
    return page(facts, basis, _answer(truths, facts), sections, [Text(SPREAD)])


def _answer(truths: Sequence[Truth], facts: StudyFacts) -> list[Block]:
    blocks: list[Block] = []
    for truth in truths:
        blocks += [Heading(f"Long-term relief of {truth.cut_pct} % or more")]
        blocks += [Text(text) for text in _sentences(truth, facts)]
    return blocks


def _sentences(truth: Truth, facts: StudyFacts) -> list[str]:
    now = facts.test_sessions
    own = _of_rule(truth.measures, "last", facts.threshold_pct)
    missed = own[own["measure"] == "missed_per_100"].set_index("test_sessions")
    weeks = own[own["measure"] == "expected_test_weeks"].set_index("test_sessions")["mean"]
    told = "; ".join(
        f"{length} sessions miss {_spread(missed.loc[length])} of 100 who start and take "
        f"{number(weeks[length])} weeks"
        for length in (now, now + 1, now + 2)
    )
    first = (
        f"With the rule in use (last report at least {number(facts.threshold_pct, 0)} %), {told}."
    )
    found = [first, *(_step(row) for row in records(truth.steps)), *_predicted(truth, facts)]
    for rate in facts.rates[-2:]:
        rows = truth.best[truth.best["rate"] == rate].sort_values("share_best", ascending=False)
        top = rows[rows["share_best"] > 0].head(3)
        shares = ", ".join(
            f"{count(row['test_sessions'])} in {number(100 * row['share_best'], 0)} of 100 worlds"
            for row in records(top)
        )
        found.append(
            f"If {number(rate, 0)} test sessions are worth spending to find one more, the best "
            f"length of the rule in use is {shares}."
        )
    return found


def _predicted(truth: Truth, facts: StudyFacts) -> list[str]:
    """Say what rules on predicted chances miss with one session more than now at most."""
    most = facts.test_sessions + 1
    found = []
    for words, line in _series(truth, facts).items():
        if line[0] in PREDICTED:
            told = _means(truth, line)
            found.append(
                f"By the {words}, with {most} sessions at most, "
                f"{number(told[most, 'missed_per_100'])} of 100 are missed in "
                f"{number(told[most, 'expected_test_sessions'])} test sessions a patient, with a "
                f"specificity of {number(100 * told[most, 'specificity'], 0)} %."
            )
    return found


def _means(truth: Truth, line: tuple[str, float, str]) -> dict[tuple[int, str], float]:
    """Return means over worlds of one line by (test sessions, measure)."""
    rule, threshold, given = line
    own = _of_rule(truth.measures, rule, threshold)
    own = own[own["parameters"] == given]
    keys = zip(own["test_sessions"].astype(int), own["measure"], strict=True)
    return dict(zip(keys, own["mean"].astype(float), strict=True))


def _step(row: dict[str, Any]) -> str:
    words = RULES[row["rule"]]
    price = (
        f": one more found for {number(row['sessions_per_found'], 0)} test sessions"
        if row["fewer_missed"] > 0
        else ""
    )
    kind = "fewer" if row["fewer_missed"] > 0 else "more"
    return (
        f"Judged by the {words}, session {count(row['after'])} after session "
        f"{count(row['before'])} leaves {number(abs(row['fewer_missed']))} {kind} of 100 missed "
        f"(fewer in {number(100 * row['share_of_worlds'], 0)} of 100 worlds) for "
        f"{number(row['more_test_sessions'], 0)} more test sessions per 100{price}."
    )


def _spread(row: Any) -> str:
    return f"{number(row['mean'])} ({number(row['lo'])} to {number(row['hi'])})"


def _of_rule(rows: pd.DataFrame, rule: str, threshold_pct: float) -> pd.DataFrame:
    return rows[(rows["rule"] == rule) & (rows["threshold_pct"] == threshold_pct)]


def _missed(truths: Sequence[Truth], facts: StudyFacts) -> Figure:
    panels, rows = [], []
    series = _series(truths[0], facts)
    for truth in truths:
        measured = truth.measures[truth.measures["measure"] == "missed_per_100"]
        lines = []
        for words, (rule, threshold, given) in series.items():
            own = _of_rule(measured, rule, threshold)
            lines.append(own[own["parameters"] == given].assign(series=words))
        drawn = pd.concat(lines)
        chart = missed_by_length(drawn, list(series), facts.test_sessions)
        label = f"Long-term relief of {truth.cut_pct} % or more"
        panels.append(Panel(to_svg(chart, f"missed-{truth.cut_pct}", label), label))
        rows += [
            (label, row["series"], count(row["test_sessions"]), number(row["mean"]),
             number(row["lo"]), number(row["hi"]), number(row["mcse"], 2))
            for row in records(drawn)
        ]  # fmt: skip
    return Figure(
        key="figure-missed",
        title="Missed long-term responders per 100 who start",
        caption="Mean over worlds; band of the last report: nine worlds of ten (Monte Carlo error "
        "is below the width of the line). Dashed: the present test period. Who leaves before the "
        "decision counts as missed, so that a long test may miss more again.",
        alt=f"Missed of 100 by number of test sessions; see the table. Threshold "
        f"{number(facts.threshold_pct, 0)} %.",
        panels=panels,
        data=DataTable(
            ["Truth", "Rule", "Test sessions", "Mean", "5 %", "95 %", "Monte Carlo error"], rows
        ),
        legend=[
            *((swatch(mark), words) for mark, words in zip(SERIES, series, strict=False)),
            (band_key(SERIES[0].colour), "Nine worlds of ten"),
        ],
        panel_width=360,
    )


def _series(truth: Truth, facts: StudyFacts) -> dict[str, tuple[str, float, str]]:
    """Return the lines of the figure: words, and rule, threshold and parameters of each."""
    studied = truth.measures[["rule", "parameters", "threshold_pct"]].drop_duplicates()
    found = {}
    for row in records(studied):
        rule, given = row["rule"], row["parameters"]
        if rule in RULES and row["threshold_pct"] == facts.threshold_pct:
            found[RULES[rule]] = (rule, facts.threshold_pct, given)
        if rule in PREDICTED and row["threshold_pct"] == PREDICTED_AT_LEAST:
            bounds = f" ({given.rsplit(', ', 1)[-1]})" if rule == "bayes_sequential" else ""
            words = f"{PREDICTED[rule]}{bounds}, at last {number(PREDICTED_AT_LEAST, 0)} % or more"
            found[words] = (rule, PREDICTED_AT_LEAST, given)
    order = [*RULES.values(), *PREDICTED.values()]
    first = sorted(
        found, key=lambda words: min(k for k, o in enumerate(order) if words.startswith(o))
    )
    return {words: found[words] for words in first[: len(SERIES)]}


def _compared(truth: Truth, facts: StudyFacts) -> Table:
    lengths = [facts.test_sessions + k for k in range(3)]
    own = _of_rule(truth.measures, "last", facts.threshold_pct)
    lines = []
    for measure, words in COMPARED:
        rows = own[own["measure"] == measure].set_index("test_sessions")
        scale = 100 if measure in SHARES else 1
        cells = [
            f"{number(scale * rows['mean'][n])} ({number(scale * rows['lo'][n])} to "
            f"{number(scale * rows['hi'][n])})"
            for n in lengths
        ]
        lines.append((words + (" (%)" if scale == 100 else ""), *cells))
    labels = {"measure": "", **{f"n{n}": f"{n} sessions" for n in lengths}}
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=list(labels)),
                f"table-compared-{truth.cut_pct}",
                f"Long-term relief of {truth.cut_pct} % or more, last report at least "
                f"{number(facts.threshold_pct, 0)} %",
                labels,
                stub="measure",
                notes=["Mean over worlds; in brackets nine worlds of ten."],
            )
        )
    )


def _rules(truth: Truth, facts: StudyFacts) -> Table:
    """Set the rules side by side at the present length and the next one."""
    shown = ("missed_per_100", "expected_test_sessions", "sensitivity", "specificity")
    lengths = (facts.test_sessions, facts.test_sessions + 1)
    lines = []
    for words, line in _series(truth, facts).items():
        told = _means(truth, line)
        cells = [
            number((100 if measure in SHARES else 1) * told[length, measure])
            for length in lengths
            for measure in shown
        ]
        lines.append((words, *cells))
    heads = ("missed", "sessions", "sensitivity", "specificity")
    labels = {"rule": "Rule"} | {
        f"n{length}_{head}": f"{length}: {head}" for length in lengths for head in heads
    }
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=list(labels)),
                f"table-rules-{truth.cut_pct}",
                f"Long-term relief of {truth.cut_pct} % or more, at {lengths[0]} and {lengths[1]} "
                "test sessions at most",
                labels,
                stub="rule",
                notes=[
                    "Means over worlds: missed of 100 who start, test sessions a patient, "
                    "sensitivity and specificity in percent. Reports go on at "
                    f"{number(facts.threshold_pct, 0)} % or more."
                ],
            )
        )
    )
