"""Section 5, what stands beside the model: predictive checks and other models."""

from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Fold, Notice, Panel, Text
from report.figures.checks import predictive_checks
from report.frames import Absent, Frames, is_missing, records, take
from report.style import BLUE, SOFT, VERMILLION, Mark, band_key, swatch, to_svg
from report.wording import count, interval, number, words

UNCONTROLLED = (
    "Relief is uncontrolled (placebo, natural course and drug changes included): what is said "
    "here is by session, and nothing of it shows that stimulation brought it about."
)
_CHECK = [
    *("model", "status", "session_no", "statistic", "observed", "q05", "q50", "q95"),
    *("p_above", "n_patients"),
]
_STATISTICS = (
    ("zeros_pct", "Zeros, %"),
    ("tens_pct", "Tens, %"),
    ("mean_pct", "Mean, %"),
    ("sd_pct", "SD, points"),
    ("missing_pct", "Missing, %"),
)
_STATUS = {
    "all": "Analysed patients",
    "responders": "Responders",
    "non_responders": "Non-responders",
}
_MODELS = {
    "relief": "Relief model",
    "gaussian_curve": "Gaussian curve",
    "linear_mixed": "The study's mixed model",
}


def predictive(frames: Frames) -> Block:
    """Return the figure of the predictive checks, or why there is none."""
    frame = take(frames, "posterior_check", _CHECK)
    if isinstance(frame, Absent):
        return Notice(f"Whether the model reproduces the reports is not shown: {frame.reason}")
    drawn = frame[frame["statistic"].isin([code for code, _ in _STATISTICS])]
    relief = drawn[drawn["model"] == "relief"]
    panels = [
        _panel(status, relief[relief["status"] == status])
        for status in _STATUS
        if (relief["status"] == status).any()
    ]
    n_out, n = int(_outside(relief).sum()), len(relief)
    return Figure(
        key="figure-predictive",
        title="Reports observed and reports that the model would put in their place",
        caption="Bars: 90 % interval of replicates, with their median: reports drawn from the "
        "fitted courses, for the same patients, still treated, wherever a report is. "
        "Dots: observed; a diamond where it lies outside its interval. Tens: multiples of ten "
        "among reports between 0 and 100. Missing: of reports of sessions 1-3 that "
        "were due. Last line: number of patients who report. "
        f"{count(n_out)} of {count(n)} observed figures lie outside; of independent ones about "
        f"a tenth would ({number(n / 10, 0)}).",
        alt=f"{count(n_out)} of {count(n)} observed figures lie outside their 90 % predictive "
        "interval",
        panels=panels,
        data=DataTable(
            ["Model", "Patients", "Session", "n", "Figure", "Observed", "Replicates", "P(above)"],
            [_check_row(row) for row in records(drawn)],
        ),
        legend=[
            (band_key(BLUE, 0.3), "90 % interval of replicates"),
            (swatch(Mark(SOFT, "circle"), line=False), "Observed"),
            (swatch(Mark(VERMILLION, "diamond"), line=False), "Observed, outside the interval"),
        ],
        panel_width=300,
    )


def _outside(rows: pd.DataFrame) -> pd.Series:
    return (rows["observed"] < rows["q05"]) | (rows["observed"] > rows["q95"])


def _panel(status: str, rows: pd.DataFrame) -> Panel:
    chart = predictive_checks(rows, _STATISTICS)
    label = f"{_STATUS[status]}: observed figures and predictive intervals by session"
    return Panel(to_svg(chart, f"predictive-{status}", label), _STATUS[status])


def _check_row(row: dict[str, Any]) -> tuple[str, ...]:
    title = dict(_STATISTICS)[row["statistic"]]
    return (
        _MODELS.get(row["model"], words(row["model"])),
        _STATUS.get(row["status"], words(row["status"])),
        count(row["session_no"]),
        count(row["n_patients"]),
        title,
        number(row["observed"]),
        f"{number(row['q50'])} {interval(row['q05'], row['q95'])}",
        number(row["p_above"], 2),
    )


_TERMS = {
    "mean_1": "Mean at session 1 (%)",
    "mean_4": "Mean at session 4 (%)",
    "mean_6": "Mean at session 6 (%)",
    "mean_15": "Mean at session 15 (%)",
    "plateau": "Plateau of the mean curve (%)",
    "saturation_session": "S90 of the mean curve (session)",
    "zeros_1_pct": "Zeros at session 1 (%)",
    "outside_1_pct": "Reports below 0 or above 100 at session 1 (%)",
}


def others(frames: Frames) -> list[Block]:
    """Return what other models say of the same reports, or why it is not shown."""
    frame = take(frames, "comparator", ["model", "term", "mean", "q05", "q95", "observed"])
    if isinstance(frame, Absent):
        return [Notice(f"Other models of the same reports are not shown: {frame.reason}")]
    by = {(row["model"], row["term"]): row for row in records(frame)}
    rows = []
    for term, title in _TERMS.items():
        at_hand = [by.get((model, term)) for model in _MODELS]
        seen = next((row["observed"] for row in at_hand if row), None)
        rows.append((title, number(seen), *(_told(row) for row in at_hand)))
    told = (
        "Means are of all analysed patients had none stopped; observed ones of those who report "
        "at the session, so that at 15 they are of who is left. The Gaussian curve is the relief "
        "model's course with a normal scatter on the reported scale, without bounds, heaps, flat "
        "courses, relapse or stops. The study's model is a line through sessions 1 to 4 with a "
        "random intercept, carried on here to 15; it has no plateau. " + UNCONTROLLED
    )
    table = DataTable(["", "Observed", *_MODELS.values()], rows)
    return [Text(told), Fold("What other models say of the same reports", table, is_open=True)]


def _told(row: dict[str, Any] | None) -> str:
    if row is None or is_missing(row["mean"]):
        return "–"
    if is_missing(row["q05"]):
        return number(row["mean"])
    return f"{number(row['mean'])} {interval(row['q05'], row['q95'])}"
