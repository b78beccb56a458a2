"""Operated patients: relief before and after, complications, then what the model says."""

import pandas as pd

from report.blocks import Block, DataTable, Figure, Notice, Panel, Text
from report.facts import ReportFacts
from report.figures.surgery import before_after
from report.frames import Absent, Frames, is_missing, records, take
from report.sections.surgery_model import model_blocks
from report.style import BLUE, Mark, swatch, to_svg
from report.wording import interval, number, plural, pseudonym, share

_MOMENTS = {
    "rtms_last_relief_pct": "Last rTMS session",
    "emcs_first_relief_pct": "eMCS, first evaluation",
    "emcs_last_relief_pct": "eMCS, last evaluation",
}

BELONG = "They belong to every figure of relief after surgery on this page."


def blocks(frames: Frames, facts: ReportFacts) -> list[Block]:
    """Return what is shown of operated patients; complications stand beside relief."""
    return [_before_and_after(frames), complications(frames), *model_blocks(frames, facts)]


def complications(frames: Frames) -> Notice | Text:
    """Return complications of surgery as noted at visits, with their denominators."""
    columns = ["event_type", "n_events", "n_asked", "n_units", "n_serious", "n_seriousness_known"]
    counts = take(frames, "safety_counts", columns)
    if isinstance(counts, Absent):
        return Notice(f"Complications of surgery are not shown: {counts.reason}", "warning")
    rows = records(counts[counts["event_type"] == "surgery_complication"])
    if not rows or not rows[0]["n_units"]:
        return Text("Complications of surgery: no patient was operated.")
    row = rows[0]
    if not row["n_asked"]:
        operated = plural(int(row["n_units"]), "operated patient")
        return Notice(
            f"Complications of surgery are unknown: no visit of {operated} says.", "warning"
        )
    silent = int(row["n_units"] - row["n_asked"])
    noted = f"{share(row['n_events'], row['n_units'])} of the operated patients"
    if silent:
        noted = (
            f"at least {noted}. The visits of {plural(silent, 'patient')} say neither yes nor no, "
            "which is not none"
        )
    known = f"; serious {share(row['n_serious'], row['n_seriousness_known'])}"
    if not row["n_seriousness_known"]:
        known = "; how serious is not recorded" if row["n_events"] else ""
    return Text(
        f"Complications of surgery: noted for {noted}{'' if silent else _exact(frames)}{known}. "
        f"{BELONG}"
    )


def _exact(frames: Frames) -> str:
    """Return the exact interval of the share, empty where there is none."""
    found = frames.get("estimate_safety")
    if found is None:
        return ""
    mine = found[found["term"] == "surgery_complication.share_of_asked"]
    if mine.empty or is_missing(mine["lo"].iloc[0]):
        return ""
    return f", 95 % interval {interval(mine['lo'].iloc[0], mine['hi'].iloc[0])} %"


def _before_and_after(frames: Frames) -> Block:
    """Return relief at the last rTMS session and after surgery, one line a patient."""
    emcs = take(frames, "emcs", ["patient_id", *_MOMENTS])
    if isinstance(emcs, Absent):
        return Notice(f"Relief around surgery is not shown: {emcs.reason}")
    pairs = pd.DataFrame(
        [
            (pseudonym(row["patient_id"]), title, row[column])
            for row in records(emcs)
            for column, title in _MOMENTS.items()
            if not is_missing(row[column])
        ],
        columns=["patient", "moment", "relief_pct"],
    )
    if pairs.empty:
        return Notice(
            f"Relief around surgery is not shown: {plural(len(emcs), 'operated patient')} so far, "
            "none evaluated."
        )
    n_at = {title: int(emcs[column].notna().sum()) for column, title in _MOMENTS.items()}
    n_text = "; ".join(
        f"{title.lower().replace('emcs', 'eMCS').replace('rtms', 'rTMS')} n = {n}"
        for title, n in n_at.items()
    )
    svg = to_svg(before_after(pairs), "surgery", "Reported relief before and after surgery")
    return Figure(
        key="figure-surgery",
        title="Reported relief at the last rTMS session and after surgery, one line a patient",
        caption=f"{plural(len(emcs), 'operated patient')}: {n_text}. Patients were chosen for "
        "surgery, so this is no comparison of two treatments.",
        alt=f"One line for each of {plural(len(emcs), 'operated patient')}; {n_text}",
        panels=[Panel(svg)],
        data=DataTable(
            ["Patient", *_MOMENTS.values()],
            [
                (pseudonym(row["patient_id"]), *(number(row[c]) for c in _MOMENTS))
                for row in records(emcs)
            ],
        ),
        legend=[(swatch(Mark(BLUE, "circle")), "One patient")],
        panel_width=430,
    )
