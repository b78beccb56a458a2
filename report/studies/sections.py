"""Sections that pages of several kinds share: net benefit, regret by length, convergence.

Belongs here: their words. Does not: the drawing or the numbers.
"""

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Section, Text
from report.figures.convergence import by_replicates
from report.figures.net_benefit import decision_curves
from report.figures.regret import regret_map
from report.frames import records
from report.style import BLUE, INK, SERIES, SOFT, Mark, band_key, swatch, to_svg
from report.wording import count, number, plural, plus_minus, words

ORDER = ("bayes_fixed", "bayes_sequential", "backward_induction", "last", "mean_of_two", "maximum")


def net_benefit(curves: pd.DataFrame, test_sessions: int, threshold_pct: float) -> list[Section]:
    """Return the section of decision curves, or none without a rule to draw.

    Parameters
    ----------
    curves
        rule, parameters, decision_threshold_pct, mean, mcse, lo, hi, n_worlds, with the rules
        `treat_all` and `treat_none`; per 100 who start.
    test_sessions, threshold_pct
        Length shown; least report of the rules on reports.
    """
    known = curves[curves["rule"].isin(ORDER)].sort_values("decision_threshold_pct")
    if known.empty:
        return []
    known = known.assign(series=[_line(row) for row in records(known)])
    rank = {rule: k for k, rule in enumerate(ORDER)}
    first = known.drop_duplicates("series").sort_values("rule", key=lambda r: r.map(rank))
    names = list(first["series"])[: len(SERIES)]
    several = curves["n_worlds"].max() > 1
    error = 2 * known["mcse"]
    drawn = pd.DataFrame({
        "series": known["series"], "threshold": known["decision_threshold_pct"],
        "value": known["mean"],
        "lo": known["lo"] if several else known["mean"] - error,
        "hi": known["hi"] if several else known["mean"] + error,
    })  # fmt: skip
    beside = curves[curves["rule"].isin(("treat_all", "treat_none"))]
    references = pd.DataFrame({
        "threshold": beside["decision_threshold_pct"], "value": beside["mean"],
        "kind": beside["rule"].str.removeprefix("treat_"),
    })  # fmt: skip
    drawn = drawn[drawn["series"].isin(names)].copy()
    if several:  # one band alone can be told from the lines
        others = drawn["series"] != names[0]
        for end in ("lo", "hi"):
            drawn.loc[others, end] = drawn.loc[others, "value"]
    chart = decision_curves(drawn, references.sort_values("threshold"), names)
    band = "nine worlds of ten" if several else "± 2 MCSE"
    rows = [
        (text, number(row["decision_threshold_pct"], 0),
         plus_minus(row["mean"], row["mcse"], 1, 2),
         f"{number(row['lo'])} to {number(row['hi'])}" if several else "one world")
        for row in records(pd.concat([known, beside.assign(series=beside["rule"].map(_BESIDE))]))
        for text in (row["series"],)
    ]  # fmt: skip
    figure = Figure(
        key="figure-net-benefit",
        title=f"Net benefit, {plural(test_sessions, 'test session')} at most",
        caption="Simulated cohorts. Net benefit: accepted with long-term relief, less accepted "
        "without it times the odds of the decision threshold, per 100 who start (Vickers and Elkin "
        f"2006). Rules on reports accept from {number(threshold_pct, 0)} % relief; the predicted "
        "chance accepts from the threshold itself, and is drawn where that was studied. The "
        f"best line at a threshold is the better rule there. Band: {band}"
        + (f" of {names[0]}." if several else "."),
        alt=f"Net benefit of {', '.join(names)} beside everybody and nobody going on; numbers in "
        "the table",
        panels=[Panel(to_svg(chart, "net-benefit", "Net benefit by decision threshold"))],
        data=DataTable(
            ["Rule", "Threshold (%)", "Net benefit per 100", "Nine worlds of ten"], rows
        ),
        legend=[
            *((swatch(SERIES[k]), name) for k, name in enumerate(names)),
            (swatch(Mark(INK, "circle", (4, 2)), point=False), _BESIDE["treat_all"]),
            (swatch(Mark(SOFT, "circle"), point=False), _BESIDE["treat_none"]),
            (band_key(SERIES[0].colour), band),
        ],
        panel_width=580,
    )
    return [Section("net-benefit", "Net benefit over decision thresholds", [figure])]


_BESIDE = {"treat_all": "Treat all: everybody goes on", "treat_none": "Treat none: nobody goes on"}


def _line(row: dict[str, object]) -> str:
    bounds = str(row["parameters"]).rsplit(", ", 1)[-1]
    own = f" ({bounds})" if row["rule"] == "bayes_sequential" else ""
    return words(row["rule"]) + own


def regret_by_rate(rows: pd.DataFrame, title: str, key: str) -> Figure:
    """Return the heat map of regret by length and rate of the last report.

    Parameters
    ----------
    rows
        rate, test_sessions, regret (over several worlds its mean).
    title, key
        What it is of; id of the figure.
    """
    data = [
        (number(row["rate"], 0), count(row["test_sessions"]), number(row["regret"], 1))
        for row in records(rows)
    ]
    return Figure(
        key=f"figure-{key}",
        title=title,
        caption="Simulated cohorts. Regret: test sessions per 100 who start that a length loses "
        "to the best one, at the rate of the row (test sessions worth spending to find one more "
        "long-term responder). Framed: the least. Darker: more is lost.",
        alt="Regret by number of test sessions and rate; numbers in the table",
        panels=[Panel(to_svg(regret_map(rows), key, title))],
        data=DataTable(["Rate", "Test sessions", "Regret"], data),
        panel_width=640,
    )


def convergence(course: pd.DataFrame, measure: str, target: float) -> list[Section]:
    """Return the section on how the Monte Carlo error shrank; none without a course.

    Parameters
    ----------
    course
        world, n_replicates, mcse (largest over the cells that the study watches).
    measure, target
        What the error is of, and the error at which the study may stop.
    """
    rows = course[course["mcse"] > 0]
    if rows.empty:
        return []
    title = "Convergence of the Monte Carlo error"
    last = rows.loc[rows.groupby("world", sort=False)["n_replicates"].idxmax()]
    worst = float(last["mcse"].max())
    reached = "reached" if worst <= target else "not reached"
    said = Text(
        f"Largest Monte Carlo standard error of “{words(measure).lower()}” over the cells that the "
        f"study watches: {worst:.2g} with {count(last['n_replicates'].min())} replicates a world; "
        f"the study may stop at {target:g}, which is {reached}."
    )
    if rows.groupby("world")["n_replicates"].nunique().max() < 2:
        alone = Text("The replicates lie in one file: there is no course to draw.")
        return [Section("convergence", title, [said, alone])]
    steps = rows.groupby("n_replicates")["mcse"].agg(["median", "max"]).reset_index()
    data = [
        (count(row["n_replicates"]), f"{row['median']:.2g}", f"{row['max']:.2g}")
        for row in records(steps)
    ]
    figure = Figure(
        key="figure-convergence",
        title="Largest Monte Carlo error as replicates were added",
        caption="Simulated replicates in their order, a point after each file, a line a world. "
        "Grey: what independent replicates would give, falling with their square root. Dashed: the "
        "error at which the study may stop.",
        alt=f"The error falls to {worst:.2g}; numbers in the table",
        panels=[Panel(to_svg(by_replicates(rows, target), "convergence", title))],
        data=DataTable(["Replicates", "Median world", "Largest"], data),
        legend=[
            (swatch(Mark(BLUE, "circle")), "Largest error of a world"),
            (swatch(Mark(SOFT, "circle"), point=False), "1 / √ replicates"),
            (swatch(Mark(SOFT, "circle", (3, 3)), point=False), "Asked"),
        ],
        panel_width=580,
    )
    return [Section("convergence", title, [said, figure])]
