"""Section 3: the test period, session by session; slopes and odds ratios."""

from collections.abc import Sequence

import pandas as pd

from report.blocks import Block, DataTable, Figure, Notice, Panel, Section, Table
from report.estimates import COLUMNS, Estimates
from report.facts import ReportFacts
from report.figures.odds import forest
from report.figures.outcomes import AXES, means
from report.frames import Absent, Frames, is_missing, records, take
from report.sections.cohort import flow_steps
from report.style import BLUE, STATUS, Mark, swatch, to_svg
from report.tables.layout import render
from report.tables.odds import odds_table
from report.tables.outcomes import POPULATIONS, outcomes_table
from report.tables.slopes import slopes_table
from report.wording import count, number, plus_minus, with_interval, words

# Series stand side by side, so that one's bar does not hide another's.
_OFFSET = {"all": 0.0, "responders": -0.1, "non_responders": 0.1}


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section of the test period."""
    title = f"3. The test period: sessions 1 to {facts.test_period_sessions}"
    return Section(
        "test-period", title, [*_outcomes(frames, facts), *_slopes(frames), *_odds(frames)]
    )


def _outcomes(frames: Frames, facts: ReportFacts) -> list[Block]:
    frame = take(frames, "estimate_test_period", COLUMNS)
    if isinstance(frame, Absent):
        return [Notice(f"Outcomes of the test period are not shown: {frame.reason}")]
    estimates = Estimates(frame)
    sessions = range(facts.test_period_sessions + 1)
    n = _n_by_population(frames)
    return [Table(render(outcomes_table(estimates, sessions, n))), *_figure(estimates, sessions)]


def _slopes(frames: Frames) -> list[Block]:
    frame = take(frames, "estimate_slope", COLUMNS)
    if isinstance(frame, Absent):
        return [Notice(f"Slopes by model and reading are not shown: {frame.reason}")]
    return [Table(render(slopes_table(Estimates(frame))))]


def _n_by_population(frames: Frames) -> dict[str, int]:
    steps = flow_steps(frames)
    if isinstance(steps, Absent):
        return {}
    names = {"analysed": "all", "responder": "responders", "non_responder": "non_responders"}
    return {names[step]: s.n_patients for step, s in steps.items() if step in names}


def mean_points(estimates: Estimates, outcome: str, sessions: Sequence[int]) -> pd.DataFrame:
    """Return the means of an outcome that exist, with the ends of a bar of one SD.

    Parameters
    ----------
    estimates
        `estimate_test_period`.
    outcome
        Column of `test_period_long`.
    sessions
        Sessions wanted.

    Returns
    -------
    pandas.DataFrame
        `population`, `session_no`, `x`, `mean`, `sd`, `n`, `lo`, `hi`; no outcome is below 0, and
        the bars end there. Ends are null where no SD was estimated.
    """
    points = []
    for population in POPULATIONS:
        for session in sessions:
            term = f"{outcome}.session_{session}"
            mean = estimates.get("test_period", population, f"{term}.mean")
            sd = estimates.get("test_period", population, f"{term}.sd").estimate
            if not is_missing(mean.estimate):
                x = session + _OFFSET[population]
                points.append((population, session, x, mean.estimate, sd, mean.n))
    frame = pd.DataFrame(points, columns=["population", "session_no", "x", "mean", "sd", "n"])
    centre, half = frame["mean"].astype(float), frame["sd"].astype(float)
    return frame.assign(lo=(centre - half).clip(lower=0), hi=centre + half)


def _figure(estimates: Estimates, sessions: Sequence[int]) -> list[Block]:
    drawn = {outcome: mean_points(estimates, outcome, sessions) for outcome in AXES}
    drawn = {outcome: points for outcome, points in drawn.items() if not points.empty}
    if not drawn:
        return [Notice("The course of the test period is not drawn: no mean could be estimated.")]
    panels = [
        Panel(
            to_svg(means(points, outcome), f"outcome-{outcome}", AXES[outcome][0]), AXES[outcome][0]
        )
        for outcome, points in drawn.items()
    ]
    rows = [
        (
            AXES[outcome][0],
            words(row["population"]),
            count(row["session_no"]),
            plus_minus(row["mean"], row["sd"]),
            count(row["n"]),
        )
        for outcome, points in drawn.items()
        for row in records(points)
    ]
    shown = [
        name for name in STATUS if any((p["population"] == name).any() for p in drawn.values())
    ]
    figure = Figure(
        key="figure-outcomes",
        title="Outcomes in the test period by responder status",
        caption="Mean of the patients observed at the session; bars: ± 1 SD, cut at the ends "
        "of the scale. n stands in Table 2. Status is decided by the relief reported at the end of "
        "this period, so the lines for relief part by definition; the NPSI does not enter it.",
        alt=_alt(drawn),
        panels=panels,
        data=DataTable(["Outcome", "Population", "Session", "Mean ± SD", "n"], rows),
        legend=[(swatch(STATUS[name]), words(name)) for name in shown],
        panel_width=400,
    )
    return [figure]


def _alt(drawn: dict[str, pd.DataFrame]) -> str:
    """Say where the mean of each population starts and ends."""
    parts = []
    for outcome, points in drawn.items():
        for population, group in points.groupby("population", sort=False):
            first, last = group.iloc[0], group.iloc[-1]
            parts.append(
                f"{AXES[outcome][0]}, {words(population).lower()}: {number(first['mean'])} at "
                f"session {first['session_no']}, {number(last['mean'])} at session "
                f"{last['session_no']}"
            )
    return "; ".join(parts)


def _odds(frames: Frames) -> list[Block]:
    ratios = take(frames, "estimate_odds_ratio", COLUMNS)
    if isinstance(ratios, Absent):
        return [Notice(f"Odds ratios are not shown: {ratios.reason}")]
    blocks: list[Block] = [Table(render(odds_table(ratios)))]
    drawn = ratios.assign(label=[words(term) for term in ratios["term"]])
    drawn = drawn[(drawn["analysis"] == "odds_ratio") & (drawn["status"] == "ok")]
    drawn = drawn[(drawn["lo"] > 0) & (drawn["hi"] < float("inf"))]
    if drawn.empty:
        return blocks
    texts = [
        (r["label"], with_interval(r["estimate"], r["lo"], r["hi"], 2)) for r in records(drawn)
    ]
    svg = to_svg(
        forest(drawn[["label", "estimate", "lo", "hi"]]), "odds", "Odds ratios of responder status"
    )
    figure = Figure(
        key="figure-odds",
        title="Odds of responder status",
        caption="Squares: odds ratio; lines: 95 % confidence interval; dashed: no difference. An "
        "interval that holds 1 is compatible with no difference in either direction.",
        alt="; ".join(f"{label}: {text}" for label, text in texts),
        panels=[Panel(svg)],
        data=DataTable(["Comparison", "Odds ratio [95 % CI]"], texts),
        legend=[(swatch(Mark(BLUE, "square")), "Odds ratio with 95 % interval")],
        panel_width=460,
    )
    return [*blocks, figure]
