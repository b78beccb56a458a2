"""Section 5, variants of the model: left out against each other, other assumptions, the prior."""

from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Fold, Notice, Panel, Text
from report.figures.priors import before_and_after
from report.frames import Absent, Frames, is_missing, records, take
from report.sections.model_checks import UNCONTROLLED
from report.style import BLUE, SOFT, Mark, band_key, swatch, to_svg
from report.wording import count, interval, number, plus_minus, words

_VARIANTS = {
    "shipped": "As shown on this page",
    "shape_0.7": "Steep first, long after (shape 0.7)",
    "shape_1.0": "Exponential curve (shape 1)",
    "shape_1.5": "Begins late (shape 1.5)",
    "no_relapse": "Without relapse",
    "no_flat_course": "Without flat courses",
    "gaussian_curve": "Gaussian curve",
    "early_years": "Patients who began in the earlier half",
    "late_years": "Patients who began in the later half",
    "before_covid_gap": "Sessions before a gap over spring 2020",
    "before_long_gap": "Sessions before any gap of more than 180 days",
    "restart_after_gap": "Curve begun anew after such a gap",
    "by_time": "Time instead of session number",
    "before_drug_change": "Sessions before the first change of analgesics",
}
UNRELIABLE = "no reliable fit"
_TASKS = {"patient_left_out": "A patient", "future_left_out": "Sessions from 5 on, given 1 to 4"}


def compared(frames: Frames) -> Block:
    """Return the comparison of models on what they were not shown, or why there is none."""
    columns = ["task", "variant", "elpd", "difference", "difference_se", "n_scored", "n_reports"]
    columns += ["n_unreliable", "status"]
    frame = take(frames, "model_comparison", columns)
    if isinstance(frame, Absent):
        return Notice(f"Variants of the model are not compared: {frame.reason}")
    rows = [
        (
            _TASKS.get(row["task"], words(row["task"])),
            _VARIANTS.get(row["variant"], words(row["variant"])),
            number(row["elpd"]),
            _difference(row),
            count(row["n_scored"]),
            count(row["n_reports"]),
            count(row["n_unreliable"]),
        )
        for row in records(frame)
    ]
    heads = ["Left out", "Model", "Log score", "Difference ± SE", "Patients", "Reports"]
    return Fold(
        "How well each foretells reports that it was not shown (log score, higher is better; "
        "differences from the model of this page, one number a patient; the Gaussian curve "
        "spreads its chance over numbers that nobody reports)",
        DataTable([*heads, "Pareto k ≥ 0.7"], rows),
        is_open=True,
    )


def _difference(row: dict[str, Any]) -> str:
    if row["variant"] == "shipped":
        return "–"
    if row["status"] != "converged":
        return UNRELIABLE
    return plus_minus(row["difference"], row["difference_se"])


_ANSWERS = {
    "saturation_mean_curve_all": "S90, analysed patients",
    "saturation_mean_curve_responders": "S90, responders",
    "saturation_mean_curve_treated_15": "S90, at least 15 sessions",
    "selection_at_4": "Selection at 4 (points)",
    "accumulation": "Accumulation 4 to 15 (points)",
    "attrition": "Attrition at 15 (points)",
}


def sensitivities(frames: Frames) -> list[Block]:
    """Return the answers under other assumptions, or why they are not shown."""
    columns = ["analysis", "term", "q05", "q50", "q95", "n_patients", "n_reports", "status"]
    frame = take(frames, "sensitivity", [*columns, "reason", "families_differ"])
    if isinstance(frame, Absent):
        return [Notice(f"Sensitivities are not shown: {frame.reason}")]
    rows = []
    for analysis, group in frame.groupby("analysis", sort=False):
        found = {row["term"]: row for row in records(group)}
        first = records(group)[0]
        title = _VARIANTS.get(str(analysis), words(analysis))
        size = f"{count(first['n_patients'])} / {count(first['n_reports'])}"
        cells = [_answer(found.get(term)) for term in _ANSWERS]
        if first["status"] == "not_made":
            cells[0] = "not delivered"
        elif first["status"] != "converged":
            cells[0] = UNRELIABLE
        rows.append((title, size, *cells))
    blocks: list[Block] = [
        Text(
            "The same model fitted again, each time with one thing changed: the family of curves, "
            "the patients or sessions taken, or the clock. Medians and 90 % intervals; S90 is the "
            "session at which the mean curve reaches 90 % of its plateau (with time as the clock, "
            "in typical intervals of the test period); the split is that of responders by the "
            "assessment recorded. " + UNCONTROLLED
        )
    ]
    flagged = frame[frame["families_differ"].fillna(False).astype(bool)]["term"].unique()
    if len(flagged):
        named = ", ".join(_ANSWERS[term] for term in _ANSWERS if term in set(flagged))
        blocks.append(
            Notice(
                f"Families of curves differ by more than 2 sessions in: {named}. These depend on "
                "the form that is assumed.",
                "warning",
            )
        )
    table = DataTable(["Analysis", "Patients / reports", *_ANSWERS.values()], rows)
    return [*blocks, Fold("Answers under other assumptions", table, is_open=True)]


def _answer(row: dict[str, Any] | None) -> str:
    if row is None or is_missing(row["q50"]):
        return "–"
    return f"{number(row['q50'])} {interval(row['q05'], row['q95'])}"


_QUANTITIES = {
    "mean_curve": "Mean curve of a hundred patients",
    "new_patient": "A patient of whom only the lesion is known",
}


def prior_figure(frames: Frames) -> Block:
    """Return S90 before and after the reports, or why it is not shown."""
    columns = ["quantity", "session_no", "prior_pct", "posterior_pct"]
    frame = take(frames, "prior_posterior", columns)
    if isinstance(frame, Absent):
        return Notice(f"Prior and posterior of S90 are not shown: {frame.reason}")
    groups = [(q, frame[frame["quantity"] == q]) for q in _QUANTITIES]
    groups = [(q, rows) for q, rows in groups if not rows.empty]
    return Figure(
        key="figure-prior",
        title="S90 before any report and after all of them",
        caption="Of 100 draws in which the plateau is at least 10 %, how many reach 90 % of it "
        "at each session (rounded up). The prior is spread over early and late: what the "
        "posterior adds comes from the reports.",
        alt="; ".join(_alt(quantity, rows) for quantity, rows in groups),
        panels=[_panel(quantity, rows) for quantity, rows in groups],
        data=DataTable(
            ["Quantity", "Session", "Prior (%)", "Posterior (%)"],
            [
                (
                    _QUANTITIES[row["quantity"]],
                    count(row["session_no"]),
                    number(row["prior_pct"]),
                    number(row["posterior_pct"]),
                )
                for _, rows in groups
                for row in records(rows)
            ],
        ),
        legend=[
            (swatch(Mark(SOFT, "circle", (4, 2)), point=False), "Prior"),
            (band_key(BLUE, 0.5), "Posterior"),
        ],
        panel_width=400,
    )


def _panel(quantity: str, rows: pd.DataFrame) -> Panel:
    title = _QUANTITIES[quantity]
    chart = before_and_after(rows[["session_no", "prior_pct", "posterior_pct"]].astype(float))
    label = f"{title}: S90 under prior and posterior"
    return Panel(to_svg(chart, f"prior-{quantity.replace('_', '-')}", label), title)


def _alt(quantity: str, rows: pd.DataFrame) -> str:
    likely = max(records(rows), key=lambda row: float(row["posterior_pct"]))["session_no"]
    return f"{_QUANTITIES[quantity]}: S90 most often at session {count(likely)} after the reports"


def prior_table(frames: Frames) -> Block:
    """Return what power-scaling says, or why it is not shown."""
    columns = ["term", "prior_sensitivity", "likelihood_sensitivity", "diagnosis"]
    frame = take(frames, "power_scaling", columns)
    if isinstance(frame, Absent):
        return Notice(f"What the prior decides is not shown: {frame.reason}")
    rows = [
        (
            _ANSWERS.get(row["term"], words(row["term"])),
            number(row["prior_sensitivity"], 2),
            number(row["likelihood_sensitivity"], 2),
            str(row["diagnosis"]).capitalize(),
        )
        for row in records(frame)
    ]
    return Fold(
        "How far answers move when prior or reports are given a little more or less weight "
        "(power-scaling; 0.05 or more is a move)",
        DataTable(["Answer", "Prior", "Reports", "Reading"], rows),
        is_open=True,
    )
