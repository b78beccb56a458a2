"""What the surgery model says: correlations, predictive intervals, agreement.

Wording: of a patient, what operated patients with such an rTMS result reported; never that surgery
will or will not help, and nothing that reads as a reason to refuse it.
"""

from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Fold, Notice, Panel
from report.facts import ReportFacts
from report.figures.surgery_correlation import correlations
from report.figures.surgery_outlook import outlook
from report.frames import Absent, Frames, is_missing, records, take
from report.sections.model import SURGERY, model_notices, not_estimated
from report.style import BLACK, BLUE, SOFT, VERMILLION, Mark, swatch, to_svg
from report.wording import MISSING, count, number, plural, pseudonym, with_interval

_ESTIMATE = [
    *("population", "term", "surgeon_knew", "mean", "q05", "q95", "n_operated", "n_evaluated"),
    *("n_candidates", "status", "reason"),
]
_OUTLOOK = [
    *(
        "patient_id",
        "is_operated",
        "is_evaluated",
        "rtms_relief_pct",
        "last_report_pct",
        "mean_relief_pct",
    ),
    *("q05_relief_pct", "q50_relief_pct", "q95_relief_pct", "p_reported_ge_10"),
    *("p_reported_ge_30", "p_reported_ge_50", "mean_surgeon_knew_pct", "n_similar"),
    *("is_extrapolated", "extrapolated_reason"),
]
_FIGURES = {
    "failure.n": "First evaluation below 10 %, patients",
    "poor.n": "Poor, patients",
    "good.n": "Good, patients",
    "excellent.n": "Excellent, patients",
    "mean_pct": "Mean (%)",
    "sd_pct": "SD (points)",
    "higher_before.n": "Higher at the last rTMS session, patients",
    "higher_after.n": "Higher at the first evaluation, patients",
    "rho": "Spearman’s correlation with the last rTMS report",
    "within_interval.n": "Inside the 90 % interval predicted without them, patients",
}
_CORRELATIONS = (
    "Relief is latent: the curve’s expected report at the last rTMS session, and what lies behind "
    "the evaluation, whose own noise may be anything from none to that of a session. A last report "
    "may count beyond the curve: what both tell together is never below 0. Intervals: 90 % for the "
    "model, which cannot leave −1 to 1; 95 % for Spearman’s, of single reports. Candidates: had "
    "all been operated, if the choice depended on rTMS relief alone. Surgeon knew more: the choice "
    "correlates 0.3 or 0.6 with what rTMS does not tell of the result; that number is set, for no "
    "record tells it. Patients were chosen and relief is uncontrolled: a correlation is no effect "
    "of surgery."
)
_NO_REASON = "Nothing here is a reason to refuse surgery"


def model_blocks(frames: Frames, facts: ReportFacts) -> list[Block]:
    """Return correlations, predictions and agreement, or why nothing is estimated."""
    frame = take(frames, "surgery_estimate", _ESTIMATE)
    if isinstance(frame, Absent):
        why = not_estimated(frames, "surgery")
        said = frame.reason if why is None else f"{why}."
        return [Notice(f"rTMS and surgery are not related by the model: {said}")]
    shown: list[Block] = [*model_notices(frames, facts, SURGERY)]
    shown += [_correlations(frame, frames), _outlook(frames)]
    found = take(frames, "surgery_agreement", ["figure", "observed", "mean", "q05", "q95", "n"])
    if not isinstance(found, Absent):
        shown.append(_agreement(found))
    return shown


def _correlations(frame: pd.DataFrame, frames: Frames) -> Figure:
    lines = pd.DataFrame(_lines(frame, frames), columns=["label", "mean", "lo", "hi", "method"])
    first = records(frame)[0]
    rows = [
        (row["label"], with_interval(row["mean"], row["lo"], row["hi"], 2))
        for row in records(lines)
    ]
    unused = "" if is_missing(first["reason"]) else f" ({first['reason']})"
    svg = to_svg(
        correlations(lines.dropna(subset=["mean", "lo", "hi"])),
        "surgery-correlation",
        "Correlation of relief under rTMS and after surgery",
    )
    return Figure(
        key="figure-surgery-correlation",
        title="Correlation of relief under rTMS and at the first evaluation after surgery",
        caption=f"{count(first['n_evaluated'])} of "
        f"{plural(int(first['n_operated']), 'operated patient')} evaluated in the window under "
        f"conventional stimulation{unused}; {count(first['n_candidates'])} candidates, all with a "
        f"fitted curve. {_CORRELATIONS}",
        alt="; ".join(f"{label}: {text}" for label, text in rows),
        panels=[Panel(svg)],
        data=DataTable(["Correlation", "Mean [interval]"], rows),
        legend=[
            (swatch(Mark(BLUE, "circle")), "Model, posterior mean and 90 % interval"),
            (swatch(Mark(SOFT, "square")), "Spearman, 95 % interval"),
        ],
        panel_width=560,
    )


def _lines(frame: pd.DataFrame, frames: Frames) -> list[tuple[Any, ...]]:
    found = frame.set_index(["population", "term", "surgeon_knew"])
    wanted = [
        ("Operated, curve", ("operated", "correlation", 0.0)),
        ("Operated, curve and last report", ("operated", "multiple_correlation", 0.0)),
        ("Candidates, curve", ("candidates", "correlation", 0.0)),
    ]
    known = sorted(set(frame["surgeon_knew"]) - {0.0})
    wanted += [
        (f"Candidates, surgeon knew more ({number(k)})", ("candidates", "correlation", k))
        for k in known
    ]
    lines = [
        (label, *found.loc[key, ["mean", "q05", "q95"]].astype(float), "model")
        for label, key in wanted
        if key in found.index
    ]
    estimates = frames.get("estimate_emcs")
    if estimates is not None:
        rho = estimates[estimates["term"] == "rtms_vs_first.rho"]
        for row in records(rho):
            ends = (row["estimate"], row["lo"], row["hi"])
            if not any(is_missing(value) for value in ends):
                lines.insert(2, ("Operated, Spearman of the reports", *ends, "spearman"))
    return lines


def _outlook(frames: Frames) -> Block:
    told = take(frames, "patient_surgery_outlook", _OUTLOOK)
    if isinstance(told, Absent):
        return Notice(f"Predictions by patient are not shown: {told.reason}")
    emcs = take(frames, "emcs", ["patient_id", "emcs_first_relief_pct"])
    given = pd.DataFrame(columns=["patient_id", "emcs_first_relief_pct"])
    merged = told.merge(given if isinstance(emcs, Absent) else emcs, on="patient_id", how="left")
    merged["emcs_first_relief_pct"] = merged["emcs_first_relief_pct"].astype(float)
    merged = merged.sort_values(["rtms_relief_pct", "patient_id"], ascending=[False, True])
    dots = merged[merged["is_evaluated"].astype(bool)].dropna(subset=["emcs_first_relief_pct"])
    drawn = spread_out(merged)
    extrapolated = f"{count(merged['is_extrapolated'].sum())} of {count(len(merged))}"
    svg = to_svg(outlook(drawn, dots), "surgery-outlook", "Predicted first evaluations")
    return Figure(
        key="figure-surgery-outlook",
        title="First evaluation after surgery of operated patients with such an rTMS result",
        caption=f"Lines: 90 % predictive interval of one evaluation, square: mean; "
        f"{count(len(drawn))} of {plural(len(merged), 'candidate')}, spread over rTMS relief, all "
        f"of them in the table. They rest on {plural(len(dots), 'evaluation')} (circles), never on "
        f"the own one. Dashed: extrapolated, as for {extrapolated} candidates, since fewer than 5 "
        "evaluated patients had a last reported relief in the same category under rTMS. Wide "
        "intervals are what is known: they tell what patients who were chosen for surgery "
        f"reported, uncontrolled, with complications as counted above. {_NO_REASON}.",
        alt=f"{plural(len(merged), 'candidate')}, {extrapolated} extrapolated, "
        f"{plural(len(dots), 'evaluation')}",
        panels=[Panel(svg)],
        data=DataTable(
            ["Patient", "Last report (%)", "Expected, last rTMS session (%)",
             "Predicted [90 % interval] (%)", "P(≥ 10 %)", "P(≥ 30 %)", "P(≥ 50 %)",
             "Mean, surgeon knew more (%)", "Evaluated alike", "Basis", "Reported (%)"],
            [_row(row) for row in records(merged)],
        ),
        legend=[
            (swatch(Mark(BLUE, "square")), "Predicted: mean and 90 % interval"),
            (swatch(Mark(VERMILLION, "square", (4, 3))), "The same, extrapolated"),
            (swatch(Mark(BLACK, "circle"), line=False, hollow=True), "Evaluation as reported"),
        ],
        panel_width=520,
    )  # fmt: skip


def spread_out(patients: pd.DataFrame, step: float = 4.0) -> pd.DataFrame:
    """Return one patient, the middle one, of every step of rTMS relief that has any."""
    ordered = patients.sort_values(["rtms_relief_pct", "patient_id"])
    by = ordered.groupby((ordered["rtms_relief_pct"] // step).astype(int))
    middle = by.cumcount() == by["patient_id"].transform("size") // 2
    return ordered[middle]


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    ends = (row["mean_relief_pct"], row["q05_relief_pct"], row["q95_relief_pct"])
    basis = f"extrapolated: {row['extrapolated_reason']}" if row["is_extrapolated"] else "operated"
    reported = row["emcs_first_relief_pct"]
    return (
        pseudonym(row["patient_id"]),
        number(row["last_report_pct"], 0),
        number(row["rtms_relief_pct"], 0),
        with_interval(*ends, 0),
        *(number(row[f"p_reported_ge_{cut}"], 2) for cut in (10, 30, 50)),
        number(row["mean_surgeon_knew_pct"], 0),
        count(row["n_similar"]),
        basis,
        MISSING if is_missing(reported) else number(reported, 0),
    )


def _agreement(found: pd.DataFrame) -> Fold:
    rows = [
        (
            _FIGURES.get(row["figure"], str(row["figure"])),
            number(row["observed"], _digits(row["figure"])),
            with_interval(row["mean"], row["q05"], row["q95"], max(1, _digits(row["figure"]))),
        )
        for row in records(found)
    ]
    heads = ["First evaluations", "Observed", "Replicated by the model [90 % interval]"]
    title = f"Does the surgery model fit? {plural(int(found['n'].iloc[0]), 'evaluation')}, observed"
    return Fold(f"{title} and replicated", DataTable(heads, rows))


def _digits(figure: str) -> int:
    return 2 if figure == "rho" else int(not figure.endswith(".n"))
