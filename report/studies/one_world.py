"""Figures and table of a study of test periods in one world: frontier, by length, compared.

Belongs here: captions, layout. Does not: any figure that is not in the study's tables.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Table
from report.figures.frontier import frontier
from report.figures.performance import SHARES, by_length
from report.frames import records
from report.sections.performance import drawn_points
from report.studies.lines import lined
from report.style import INK, SERIES, Mark, band_key, swatch, to_svg
from report.wording import MISSING, number, plus_minus, words

if TYPE_CHECKING:
    from report.study import StudyFacts

LENGTHS = (4, 5, 6)
RULES = ("last", "maximum", "mean_of_two", "slope", "confirm", "practice")
PRACTICE = "practice"
PREDICTED = ("bayes_fixed", "bayes_sequential", "backward_induction")
COMPARED = (
    *("sensitivity", "ppv", "missed_per_100", "sessions_without_long_term_relief_per_100"),
    *("expected_test_weeks", "late_responders_per_100"),
)
_NOT_LATER = (
    "Found only by a longer test: no figure where the test is no longer than the one compared "
    "with, or where the rule was not studied at that length."
)
MEASURES = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
)


def _series(rows: pd.DataFrame, first: pd.DataFrame | None = None) -> list[str]:
    """Return names of as many rules as there are looks: those of `first` before all others."""
    present = [rule for rule in (*RULES, *PREDICTED) if rule in set(rows["rule"])]
    ahead = set() if first is None else set(first["rule"])
    kept = sorted(present, key=lambda rule: rule not in ahead)[: len(SERIES)]
    return [words(rule) for rule in present if rule in kept]


def frontier_of(
    choice: pd.DataFrame,
    key: str = "frontier",
    of: str = "",
    ahead: pd.DataFrame | None = None,
) -> Figure:
    """Return the figure of missed responders against sessions without long-term relief.

    Parameters
    ----------
    choice
        Cells of one world (`study_choice`), or means over worlds (`over_worlds.frontier`), whose
        spread between worlds is then drawn.
    key, of
        Key of the figure, and what its title adds, where a page has several.
    ahead
        Rows whose rules are drawn before others where there are more than looks: by default those
        on this frontier; the same for several frontiers of a page, so that a look is one rule.
    """
    rows = choice.assign(series=[words(rule) for rule in choice["rule"]])
    on = rows[rows["is_on_frontier"]].sort_values("sessions_per_100")
    names = _series(rows, first=on if ahead is None else ahead)
    lines = [
        (
            f"{row['series']}, at least {row['threshold_pct']:g} %",
            str(row["test_sessions"]),
            _on_frontier(row, "missed_per_100", 1),
            _on_frontier(row, "sessions_per_100", 0),
        )
        for row in records(on)
    ]
    first, last = on.iloc[0], on.iloc[-1]
    legend = [
        *((swatch(SERIES[i], line=False), name) for i, name in enumerate(names)),
        (swatch(Mark(INK, "circle"), point=False), "Frontier"),
    ]
    today = (
        words(PRACTICE) if PRACTICE in set(rows["rule"]) and words(PRACTICE) not in names else ""
    )
    if today:  # what is done now is drawn whatever else is
        legend.append((swatch(Mark(INK, "cross"), line=False), today))
    spread = ""
    if "missed_per_100_lo" in rows:
        error = float(rows["missed_per_100_mcse"].max())
        spread = (
            " Means over worlds; band, and brackets in the table: nine worlds of ten (Monte Carlo "
            f"error of a mean of the missed at most {number(error, 2)})."
        )
        legend.append((band_key(INK), "Nine worlds of ten"))
    return Figure(
        key=f"figure-{key}",
        title=f"Missed responders against sessions without long-term relief{of}",
        caption="Simulated cohorts. One point a rule, threshold and length; the line joins those "
        "that no other beats on both counts, with their number of test sessions. Nothing is "
        "weighed here: which point is best depends on what one more responder found is worth."
        f"{spread}{_undrawn(rows, [*names, today])}",
        alt=f"The frontier falls from {number(first['missed_per_100'])} missed with "
        f"{number(first['sessions_per_100'], 0)} sessions without long-term relief to "
        f"{number(last['missed_per_100'])} missed with {number(last['sessions_per_100'], 0)}",
        panels=[Panel(to_svg(frontier(rows, names, today), key, "Missed against sessions"))],
        data=DataTable(["Rule", "Test sessions", "Missed per 100", "Sessions per 100"], lines),
        legend=legend,
        panel_width=640,
    )


def _undrawn(rows: pd.DataFrame, names: list[str]) -> str:
    """Name the attainable rules for which no look is left."""
    left = [words(rule) for rule in (*RULES, *PREDICTED) if rule in set(rows["rule"])]
    left = [name for name in left if name not in names]
    return f" Points not drawn: {', '.join(left)}." if left else ""


def _on_frontier(row: dict[str, Any], name: str, digits: int) -> str:
    """Tell a figure with its spread between worlds, or else with its Monte Carlo error."""
    if f"{name}_lo" in row:
        lo, hi = (number(row[f"{name}_{end}"], digits) for end in ("lo", "hi"))
        return f"{number(row[name], digits)} ({lo} to {hi})"
    return plus_minus(row[name], row[f"{name}_mcse"], digits, digits + 1)


def lengths_of(performance: pd.DataFrame, facts: "StudyFacts") -> Figure:
    """Return the figure of operating characteristics by length, a line a rule."""
    rows = performance[performance["threshold_pct"] == facts.threshold_pct]
    rows = rows[rows["rule"].isin(RULES[:-1])]
    rows = rows.assign(series=[words(rule) for rule in rows["rule"]])
    names = _series(rows)
    panels = []
    for measure in MEASURES:
        points = drawn_points(rows[rows["measure"] == measure], measure)
        title = words(measure) + (" (%)" if measure in SHARES else "")
        chart = by_length(points, names, measure, facts.test_sessions)
        panels.append(Panel(to_svg(chart, f"oc-{measure}", f"{title} by test sessions"), title))
    key = ["series", "test_sessions"]
    wide = rows.pivot_table(index=key, columns="measure", values="estimate").reset_index()
    lines = [
        (
            str(row["series"]),
            str(row["test_sessions"]),
            *(number(row[m] * (100 if m in SHARES else 1)) for m in MEASURES),
        )
        for row in records(wide)
    ]
    return Figure(
        key="figure-length",
        title=f"Operating characteristics, threshold {number(facts.threshold_pct, 0)} %",
        caption="Simulated cohorts. Ribbon: ± 2 Monte Carlo standard errors, often thinner than "
        f"the line. Dotted: the present {facts.test_sessions} sessions. Who stops before the "
        "decision is not accepted, so that beyond some length a longer test finds fewer.",
        alt="Each measure by number of test sessions, one line a rule; numbers in the table",
        panels=panels,
        data=DataTable(["Rule", "Test sessions", *map(words, MEASURES)], lines),
        legend=[
            *((swatch(SERIES[i]), name) for i, name in enumerate(names)),
            (band_key(SERIES[0].colour), "± 2 MCSE"),
        ],
        panel_width=270,
    )


def compared(performance: pd.DataFrame, facts: "StudyFacts") -> Table:
    """Return the table of three lengths under three rules, each figure with its error."""
    measured = set(performance["measure"])
    shown = [measure for measure in COMPARED if measure in measured]
    rows = performance[
        (performance["threshold_pct"] == facts.threshold_pct)
        & performance["test_sessions"].isin(LENGTHS)
        & performance["rule"].isin(("last", "maximum", "practice"))
    ]
    keyed = {(row["rule"], row["test_sessions"], row["measure"]): row for row in records(rows)}
    lines = []
    for rule in ("last", "maximum", "practice"):
        for length in LENGTHS:
            if (rule, length, shown[0]) not in keyed:
                continue
            texts = [_cell(keyed.get((rule, length, m)), m) for m in shown]
            lines.append((words(rule), f"{length}\N{NO-BREAK SPACE}sessions", *texts))
    labels = {"head": "Test period"}
    labels |= {m: words(m) + (" (%)" if m in SHARES else "") for m in shown}
    return lined(
        lines,
        "table-study",
        f"Test periods at a threshold of {number(facts.threshold_pct, 0)} %",
        labels,
        [
            f"Long-term relief: {facts.truth}.",
            "Estimate ± Monte Carlo standard error; per 100 who start, early leavers included.",
            *([_NOT_LATER] if "late_responders_per_100" in shown else []),
        ],
        is_grouped=True,
    )


def _cell(row: dict[str, Any] | None, measure: str) -> str:
    if row is None:
        return MISSING
    scale = 100 if measure in SHARES else 1
    return plus_minus(scale * row["estimate"], scale * row["mcse"], 1, 2)
