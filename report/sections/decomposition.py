"""The model's split of the rise from session 4 to 15: accumulation or selection."""

from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Notice, Panel
from report.figures.split import term_bars
from report.frames import Absent, Frames, is_missing, records, take
from report.style import BLUE, Mark, swatch, to_svg
from report.wording import count, number, with_interval

_COLUMNS = [
    *("status_definition", "delta_pct", "term", "mean_pct", "q05_pct", "q95_pct", "p_above_0"),
    *("n_responders", "n_observed_4", "n_observed_15"),
]
_DEFINITIONS = {
    "recorded_status": "Responders by the assessment recorded",
    "fourth_report": "Responders by the report of session 4",
}
_TERMS = {
    "selection_at_4": "Selection and missing reports at 4",
    "accumulation": "Accumulation net of fading",
    "attrition": "Attrition and missing reports at 15",
}
_CAPTION = (
    "The mean report of responders changes from session 4 to 15 for three reasons that add up to "
    "the change exactly. Selection: who counts as responder was chosen by reports near session 4, "
    "and some reports are missing. Accumulation: how far the expected report of all responders "
    "moves had none stopped, with what fades. Attrition: who is still treated and reports at "
    "session 15 differs from all. Dots and lines: posterior mean and 90 % interval, given these "
    "patients. Points lower: how far below the model's prediction the unseen course would lie "
    "after a stop for lost efficacy; it is set here, since no report can tell it, and 0 means that "
    "the course follows from what was reported and when the patient stopped. Relief is "
    "uncontrolled "
    "(placebo, natural course and drug changes included): accumulation is by session, and nothing "
    "here shows that stimulation brought it about."
)


def split(frames: Frames) -> Block:
    """Return the figure of the split, or why there is none."""
    frame = take(frames, "decomposition", _COLUMNS)
    if isinstance(frame, Absent):
        return Notice(f"Accumulation and selection are not told apart: {frame.reason}")
    groups = [(d, frame[frame["status_definition"] == d]) for d in _DEFINITIONS]
    known = [(d, rows, _lines(rows)) for d, rows in groups]
    shown = [(d, rows, lines) for d, rows, lines in known if not lines.empty]
    if not shown:
        return Notice(
            "Accumulation and selection are not told apart: at session 4 or 15 no responder has a "
            "report yet."
        )
    return Figure(
        key="figure-split",
        title="Accumulation or selection between sessions 4 and 15",
        caption=_CAPTION,
        alt="; ".join(_alt(definition, rows) for definition, rows, _ in shown),
        panels=[_panel(*one) for one in shown],
        data=DataTable(
            ["Responders", "Points lower", "Term", "Points [90 % interval]", "P(above 0)"],
            [_row(row) for _, rows, _ in shown for row in records(rows) if row["term"] in _TERMS],
        ),
        legend=[(swatch(Mark(BLUE, "circle")), "Posterior mean and 90 % interval")],
        panel_width=430,
    )


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lines drawn: terms by points lower; what these cannot change is drawn once."""
    drawn = rows[rows["term"].isin(list(_TERMS))].dropna(subset=["mean_pct", "q05_pct", "q95_pct"])
    drawn = drawn[(drawn["term"] != "selection_at_4") | (drawn["delta_pct"] == 0)]
    order = drawn["term"].map(list(_TERMS).index)
    drawn = drawn.assign(order=order).sort_values(["order", "delta_pct"])
    labels = [_label(row) for row in records(drawn)]
    return drawn.assign(label=labels)[["label", "mean_pct", "q05_pct", "q95_pct"]]


def _label(row: dict[str, Any]) -> str:
    if row["delta_pct"] == 0:
        return _TERMS[row["term"]]
    name = _TERMS[row["term"]].split()[0]
    return f"{name}, {count(row['delta_pct'])} points lower"


def _panel(definition: str, rows: pd.DataFrame, lines: pd.DataFrame) -> Panel:
    lines = lines.astype({"mean_pct": float, "q05_pct": float, "q95_pct": float})
    first = records(rows)[0]
    change = rows.loc[rows["term"] == "observed_change", "mean_pct"]
    notes = [
        f"{count(first['n_responders'])} responders; {count(first['n_observed_4'])} report at "
        f"session 4, {count(first['n_observed_15'])} at session 15"
    ]
    if len(change) and not is_missing(float(change.iloc[0])):
        notes.append(f"Observed change of the mean: {number(change.iloc[0])} points")
    title = _DEFINITIONS[definition]
    return Panel(to_svg(term_bars(lines), f"split-{definition}", title), title, notes)


def _alt(definition: str, rows: pd.DataFrame) -> str:
    at_random = rows[rows["delta_pct"] == 0].set_index("term")
    parts = [f"{_TERMS[t].lower()} {_told(at_random.loc[t].to_dict())}" for t in _TERMS]
    return f"{_DEFINITIONS[definition]}: {', '.join(parts)} points"


def _told(row: dict[Any, Any]) -> str:
    return with_interval(row["mean_pct"], row["q05_pct"], row["q95_pct"])


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        _DEFINITIONS[row["status_definition"]],
        count(row["delta_pct"]),
        _TERMS[row["term"]],
        _told(row),
        number(row["p_above_0"], 2),
    )
