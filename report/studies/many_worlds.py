"""Figure and tables of a study of test periods over worlds: by length, compared, other rules.

Belongs here: captions, layout. Does not: any figure that is not in the tables handed in.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Table
from report.figures.over_worlds import missed_by_length
from report.frames import records
from report.studies.lines import lined
from report.style import SERIES, band_key, swatch, to_svg
from report.wording import count, number, plus_minus

if TYPE_CHECKING:
    from report.over_worlds import Truth
    from report.study import StudyFacts

RULES = {
    "last": "last report",
    "mean_of_two": "mean of the last two reports",
    "maximum": "highest report",
}
PREDICTED = {
    "bayes_fixed": "predicted chance",
    "bayes_sequential": "predicted chance, as soon as it is clear",
}
PREDICTED_AT_LEAST = 50.0  # percent: about as specific as the last report
PRACTICE = "Today's practice, the recorded assessment"
COMPARED = (
    ("missed_per_100", "Missed of 100 who start"),
    ("missed_per_100_completers", "Missed of 100 who complete the test"),
    ("sessions_without_long_term_relief_per_100", "Sessions without long-term relief per 100"),
    ("expected_test_sessions", "Test sessions a patient"),
    ("expected_test_weeks", "Test weeks a patient"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("ppv", "Positive predictive value"),
    ("npv", "Negative predictive value"),
)
SHARES = ("sensitivity", "specificity", "ppv", "npv")


def of_rule(rows: pd.DataFrame, rule: str, threshold_pct: float) -> pd.DataFrame:
    """Return the rows of one rule and threshold."""
    return rows[(rows["rule"] == rule) & (rows["threshold_pct"] == threshold_pct)]


def told(row: Mapping[str, Any], name: str, digits: int = 1, error_digits: int = 1) -> str:
    """Write a figure over worlds with the error that other worlds and cohorts would make."""
    return plus_minus(row[name], row[f"{name}_error"], digits, error_digits)


def of_100_worlds(row: Mapping[str, Any], name: str) -> str:
    """Write a share of worlds, of 100, with the same error."""
    return plus_minus(100 * row[name], 100 * row[f"{name}_error"], 0, 0)


def means_of(truth: "Truth", line: tuple[str, float, str]) -> dict[tuple[int, str], float]:
    """Return means over worlds of one line by (test sessions, measure)."""
    rule, threshold, given = line
    own = of_rule(truth.measures, rule, threshold)
    own = own[own["parameters"] == given]
    keys = zip(own["test_sessions"].astype(int), own["measure"], strict=True)
    return dict(zip(keys, own["mean"].astype(float), strict=True))


def missed(truths: Sequence["Truth"], facts: "StudyFacts") -> Figure:
    """Return the figure of missed responders by length, a panel a truth and a line a rule."""
    panels, rows, error = [], [], 0.0
    series = series_of(truths[0], facts)
    for truth in truths:
        measured = truth.measures[truth.measures["measure"] == "missed_per_100"]
        lines = []
        for words, (rule, threshold, given) in series.items():
            own = of_rule(measured, rule, threshold)
            lines.append(own[own["parameters"] == given].assign(series=words))
        drawn = pd.concat(lines)
        error = max(error, float(drawn["mcse"].max()))
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
        f"of a mean at most {number(error, 2)}). Dashed: the present test period. Who leaves "
        "before the decision counts as missed, so that a long test may miss more again.",
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


def series_of(truth: "Truth", facts: "StudyFacts") -> dict[str, tuple[str, float, str]]:
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


def compared(truth: "Truth", facts: "StudyFacts") -> Table:
    """Return the table of three lengths judged by the last report, with the worlds' spread."""
    lengths = [facts.test_sessions + k for k in range(3)]
    own = of_rule(truth.measures, "last", facts.threshold_pct)
    lines = []
    for measure, words in COMPARED:
        rows = own[own["measure"] == measure].set_index("test_sessions")
        scale = 100 if measure in SHARES else 1
        cells = [
            f"{plus_minus(scale * rows['mean'][n], scale * rows['error'][n])} "
            f"({number(scale * rows['lo'][n])} to {number(scale * rows['hi'][n])})"
            for n in lengths
        ]
        lines.append((words + (" (%)" if scale == 100 else ""), *cells))
    labels = {"measure": "Mean over worlds", **{f"n{n}": f"{n} sessions" for n in lengths}}
    return lined(
        lines,
        f"table-compared-{truth.cut_pct}",
        f"Long-term relief of {truth.cut_pct} % or more, last report at least "
        f"{number(facts.threshold_pct, 0)} %",
        labels,
        ["±: had other worlds and cohorts been drawn. In brackets: nine worlds of ten."],
    )


def _cells(
    told: Mapping[tuple[int, str], float], lengths: Sequence[int], shown: Sequence[str]
) -> list[str]:
    """Write means by (test sessions, measure); what was not studied is missing."""
    return [
        number((100 if measure in SHARES else 1) * told.get((length, measure), math.nan))
        for length in lengths
        for measure in shown
    ]


def rules(truth: "Truth", facts: "StudyFacts") -> Table:
    """Set the rules side by side at the present length and the next one."""
    shown = ("missed_per_100", "expected_test_sessions", *SHARES)
    lengths = (facts.test_sessions, facts.test_sessions + 1)
    lines = [
        (words, *_cells(means_of(truth, line), lengths, shown))
        for words, line in series_of(truth, facts).items()
    ]
    for row in records(truth.measures[truth.measures["rule"] == "practice"].head(1)):
        told = means_of(truth, ("practice", row["threshold_pct"], row["parameters"]))
        lines.append((PRACTICE, *_cells(told, lengths, shown)))
    heads = ("missed", "sessions", "sensitivity", "specificity", "PPV", "NPV")
    labels = {"rule": "Rule"} | {
        f"n{length}_{head}": f"{length}: {head}" for length in lengths for head in heads
    }
    return lined(
        lines,
        f"table-rules-{truth.cut_pct}",
        f"Long-term relief of {truth.cut_pct} % or more, at {lengths[0]} and {lengths[1]} test "
        "sessions at most",
        labels,
        [
            "Means over worlds: missed of 100 who start, test sessions a patient; sensitivity, "
            "specificity, positive (PPV) and negative predictive value (NPV) in percent, the last "
            "two for the shares of long-term relief in these worlds. Reports go on at "
            f"{number(facts.threshold_pct, 0)} % or more."
        ],
    )
