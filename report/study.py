"""One page a study of test periods: question, answer, decision, figures, table, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Panel, Section, Table, Text
from report.figures.frontier import frontier
from report.figures.performance import SHARES, by_length
from report.frames import records
from report.sections.performance import drawn_points
from report.studies.frame import Words, page
from report.studies.sections import regret_by_rate
from report.style import INK, SERIES, Mark, band_key, swatch, to_svg
from report.tables.layout import render, table
from report.wording import MISSING, count, number, plural, plus_minus, words

LENGTHS = (4, 5, 6)
RULES = ("last", "maximum", "mean_of_two", "slope", "confirm", "practice")
MEASURES = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
)


@dataclass(frozen=True, kw_only=True)
class StudyFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    truth
        Clause that says what counts as long-term relief.
    threshold_pct, test_sessions
        The rule in use: least last report, sessions of the present test period.
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
        Section("frontier", "What each test period costs and misses", [_frontier(choice)]),
        Section("length", "By number of test sessions", [_by_length(performance, facts)]),
        Section("compared", "Four, five or six sessions", [_compared(performance, facts)]),
        Section("best", "Best length at a stated rate", _lengths(choice, facts)),
        *extra,
    ]
    answer = [Text(_one_sentence(choice, facts))]
    return page(facts, basis, answer, sections, [Text(f"Long-term relief: {facts.truth}.")])


def _in_use(choice: pd.DataFrame, facts: StudyFacts) -> pd.DataFrame:
    same = (choice["rule"] == "last") & (choice["threshold_pct"] == facts.threshold_pct)
    return choice[same]


def _one_sentence(choice: pd.DataFrame, facts: StudyFacts) -> str:
    """Say what one more session changes under the rule in use."""
    rows, now = _in_use(choice, facts), facts.test_sessions
    by_length: dict[int, dict[str, Any]] = {int(row["test_sessions"]): row for row in records(rows)}
    if not {now, now + 1} <= set(by_length):
        return "The rule in use was not studied at these lengths."
    a, b = by_length[now], by_length[now + 1]
    fewer = a["missed_per_100"] - b["missed_per_100"]
    more = b["sessions_per_100"] - a["sessions_per_100"]
    return (
        f"With the rule in use (last report at least {number(facts.threshold_pct, 0)} %), "
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


def _shortest(rows: pd.DataFrame) -> str:
    """Say which length does as well as the longest, and as the one that misses fewest."""
    longest, least = rows.iloc[-1], rows.sort_values("missed_per_100", kind="stable").iloc[0]
    said = ""
    for benchmark, name, column in (
        (longest, "the longest studied", "is_shortest_sufficient"),
        (least, "the one that misses fewest", "is_shortest_near_least"),
    ):
        own = rows.loc[rows[column], "test_sessions"]
        if len(own):
            said += (
                f" The shortest test that misses at most one more of 100 than {name} "
                f"({plural(int(benchmark['test_sessions']), 'session')}, "
                f"{number(benchmark['missed_per_100'])} missed) has "
                f"{plural(int(own.iloc[0]), 'session')}."
            )
    if longest["missed_per_100"] > least["missed_per_100"] + 1:
        said += " As the longest test misses more again, the second is the comparison to read."
    return said


def _lengths(choice: pd.DataFrame, facts: StudyFacts) -> list[Block]:
    """Say which length of the rule in use is best at each rate, and how much that hinges on it."""
    rows = _in_use(choice, facts).sort_values("test_sessions")
    if rows["test_sessions"].nunique() < 2:
        return [Text("One length of the rule in use was studied: there is none to choose.")]
    lines = []
    for rate in facts.rates:
        best = rows[rows[f"is_best_at_{rate:g}"]].iloc[0]
        now = rows[rows["test_sessions"] == facts.test_sessions]
        regret = now[f"regret_at_{rate:g}"].iloc[0] if len(now) else None
        lines.append(
            (
                number(rate, 0),
                count(best["test_sessions"]),
                plus_minus(best["missed_per_100"], best["missed_per_100_mcse"], 1, 2),
                number(best["test_sessions_per_100"], 0),
                number(regret, 0),
            )
        )
    said = "With no rate stated, so that sessions cost nothing, the longest test misses fewest by "
    said += "construction, but for those who leave before it ends: they count as missed, so that a "
    said += "long test may miss more again."
    said += _shortest(rows)
    labels = {
        "rate": "Test sessions worth one more found",
        "best": "Best number of sessions",
        "missed": "Missed of 100",
        "tested": "Test sessions per 100",
        "regret": f"Regret of the present {facts.test_sessions}",
    }
    shown = table(
        pd.DataFrame(lines, columns=list(labels)),
        "table-lengths",
        f"Best length of the rule in use (last report at least {number(facts.threshold_pct, 0)} %)",
        labels,
        stub="rate",
        notes=[
            "Loss: test sessions and missed long-term responders per 100 who start, at the rate of "
            "the row. Regret: how much more the present length loses, in test sessions per 100.",
        ],
    )
    mapped = pd.concat(
        [
            rows[["test_sessions"]].assign(rate=q, regret=rows[f"regret_at_{q:g}"])
            for q in facts.rates
        ]
    )
    return [
        Text(said),
        Table(render(shown)),
        regret_by_rate(mapped, "Regret of every length", "regret"),
    ]


def _series(rows: pd.DataFrame) -> list[str]:
    present = set(rows["rule"])
    return [words(rule) for rule in RULES if rule in present][: len(SERIES)]


def _frontier(choice: pd.DataFrame) -> Figure:
    rows = choice.assign(series=[words(rule) for rule in choice["rule"]])
    names = _series(rows)
    on = rows[rows["is_on_frontier"]].sort_values("sessions_per_100")
    lines = [
        (
            f"{row.series}, at least {row.threshold_pct:g} %",
            str(row.test_sessions),
            plus_minus(row.missed_per_100, row.missed_per_100_mcse, 1, 2),
            plus_minus(row.sessions_per_100, row.sessions_per_100_mcse, 0, 1),
        )
        for row in on.itertuples()
    ]
    first, last = on.iloc[0], on.iloc[-1]
    return Figure(
        key="figure-frontier",
        title="Missed responders against sessions without long-term relief",
        caption="Simulated cohorts. One point a rule, threshold and length; the line joins those "
        "that no other beats on both counts, with their number of test sessions. Nothing is "
        "weighed here: which point is best depends on what one more responder found is worth.",
        alt=f"The frontier falls from {number(first['missed_per_100'])} missed with "
        f"{number(first['sessions_per_100'], 0)} sessions without long-term relief to "
        f"{number(last['missed_per_100'])} missed with {number(last['sessions_per_100'], 0)}",
        panels=[Panel(to_svg(frontier(rows, names), "frontier", "Missed against sessions"))],
        data=DataTable(["Rule", "Test sessions", "Missed per 100", "Sessions per 100"], lines),
        legend=[
            *((swatch(SERIES[i], line=False), name) for i, name in enumerate(names)),
            (swatch(Mark(INK, "circle"), point=False), "Frontier"),
        ],
        panel_width=640,
    )


def _by_length(performance: pd.DataFrame, facts: StudyFacts) -> Figure:
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


def _compared(performance: pd.DataFrame, facts: StudyFacts) -> Table:
    shown = ("sensitivity", "ppv", "missed_per_100", "sessions_without_long_term_relief_per_100")
    extra = ("expected_test_weeks", "late_responders_per_100")
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
            texts = [_cell(keyed.get((rule, length, m)), m) for m in (*shown, *extra)]
            lines.append((words(rule), f"{length}\N{NO-BREAK SPACE}sessions", *texts))
    labels = {"head": "Test period"}
    labels |= {m: words(m) + (" (%)" if m in SHARES else "") for m in (*shown, *extra)}
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=["group", *labels]),
                "table-study",
                f"Test periods at a threshold of {number(facts.threshold_pct, 0)} %",
                labels,
                stub="head",
                group="group",
                notes=[
                    f"Long-term relief: {facts.truth}.",
                    "Estimate ± Monte Carlo standard error; per 100 who start, early leavers "
                    "included.",
                ],
            )
        )
    )


def _cell(row: dict[str, Any] | None, measure: str) -> str:
    if row is None:
        return MISSING
    scale = 100 if measure in SHARES else 1
    return plus_minus(scale * row["estimate"], scale * row["mcse"], 1, 2)
