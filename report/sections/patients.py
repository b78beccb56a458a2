"""Section 5: fitted courses of single patients; the model behind them is `sections.model`."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Heading, Notice, Panel, Section
from report.facts import ReportFacts
from report.figures.patient import patient_course
from report.frames import Absent, Frames, is_missing, records, take
from report.sections.decomposition import split
from report.sections.model import CURVES, convergence, model_notices, population
from report.sections.model_checks import UNCONTROLLED, others, predictive
from report.sections.model_sensitivity import compared, prior_figure, prior_table, sensitivities
from report.style import BLACK, BLUE, SOFT, VERMILLION, Mark, band_key, swatch, to_svg
from report.wording import (
    count,
    interval,
    number,
    plural,
    pseudonym,
    share,
    with_interval,
)

SHOWN = 24
TOO_EARLY = "too early to tell"
_CURVE = ["patient_id", "session_no", "q05_relief_pct", "q50_relief_pct", "q95_relief_pct"]
_PLATEAU = [
    *("patient_id", "n_observed", "plateau_mean_pct", "plateau_q05_pct", "plateau_q95_pct"),
    *("saturation_session", "saturation_q05", "saturation_q95", "saturation_reason"),
    *("p_plateau_ge_10", "p_plateau_ge_30", "p_plateau_ge_50"),
]


@dataclass(frozen=True)
class _Model:
    """Frames of the fitted courses."""

    curve: pd.DataFrame
    plateau: pd.DataFrame
    reported: pd.DataFrame


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section of fitted courses, estimates and convergence."""
    blocks: list[Block] = [*model_notices(frames, facts, CURVES), _patients(frames)]
    blocks += [Heading("Accumulation or selection"), split(frames)]
    blocks += [Heading("The population"), population(frames), convergence(frames)]
    blocks += [Heading("Does the model reproduce the reports?"), predictive(frames)]
    blocks += [Heading("Other models of the same reports"), *others(frames), compared(frames)]
    blocks += [Heading("Would the answer be another?"), *sensitivities(frames)]
    blocks += [Heading("What the prior decides"), prior_figure(frames), prior_table(frames)]
    return Section("patients", "5. Single patients and the model", blocks)


def _patients(frames: Frames) -> Block:
    wanted = {
        "patient_plateau": _PLATEAU,
        "patient_curve": _CURVE,
        "sessions": ["patient_id", "session_no", "pain_relief_pct"],
    }
    taken = {name: take(frames, name, columns) for name, columns in wanted.items()}
    absent = [frame.reason for frame in taken.values() if isinstance(frame, Absent)]
    if absent:
        return Notice(f"Courses of single patients are not shown: {' '.join(absent)}")
    plateau, curve, reported = (f for f in taken.values() if isinstance(f, pd.DataFrame))
    model = _Model(curve, plateau, reported.dropna(subset=["pain_relief_pct"]))
    chosen = choose(plateau[plateau["patient_id"].isin(curve["patient_id"])], SHOWN)
    if chosen.empty:
        return Notice("Courses of single patients are not shown: no patient has a fitted curve.")
    return _figure(model, chosen)


def choose(plateau: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return at most n patients spread evenly over the order of their plateau.

    Parameters
    ----------
    plateau
        `patient_plateau`; patients without a plateau come last.
    n
        Most patients wanted.

    Returns
    -------
    pandas.DataFrame
        Rows in falling order of plateau; the highest and the lowest are always among them.
    """
    order = plateau.sort_values(
        ["plateau_mean_pct", "patient_id"], ascending=[False, True], na_position="last"
    ).reset_index(drop=True)
    if len(order) <= n:
        return order
    return order.iloc[[round(i * (len(order) - 1) / (n - 1)) for i in range(n)]]


def _figure(model: _Model, chosen: pd.DataFrame) -> Figure:
    shown = model.curve[model.curve["patient_id"].isin(chosen["patient_id"])]
    last = int(shown["session_no"].max())
    rows = records(chosen)
    n_later = int(
        (
            model.reported["patient_id"].isin(chosen["patient_id"])
            & (model.reported["session_no"] > last)
        ).sum()
    )
    later = f" {plural(n_later, 'report')} after session {last} not drawn." if n_later else ""
    total = model.plateau["patient_id"].nunique()
    n_early = int(chosen["saturation_session"].isna().sum())
    hidden = share(model.plateau["saturation_session"].isna().sum(), total)
    return Figure(
        key="figure-patients",
        title="Courses of single patients: reported relief and fitted curve",
        caption=f"{len(rows)} of {plural(total, 'patient')}, spread evenly over the order of their "
        "plateau. Dots: relief reported at a session, as recorded. Line and band: posterior "
        "median and 90 % interval of the expected relief; paler and dotted after the last report, "
        "where it is a projection, had sessions gone on. Dashed: mean of the plateau, above the "
        "line of medians where a high plateau is possible but not likely. Dotted: S90, the "
        "first session with 90 % of the plateau; “too early to tell” where the sessions "
        f"do not say, as for {hidden} of all with a curve. Weeks: by the patient's own median "
        f"interval.{later} An expected relief is what the model holds of the "
        "reports; one report scatters widely around it. " + UNCONTROLLED,
        alt=f"{len(rows)} panels, one a patient, plateaus from "
        f"{number(chosen['plateau_mean_pct'].min())} to {number(chosen['plateau_mean_pct'].max())} "
        f"%; saturation too early to tell for {n_early}",
        panels=[_panel(model, row, last) for row in rows],
        data=_data(model.curve, rows),
        legend=[
            (swatch(Mark(BLACK, "circle"), line=False, hollow=True), "Reported relief"),
            (band_key(BLUE), "90 % interval"),
            (band_key(BLUE, 0.1), "Projected, had sessions gone on"),
            (swatch(Mark(BLUE, "circle"), point=False), "Posterior median"),
            (swatch(Mark(VERMILLION, "circle", (5, 3)), point=False), "Plateau"),
            (swatch(Mark(SOFT, "circle", (1, 2)), point=False), "S90"),
        ],
        panel_width=215,
    )


def saturation_text(row: dict[str, Any]) -> str:
    """Return S90 with its interval, or 'too early to tell' and why."""
    if not is_missing(row["saturation_session"]):
        bounds = interval(row["saturation_q05"], row["saturation_q95"], 0)
        weeks = row.get("saturation_weeks")
        after = "" if is_missing(weeks) else f", {number(weeks, 0)} weeks after the first"
        return f"session {number(row['saturation_session'], 0)} {bounds}{after}"
    reason = row["saturation_reason"]
    return TOO_EARLY if is_missing(reason) or not str(reason) else str(reason)


def _plateau_text(row: dict[str, Any]) -> str:
    if is_missing(row["plateau_mean_pct"]):
        return TOO_EARLY
    return with_interval(row["plateau_mean_pct"], row["plateau_q05_pct"], row["plateau_q95_pct"], 0)


def _panel(model: _Model, row: dict[str, Any], last: int) -> Panel:
    patient = row["patient_id"]
    curve = model.curve[model.curve["patient_id"] == patient].sort_values("session_no")
    reported = model.reported[
        (model.reported["patient_id"] == patient) & (model.reported["session_no"] <= last)
    ]
    plateau = pd.DataFrame([row], dtype=object)[["plateau_mean_pct", "saturation_session"]]
    plateau = plateau.astype(float)
    # An S90 beyond the axis stands in the text only.
    plateau["saturation_session"] = plateau["saturation_session"].where(lambda s90: s90 <= last)
    chart = patient_course(
        curve[_CURVE[1:]].astype(float),
        reported[["session_no", "pain_relief_pct"]].astype(float),
        plateau,
        last,
    )
    short = pseudonym(patient)
    notes = [f"Plateau {_plateau_text(row)} %", f"S90 {saturation_text(row)}"]
    if is_missing(row["plateau_mean_pct"]):
        notes[0] = f"Plateau {TOO_EARLY}"
    svg = to_svg(chart, f"patient-{short}", f"Patient {short}: {'; '.join(notes)}")
    return Panel(svg, f"{short} · {plural(int(row['n_observed']), 'report')}", notes)


def _data(curve: pd.DataFrame, rows: list[dict[str, Any]]) -> DataTable:
    """Plateau, S90 and probabilities of the patients shown, and the ends of their curves."""
    ends = (
        curve.sort_values("session_no")
        .groupby("patient_id")
        .agg(first=("q50_relief_pct", "first"), last=("q50_relief_pct", "last"))
    )
    body = [
        (
            pseudonym(row["patient_id"]),
            count(row["n_observed"]),
            number(ends.loc[row["patient_id"], "first"]),
            number(ends.loc[row["patient_id"], "last"]),
            _plateau_text(row),
            saturation_text(row),
            count(row.get("saturation_95_session")),
            *(number(row[f"p_plateau_ge_{level}"], 2) for level in (10, 30, 50)),
        )
        for row in rows
    ]
    heads = ["Patient", "Reports", "Fitted, first session (%)", "Fitted, last session drawn (%)"]
    heads += ["Plateau (%) [90 % interval]", "S90 [90 % interval]", "S95"]
    heads += [f"P(plateau ≥ {level} %)" for level in (10, 30, 50)]
    return DataTable(heads, body)
