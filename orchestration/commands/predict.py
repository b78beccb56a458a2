"""`plateau predict`: what patients with such first sessions went on to report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pandas as pd

from orchestration.commands import predict_surgery
from orchestration.commands.console import print_json
from orchestration.errors import InputMissing, PlateauError, WrongUse
from orchestration.model_rows import STATUS_TABLE, status_of
from orchestration.model_store import stored_draws
from orchestration.settings import Settings
from orchestration.warehouse import read_tables, require_live

if TYPE_CHECKING:
    import xarray as xr

    from bayes.predict import Courses, Population

MOST_SESSIONS = 30
DRAWS = 250
STROKES = {"ischaemic_stroke": "ischaemic", "haemorrhagic_stroke": "haemorrhagic"}
_NEEDED = (STATUS_TABLE, "patients", "status", "sessions")


def run(
    settings: Settings,
    *,
    patient: str | None,
    relief: str | None,
    level: str | None,
    site: str | None,
    origin: str | None,
    horizon: int,
    surgery: bool,
    as_json: bool,
) -> int:
    """Print a prediction; return the exit code.

    Raises
    ------
    WrongUse
        Neither or both of patient and relief, or reports that are none.
    InputMissing
        Nothing is published yet, or no fit that converged.
    PlateauError
        No such patient.
    """
    if (patient is None) == (relief is None):
        raise WrongUse("Give either --patient or --relief, such as --relief 0,10,-,20.")
    meta = require_live(settings)
    wanted = (*_NEEDED, *predict_surgery.NEEDED) if surgery else _NEEDED
    frames = read_tables(settings.live, list(wanted))
    draws = _draws(settings, frames)
    population = _population(draws)
    who = frames["patients"].merge(frames["status"][["patient_id"]], on="patient_id")
    if patient is not None:
        reports, lesion = _of_patient(frames["sessions"], frames["patients"], patient)
    else:
        reports = parse_relief(relief or "")
        lesion = (level or "", site or "", STROKES.get(origin or "", ""))
    courses, told = _predict(population, reports, lesion, horizon)
    from bayes.basis import basis

    sessions = frames["sessions"].merge(who[["patient_id"]], on="patient_id")
    told["basis"] = {
        "source": "this centre's analysed patients",
        "as_of": str(pd.to_datetime(sessions["session_date"]).max().date()),
        "is_synthetic": meta.kind == "synthetic",
        **basis(sessions, who, reports, lesion[0]),
    }
    if surgery:
        told["surgery"] = predict_surgery.outlook(
            settings, frames, draws, patient, reports, courses
        )
    told["sessions"] = [None if np.isnan(value) else float(value) for value in reports]
    if as_json:
        print_json({"schema": "plateau.predict/1", "horizon_session": horizon, **told})
    else:
        click.echo(sentences(told, horizon))
    return 0


def parse_relief(text: str) -> np.ndarray:
    """Return the reports in a text such as '0,10,-,20'; '-' is missing, NaN.

    Raises
    ------
    WrongUse
        A part is no number from 0 to 100, or there are too many.
    """
    parts = [part.strip() for part in text.split(",")]
    values = []
    for number, part in enumerate(parts, 1):
        try:
            value = np.nan if part == "-" else float(part)
        except ValueError:
            raise WrongUse(f"--relief, session {number}: {part!r} is no number or -.") from None
        if not (np.isnan(value) or 0 <= value <= 100):
            raise WrongUse(f"--relief, session {number}: relief lies between 0 and 100.")
        values.append(value)
    if len(values) > MOST_SESSIONS:
        raise WrongUse(f"--relief: at most {MOST_SESSIONS} sessions are used.")
    return np.array(values)


def _draws(settings: Settings, frames: dict[str, pd.DataFrame]) -> xr.Dataset:
    run_id = status_of(frames.get(STATUS_TABLE)).get("rows_run_id")
    posterior = stored_draws(settings, run_id)
    if posterior is None:
        raise InputMissing(
            "No converged fit of today's model is published yet; run `plateau nightly`."
        )
    return posterior


def _population(posterior: xr.Dataset) -> Population:
    from bayes.covariates import Covariates
    from bayes.parameters import EFFECT_SD, PARAMETERS, scores_of
    from bayes.predict import Population

    natural = np.stack([posterior[p.name].to_numpy().ravel() for p in PARAMETERS], axis=-1)
    effect = posterior["effect_score"].to_numpy()
    labels = [str(label).rstrip("]").split("[", 1) for label in posterior["effect"].to_numpy()]
    codes = {name: tuple(c for n, c in labels if n == name) for name in EFFECT_SD}
    joined = np.concatenate([scores_of(natural), effect.reshape(len(natural), -1)], axis=-1)
    return Population(joined, Covariates(codes)).thinned(DRAWS)


def _of_patient(
    sessions: pd.DataFrame, patients: pd.DataFrame, patient: str
) -> tuple[np.ndarray, tuple[str, str, str]]:
    mine = patients[patients["patient_id"] == patient]
    if mine.empty:
        raise PlateauError("No such patient: give the pseudonym as in the table `patients`.")
    rows = sessions[sessions["patient_id"] == patient].sort_values("session_no")
    reports = rows["pain_relief_pct"].to_numpy(dtype=float)[:MOST_SESSIONS]
    row = mine.iloc[0]
    columns = ("lesion_level", "lesion_site", "stroke_type")
    level, site, stroke = ("" if pd.isna(row[name]) else str(row[name]) for name in columns)
    return reports, (level, site, stroke)


def _predict(
    population: Population, reports: np.ndarray, lesion: tuple[str, str, str], horizon: int
) -> tuple[Courses, dict[str, Any]]:
    from bayes.outlook import outlook
    from bayes.predict import cohort_of, predict_courses, without_reports

    codes = [[code] for code in lesion]
    # A cohort needs a report to exist; this one is ignored.
    unseen = without_reports(population, cohort_of(np.zeros((1, 1)), *codes), copies=8)
    known = np.isfinite(reports).any()
    courses = predict_courses(population, cohort_of(reports[None], *codes)) if known else unseen
    return courses, outlook(courses, len(reports), horizon, unseen)


def sentences(told: dict[str, Any], horizon: int) -> str:
    """Say a prediction in words, with its basis."""
    rests = told["basis"]
    plateau, later = told["plateau"], told["relief_at_horizon"]
    ends = f"[{plateau['q05']:.0f}, {plateau['q95']:.0f}]"
    shares = ", ".join(f"{cut} %: {p:.2f}" for cut, p in told["p_plateau_ge"].items())
    reported = ", ".join(f"{cut} %: {p:.2f}" for cut, p in told["p_reported_at_horizon_ge"].items())
    session = told["saturation_session"]
    when = (
        told["saturation_reason"]
        if session is None
        else f"session {session['median']:.0f} [{session['q05']:.0f}, {session['q95']:.0f}]"
    )
    change = told["next_session"]
    lines = [
        "Patients with such first sessions went on to report, where treatment went on:",
        f"  plateau             {plateau['mean']:.0f} % {ends}",
        f"  P(plateau at least) {shares}",
        f"  90 % of the plateau {when}",
        f"  expected relief at session {horizon}: {later['mean']:.0f} % "
        f"[{later['q05']:.0f}, {later['q95']:.0f}]",
        f"  P(one report at session {horizon} at least) {reported}",
        f"  one more report may move P(plateau >= 30 %) from {change['p_plateau_ge_30_now']:.2f} "
        f"to {change['q05']:.2f}-{change['q95']:.2f}",
        f"Basis: {rests['n_patients']} patients of {rests['source']} up to {rests['as_of']}, "
        f"{rests['n_similar']} of them similar.",
    ]
    if rests["extrapolated"]:
        lines.append(f"Extrapolated: {rests['extrapolated_reason']}.")
    if rests["is_synthetic"]:
        lines.append("Simulated data.")
    if "surgery" in told:
        lines += predict_surgery.sentences(told["surgery"])
    lines.append(
        "Research software, not a medical device. Relief is self-reported and uncontrolled; "
        "brackets are 90 % intervals."
    )
    return "\n".join(lines)
