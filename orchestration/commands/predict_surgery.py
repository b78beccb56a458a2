"""`plateau predict --surgery`: the first evaluation of operated patients with such an rTMS result.

Here: one patient's figures with their basis and the complications beside them, and their words.
Never a reason to refuse surgery. Not here: the model (`bayes/surgery/`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from orchestration.settings import Settings
from orchestration.surgery_store import bands_of, candidates_of

if TYPE_CHECKING:
    import xarray as xr

    from bayes.predict import Courses

NEEDED = ("emcs", "safety_counts", "estimate_safety", "surgery_estimate", "patient_surgery_outlook")


def outlook(
    settings: Settings,
    frames: dict[str, pd.DataFrame],
    draws: xr.Dataset,
    patient: str | None,
    reports: np.ndarray,
    courses: Courses,
) -> dict[str, Any]:
    """Return what operated patients with such an rTMS result reported at their first evaluation.

    Parameters
    ----------
    frames
        Published tables by name, `NEEDED` and sessions among them.
    draws
        The kept posterior of the curves.
    patient
        Of the warehouse: what the last night published of him is told; None for typed reports.
    reports
        Reports of sessions 1..k, NaN where missing.
    courses
        The patient's courses given them.
    """
    row: pd.Series | str | None = _published(frames, patient)
    if row is None:
        row = _new(settings, frames, draws, reports, courses)
    told = {"complications": _complications(frames)}
    if isinstance(row, str):
        return {"status": "not_predicted", "reason": row, **told}
    return {
        "status": "predicted",
        "reason": None,
        "mean": float(row["mean_relief_pct"]),
        **{end: float(row[f"{end}_relief_pct"]) for end in ("q05", "q50", "q95")},
        "p_reported_ge": {str(cut): float(row[f"p_reported_ge_{cut}"]) for cut in (10, 30, 50)},
        "mean_surgeon_knew": float(row["mean_surgeon_knew_pct"]),
        "basis": {
            "n_evaluated": _n_evaluated(frames),
            "rtms_relief": float(row["rtms_relief_pct"]),
            "last_report": float(row["last_report_pct"]),
            "n_similar": int(row["n_similar"]),
            "extrapolated": bool(row["is_extrapolated"]),
            "extrapolated_reason": row["extrapolated_reason"] or None,
        },
        **told,
    }


def sentences(told: dict[str, Any]) -> list[str]:
    """Say it in words."""
    head = "First evaluation after implanted stimulation"
    if told["status"] != "predicted":
        return [f"{head}: not predicted, {told['reason']}.", told["complications"], _CLOSE]
    rests = told["basis"]
    shares = ", ".join(f"{cut} %: {p:.2f}" for cut, p in told["p_reported_ge"].items())
    lines = [
        f"{head}: what operated patients with such an rTMS result reported:",
        f"  reported relief     {told['mean']:.0f} % [{told['q05']:.0f}, {told['q95']:.0f}]",
        f"  P(report at least)  {shares}",
        f"  had the choice told more than rTMS does (0.6), mean {told['mean_surgeon_knew']:.0f} %",
        f"Basis: {rests['n_evaluated']} evaluated operated patients, {rests['n_similar']} of them "
        "with such a last report under rTMS.",
    ]
    if rests["extrapolated"]:
        lines.append(f"Extrapolated: {rests['extrapolated_reason']}.")
    return [*lines, told["complications"], _CLOSE]


_CLOSE = (
    "Patients were chosen for surgery and relief is uncontrolled. Nothing here is a reason to "
    "refuse surgery."
)


def _published(frames: dict[str, pd.DataFrame], patient: str | None) -> pd.Series | None:
    """Return what the last night told of a patient; the own evaluation was left out of it."""
    table = frames.get("patient_surgery_outlook")
    if patient is None or table is None:
        return None
    mine = table[table["patient_id"] == patient]
    return None if mine.empty else mine.iloc[0]


def _new(
    settings: Settings,
    frames: dict[str, pd.DataFrame],
    draws: xr.Dataset,
    reports: np.ndarray,
    courses: Courses,
) -> pd.Series | str:
    """Return the row of one who is none of the candidates, or why there is none."""
    from bayes.surgery.tables import outlook_of_new

    if "emcs" not in frames:
        return "no table of operated patients is published yet"
    who = candidates_of(draws, frames["sessions"], frames["emcs"])
    course = courses.mean_reports(np.array([float(len(reports))]))[:, 0, 0]
    rng = np.random.default_rng([settings.seed, 25])
    relief = rng.choice(course, size=len(who.relief), p=courses.weight[:, 0])
    known = reports[np.isfinite(reports)]
    last = float(known[-1]) if known.size else np.nan
    return outlook_of_new(who, relief, last, settings.seed, bands_of(settings))


def _n_evaluated(frames: dict[str, pd.DataFrame]) -> int:
    estimate = frames.get("surgery_estimate")
    known = pd.Series(dtype=float) if estimate is None else estimate["n_evaluated"].dropna()
    return 0 if known.empty else int(known.iloc[0])


def _complications(frames: dict[str, pd.DataFrame]) -> str:
    """Return the sentence of the page, which counts who says neither yes nor no as unknown."""
    from report.sections.surgery import BELONG, complications

    return complications(frames).text.removesuffix(BELONG).strip()
