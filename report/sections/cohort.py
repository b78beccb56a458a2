"""Section 1: who was treated, who was analysed, what they reported, why they stopped."""

import pandas as pd

from report import flow
from report.blocks import Block, DataTable, Figure, Fold, Notice, Panel, Section
from report.facts import ReportFacts
from report.figures.status import ranked_relief
from report.frames import Absent, Frames, is_missing, records, take
from report.style import CATEGORY, swatch, to_svg
from report.wording import count, number, plural, pseudonym, share, words


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section with the flow, the reported relief and the reasons for stopping."""
    blocks = [_flow(frames), _relief(frames, facts), *_stops(frames, facts)]
    return Section("cohort", "1. Patients and their flow", blocks)


def flow_steps(frames: Frames) -> dict[str, flow.Step] | Absent:
    """Return the steps of the flow by name, or why there are none."""
    frame = take(frames, "flow", ["step", "n_patients", "n_sessions"])
    if isinstance(frame, Absent):
        return frame
    counts = frame.dropna(subset=["n_patients", "n_sessions"])
    return {
        str(row["step"]): flow.Step(int(row["n_patients"]), int(row["n_sessions"]))
        for row in records(counts)
    }


def _flow(frames: Frames) -> Block:
    steps = flow_steps(frames)
    if isinstance(steps, Absent):
        return Notice(f"The patient flow is not shown: {steps.reason}")
    try:
        drawing = flow.draw(steps)
    except flow.FlowError as error:
        return Notice(f"The patient flow is not drawn, its counts contradict: {error}.", "error")
    rows = [
        (label, count(steps[step].n_patients), count(steps[step].n_sessions))
        for step, label in flow.STEPS.items()
    ]
    return Figure(
        key="figure-flow",
        title="Patient flow",
        caption="Each treated patient is counted once at each fork. Sessions are numbered "
        "20 Hz sessions over the motor cortex. Relief could not be assessed: language barrier or "
        "a psychiatric disorder found later.",
        alt=flow.describe(steps),
        panels=[Panel(drawing)],
        data=DataTable(["Step", "Patients", "Sessions"], rows),
        panel_width=520,
    )


def _relief(frames: Frames, facts: ReportFacts) -> Block:
    status = take(frames, "status", ["patient_id", "status_relief_pct", "relief_category"])
    if isinstance(status, Absent):
        return Notice(f"The relief after the test period is not shown: {status.reason}")
    known = status.dropna(subset=["status_relief_pct", "relief_category"])
    if known.empty:
        return Notice(
            "The relief after the test period is not shown: nobody has an assessment yet."
        )
    ranked = known.sort_values(["status_relief_pct", "patient_id"]).assign(
        rank=range(1, len(known) + 1)
    )
    drawn = ranked[["rank", "status_relief_pct", "relief_category"]]
    svg = to_svg(
        ranked_relief(drawn, facts.relief_thresholds_pct),
        "relief",
        "Reported relief after the test period, patients in rising order",
    )
    n_in = {code: int((known["relief_category"] == code).sum()) for code in CATEGORY}
    tallies = [f"{category(code, facts)}: {share(n, len(known))}" for code, n in n_in.items()]
    lines = ", ".join(f"{number(t, 0)}" for t in facts.relief_thresholds_pct)
    return Figure(
        key="figure-relief",
        title="Reported relief after the test period, one mark a patient",
        caption=f"n = {count(len(known))} analysed patients with an assessment"
        f" ({plural(len(status) - len(known), 'patient')} without). Dashed lines: {lines} %. "
        "Relief is self-reported against the pain before the first session; there was no sham.",
        alt="; ".join(tallies),
        panels=[Panel(svg)],
        data=DataTable(
            ["Rank", "Patient", "Reported relief (%)", "Category"],
            [
                (
                    count(row["rank"]),
                    pseudonym(row["patient_id"]),
                    number(row["status_relief_pct"]),
                    words(row["relief_category"]),
                )
                for row in records(ranked)
            ],
        ),
        legend=[(swatch(CATEGORY[c], line=False), t) for c, t in zip(n_in, tallies, strict=True)],
        panel_width=500,
    )


def category(code: str, facts: ReportFacts) -> str:
    """Return a category of reported relief with its bounds (rule R4)."""
    poor, good, excellent = (number(b, 0) for b in facts.category_bounds_pct)
    return {
        "failure": f"Pain relief below {poor} %",
        "poor": f"{poor} to below {good} %",
        "good": f"{good} to below {excellent} %",
        "excellent": f"{excellent} % and more",
    }[code]


def _stops(frames: Frames, facts: ReportFacts) -> list[Block]:
    """Why treatment ended, by number of sessions; counts rows of `patients`."""
    patients = take(frames, "patients", ["flow_state", "stop_reason", "n_sessions"])
    if isinstance(patients, Absent):
        return [Notice(f"Reasons for stopping are not shown: {patients.reason}")]
    analysed = patients[patients["flow_state"] == "analysed"]
    if analysed.empty:
        return [Notice("Reasons for stopping are not shown: no patient is analysed yet.")]
    late = analysed["n_sessions"] >= facts.long_term_session
    reasons = analysed["stop_reason"].map(_reason)
    tally = pd.crosstab(reasons, late).reindex(columns=[False, True], fill_value=0)
    order = tally.sum(axis="columns").sort_values(ascending=False, kind="stable").index
    rows = [(str(r), count(tally.loc[r, False]), count(tally.loc[r, True])) for r in order]
    rows.append(("All analysed patients", count((~late).sum()), count(late.sum())))
    heads = ["Treatment", f"Below {facts.long_term_session} sessions so far"]
    heads.append(f"{facts.long_term_session} sessions or more")
    return [Fold("How treatment stands, or why it ended", DataTable(heads, rows))]


def _reason(code: object) -> str:
    return "Ended, reason missing" if is_missing(code) else words(code)
