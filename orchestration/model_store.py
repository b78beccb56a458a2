"""The relief model's tables in a build, and what an earlier fit left for the next one.

Here: columns, writing, the status row, the hash of what was fitted. Not here: the fit
(`assets/models.py`, `bayes`).
"""

import json
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.build import Build
from orchestration.settings import ROOT, Settings
from orchestration.warehouse import replace_table, tables

if TYPE_CHECKING:
    import xarray as xr

CURVE_TABLES = {
    "patient_curve": "Expected reported relief by patient and session, had treatment gone on.",
    "patient_plateau": "Plateau and saturation session by patient, with the reason where untold.",
    "population_estimate": "Population parameters with their convergence figures.",
    "decomposition": "Rise of responders' mean from session 4 to 15: selection, accumulation, "
    "attrition, by definition of status and tipping point.",
}
STATUS_TABLE = "model_status"
STATUS_TEXT = "The last attempt to fit, its convergence, and which run's rows the tables hold."

_EMPTY: dict[str, dict[str, str]] = {
    "patient_curve": {
        "patient_id": "str",
        "session_no": "int64",
        "mean_relief_pct": "float64",
        "q05_relief_pct": "float64",
        "q50_relief_pct": "float64",
        "q95_relief_pct": "float64",
    },
    "patient_plateau": {
        "patient_id": "str",
        "n_observed": "int64",
        "plateau_mean_pct": "float64",
        "plateau_q05_pct": "float64",
        "plateau_q95_pct": "float64",
        "saturation_session": "float64",
        "saturation_q05": "float64",
        "saturation_q95": "float64",
        "saturation_95_session": "float64",
        "saturation_reason": "str",
        "p_plateau_ge_10": "float64",
        "p_plateau_ge_30": "float64",
        "p_plateau_ge_50": "float64",
        "saturation_weeks": "float64",
    },
    "population_estimate": {
        "term": "str",
        "mean": "float64",
        "sd": "float64",
        "q05": "float64",
        "q50": "float64",
        "q95": "float64",
        "r_hat": "float64",
        "ess_bulk": "float64",
        "ess_tail": "float64",
    },
    "decomposition": {
        "status_definition": "str",
        "delta_pct": "int64",
        "term": "str",
        "mean_pct": "float64",
        "q05_pct": "float64",
        "q50_pct": "float64",
        "q95_pct": "float64",
        "p_above_0": "float64",
        "n_responders": "int64",
        "n_observed_4": "int64",
        "n_observed_15": "int64",
    },
}

STATUS_COLUMNS = {
    "model": "varchar",
    "run_id": "varchar",
    "attempted_at": "timestamp",
    "status": "varchar",
    "reason": "varchar",
    "engine": "varchar",
    "is_reused": "boolean",
    "rows_run_id": "varchar",
    "rows_fitted_at": "timestamp",
    "r_hat_max": "double",
    "ess_min": "double",
    "pareto_k": "double",
    "divergences": "integer",
    "n_patients": "integer",
    "n_sessions": "integer",
    "seconds": "double",
    "data_hash": "varchar",
    "mode": "varchar",
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
    digest.update(_code().encode())
    return digest.hexdigest()


@cache
def _code() -> str:
    digest = blake2b(digest_size=16)
    for path in sorted((ROOT / "bayes").rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def earlier(build: Build) -> dict[str, Any]:
    """Return the status row that the build began with, empty where there is none."""
    with build.read() as connection:
        if STATUS_TABLE not in tables(connection):
            return {}
        frame = connection.execute(f"from {STATUS_TABLE}").df()
    if frame.empty or "data_hash" not in frame:
        return {}
    return {str(name): value for name, value in frame.iloc[0].items()}


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


def write(build: Build, status: dict[str, Any], fresh: dict[str, pd.DataFrame] | None) -> None:
    """Write new rows, or keep the last good ones; the status row says which."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with build.write() as connection:
        held = set(tables(connection))
        for name, rows in (fresh or {}).items():
            replace_table(connection, name, rows.assign(run_id=build.run_id, fitted_at=now))
        for name in CURVE_TABLES:
            if fresh is None and name not in held:
                columns = {**_EMPTY[name], "run_id": "str", "fitted_at": "datetime64[us]"}
                empty = pd.DataFrame({c: pd.Series(dtype=t) for c, t in columns.items()})
                replace_table(connection, name, empty)
        origin = connection.execute(
            "select any_value(run_id), any_value(fitted_at) from population_estimate"
        ).fetchone() or (None, None)
        status.update({"rows_run_id": origin[0], "rows_fitted_at": origin[1]})
        row = ", ".join(f"${n}::{kind} as {n}" for n, kind in STATUS_COLUMNS.items())
        connection.execute(
            f"create or replace table {STATUS_TABLE} as select {row}",
            {name: status[name] for name in STATUS_COLUMNS},
        )
