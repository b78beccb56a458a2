"""What lengths cost and miss over worlds, nothing weighed: frontier, characteristics, each step.

Belongs here: captions, layout. Does not: any figure that is not in the tables handed in.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Table
from report.figures.performance import by_length
from report.frames import records
from report.studies.lines import lined
from report.studies.many_worlds import RULES, SHARES, of_100_worlds, of_rule, series_of, told
from report.studies.one_world import frontier_of
from report.style import SERIES, band_key, swatch, to_svg
from report.wording import count, number, words

if TYPE_CHECKING:
    from report.over_worlds import Truth
    from report.study import StudyFacts


def frontier(truth: "Truth", truths: Sequence["Truth"]) -> Figure:
    """Return the plain frontier of one truth of several: means over worlds, and their spread."""
    of = f": long-term relief of {truth.cut_pct} % or more"
    on = pd.concat([t.frontier[t.frontier["is_on_frontier"]] for t in truths])
    return frontier_of(truth.frontier, f"frontier-{truth.cut_pct}", of, ahead=on)


def characteristics(truth: "Truth", facts: "StudyFacts") -> Figure:
    """Return the figure of sensitivity, specificity and predictive values by length."""
    series = series_of(truth, facts)
    drawn = pd.concat(
        of_rule(truth.measures, rule, threshold).query("parameters == @given").assign(series=name)
        for name, (rule, threshold, given) in series.items()
    )
    panels, rows = [], []
    for measure in SHARES:
        own = drawn[drawn["measure"] == measure]
        title = f"{words(measure)} (%)"
        chart = by_length(_points(own, next(iter(series))), list(series), measure,
                          facts.test_sessions)  # fmt: skip
        panels.append(Panel(to_svg(chart, f"oc-{measure}-{truth.cut_pct}", title), title))
        rows += [
            (words(measure), row["series"], count(row["test_sessions"]),
             *(number(100 * row[name]) for name in ("mean", "lo", "hi")))
            for row in records(own)
        ]  # fmt: skip
    return Figure(
        key=f"figure-characteristics-{truth.cut_pct}",
        title=f"Operating characteristics: long-term relief of {truth.cut_pct} % or more",
        caption="Mean over worlds; band of the last report: nine worlds of ten. Dashed: the "
        f"present {facts.test_sessions} sessions. Predictive values hold for the shares of "
        "long-term relief in these worlds.",
        alt="Each measure by number of test sessions, one line a rule; numbers in the table",
        panels=panels,
        data=DataTable(["Measure (%)", "Rule", "Test sessions", "Mean", "5 %", "95 %"], rows),
        legend=[
            *((swatch(mark), name) for mark, name in zip(SERIES, series, strict=False)),
            (band_key(SERIES[0].colour), "Nine worlds of ten"),
        ],
        panel_width=270,
    )


def _points(rows: pd.DataFrame, banded: str) -> pd.DataFrame:
    """Return shares in percent; only one series keeps its band, as bands of all would overlap."""
    has_band = rows["series"] == banded
    return rows[["series", "test_sessions"]].assign(
        value=100 * rows["mean"],
        lo=(100 * rows["lo"]).where(has_band),
        hi=(100 * rows["hi"]).where(has_band),
    )


def steps(truth: "Truth") -> Table:
    """Return the table of what one more session changes, with the spread between worlds."""
    lines = []
    for row in records(truth.steps):
        few, lo, hi = (told(row, f"fewer_missed{end}", 1, 2) for end in ("", "_low", "_high"))
        lines.append(
            (f"{RULES[row['rule']]}: {count(row['after'])} after {count(row['before'])}",
             few, f"{lo} to {hi}",
             of_100_worlds(row, "share_of_worlds"),
             told(row, "more_test_sessions"), told(row, "sessions_per_found", 0, 0),
             number(row["fewer_missed_mcse"], 3))
        )  # fmt: skip
    labels = {
        "step": "One more session",
        "fewer": "Fewer missed of 100",
        "spread": "In nine worlds of ten",
        "worlds": "Fewer in, of 100 worlds",
        "more": "More test sessions per 100",
        "price": "Test sessions for one more found",
        "mcse": "Monte Carlo error of the fewer missed",
    }
    return lined(
        lines,
        f"table-steps-{truth.cut_pct}",
        f"Long-term relief of {truth.cut_pct} % or more, what one more session changes",
        labels,
        [
            "Means over worlds. Below 0: more are missed. ±: had other worlds and cohorts been "
            "drawn; last column: had other cohorts been simulated in the same worlds. The price "
            "has no error where a draw finds nobody more.",
        ],
    )
