"""What the relief model reads, and what an earlier fit left for the next one.

Here: its tables' names, its data, the hash of what was fitted, the kept posterior. Not here:
which rows stand (`model_rows.py`), the fit (`assets/models.py`, `bayes`).
"""

import json
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.build import Build
from orchestration.settings import ROOT, Settings

if TYPE_CHECKING:
    import xarray as xr

CURVE_TABLES = {
    "patient_curve": "Expected reported relief by patient and session, had treatment gone on.",
    "patient_plateau": "Plateau and saturation session by patient, with the reason where untold.",
    "population_estimate": "Population parameters with their convergence figures.",
    "decomposition": "Rise of responders' mean from session 4 to 15: selection, accumulation, "
    "attrition, by definition of status and tipping point.",
}


def read_data(build: Build) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sessions and patients of the analysed, as `bayes.cohort.prepare` takes them.

    Beside what is fitted, sessions hold what the sensitivities read: session_date, has_covid_gap
    (of the interval before), analgesics_changed (missing where it was not delivered).
    """
    with build.read() as connection:
        sessions = connection.execute(
            "select s.patient_id, s.session_no, s.pain_relief_pct, s.session_date, "
            "i.has_covid_gap, r.analgesics_changed from sessions as s "
            "semi join status as t using (patient_id) "
            "left join intervals as i using (row_key) left join raw_sessions as r using (row_key) "
            "order by 1, 2"
        ).df()
        patients = connection.execute(
            "select p.patient_id, p.lesion_level, p.lesion_site, p.stroke_type, p.n_sessions, "
            "p.median_interval_days, "
            "case when p.is_ongoing then 'ongoing' else p.stop_reason end as stop_reason, "
            "case t.responder_status when 'responder' then 1.0 when 'non_responder' then 0.0 end "
            "as is_responder from patients as p join status as t using (patient_id) order by 1"
        ).df()
    return sessions, patients


def fingerprint(settings: Settings, sessions: pd.DataFrame, patients: pd.DataFrame) -> str:
    """Return 32 hex digits of all that a fit depends on: data, settings, the model's code."""
    digest = blake2b(digest_size=16)
    for frame in (sessions, patients):
        digest.update(frame.to_csv(index=False).encode())
    chosen = ("seed", "model_engine", "model_marginal_draws", "model_draws", "model_tune")
    digest.update(json.dumps([getattr(settings, name) for name in chosen]).encode())
    digest.update(model_code().encode())
    return digest.hexdigest()


@cache
def model_code() -> str:
    """Return 32 hex digits of the model's code."""
    digest = blake2b(digest_size=16)
    for path in sorted((ROOT / "bayes").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def is_current(found: dict[str, Any], data_hash: str, posteriors: Path) -> bool:
    """Return whether the rows that the build holds are a good fit of just these data."""
    same = found.get("data_hash") == data_hash and found.get("status") == "converged"
    return same and (posteriors / f"{found['rows_run_id']}.zarr").exists()


def stored_draws(settings: Settings, run_id: object) -> "xr.Dataset | None":
    """Return the posterior that a run kept; None where there is none of today's parameters."""
    import xarray as xr

    from bayes.parameters import NAMES

    path = settings.posteriors / f"{run_id}.zarr"
    if not isinstance(run_id, str) or not path.exists():
        return None
    tree = xr.open_datatree(path, engine="zarr", consolidated=False)
    draws = tree["posterior"].to_dataset().load()
    return draws if set(NAMES) <= set(draws.data_vars) else None
