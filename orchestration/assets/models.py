"""The Bayesian relief curve as assets; a fit that fails never holds back the marts.

Where it fails or does not converge, its tables keep the last good rows with their run id and date,
and `model_status` says what happened. Where nothing that a fit depends on has changed since a
good one, its rows stand and nothing is fitted.
"""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from orchestration import model_rows, model_store
from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_rows import RELIEF, STATUS_TABLE, STATUS_TEXT
from orchestration.model_store import CURVE_TABLES
from orchestration.settings import Settings

if TYPE_CHECKING:
    from bayes.fit import Fit


def make(settings: Settings) -> list[Any]:
    """Assets of the models stage."""
    names = [*CURVE_TABLES, STATUS_TABLE]

    @dg.multi_asset(
        name="relief_model",
        specs=[
            dg.AssetSpec(
                name,
                deps=["sessions", "status"],
                group_name="models",
                kinds={"pymc", "duckdb"},
                owners=SCIENCE,
                description=text,
            )
            for name, text in {**CURVE_TABLES, STATUS_TABLE: STATUS_TEXT}.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "relief_model_converged",
                asset=STATUS_TABLE,
                description="Pareto k, R-hat, effective size and divergences of the last fit. "
                "A failure withholds the model's claims, never the marts.",
            )
        ],
        pool=WRITER_POOL,
    )
    def relief_model(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[Any]:
        with journal.step("relief model"):
            status, rows = _attempt(settings, build, journal)
            model_rows.keep(build, status, rows, CURVE_TABLES)
        journal.event("model", **status)
        counts = row_counts(build, names)
        for name in names:
            extra = _numbers(status) if name == STATUS_TABLE else {}
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name] | extra)
        yield dg.AssetCheckResult(
            check_name="relief_model_converged",
            asset_key=STATUS_TABLE,
            passed=status["status"] == "converged",
            severity=dg.AssetCheckSeverity.WARN,
            description=status["reason"],
            metadata=_numbers(status),
        )

    return [relief_model]


def _attempt(
    settings: Settings, build: Build, journal: Journal
) -> tuple[dict[str, Any], dict[str, pd.DataFrame] | None]:
    """Fit; return the status row, and the tables' rows where the fit passed its gate."""
    began = time.perf_counter()
    status = model_rows.attempt(build, RELIEF) | {"n_patients": 0, "n_sessions": 0}
    rows = None
    try:
        sessions, patients = model_store.read_data(build)
        status |= {"n_patients": len(patients), "n_sessions": len(sessions)}
        status["data_hash"] = model_store.fingerprint(settings, sessions, patients)
        found = model_rows.earlier(build)
        if model_store.is_current(found, status["data_hash"], settings.posteriors):
            kept = ("status", "reason", "engine", "ess_min", "r_hat_max", "pareto_k", "mode")
            status |= {name: found[name] for name in kept} | {"is_reused": True}
            status["divergences"] = int(found["divergences"])
        else:
            fit = _fit(settings, sessions, patients, found, journal)
            status |= _verdict(fit)
            if fit.diagnosis.status == "converged":
                rows = _rows(settings, build, fit, patients)
    except Exception as error:
        # The text of an unexpected error may quote a report, so only its type is kept.
        rows = None
        status |= {"status": "failed", "reason": f"the fit stopped on {type(error).__name__}"}
        journal.event("model_failed", error=type(error).__name__)
    status["seconds"] = round(time.perf_counter() - began, 2)
    return status, rows


def _fit(
    settings: Settings,
    sessions: pd.DataFrame,
    patients: pd.DataFrame,
    found: dict[str, Any],
    journal: Journal,
) -> "Fit":
    """Fit, beginning at the mode of the fit before."""
    from bayes.fit import FitConfig, fit

    config = FitConfig(
        engine=settings.model_engine,
        marginal_draws=settings.model_marginal_draws,
        draws=settings.model_draws,
        tune=settings.model_tune,
        chains=settings.model_chains,
        seed=settings.seed,
    )
    warm = json.loads(found["mode"]) if isinstance(found.get("mode"), str) else None
    return fit(sessions, config, patients=patients, warm=warm, progress=journal.progress)


def _verdict(fit: "Fit") -> dict[str, Any]:
    diagnosis = fit.diagnosis
    return {
        "status": diagnosis.status,
        "reason": diagnosis.reason,
        "engine": fit.engine,
        "r_hat_max": diagnosis.r_hat_max,
        "ess_min": diagnosis.ess_min,
        "pareto_k": diagnosis.pareto_k,
        "divergences": diagnosis.divergences,
        "mode": json.dumps(fit.mode),
    }


def _rows(
    settings: Settings, build: Build, fit: "Fit", patients: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Keep the posterior; return the rows of the model's tables."""
    from bayes.tables import fit_tables, with_weeks

    path = settings.posteriors / f"{build.run_id}.zarr"
    fit.posterior.tree().to_zarr(path, mode="w", consolidated=False)
    found = fit_tables(fit)
    days = patients.set_index("patient_id")["median_interval_days"]
    found["patient_plateau"] = with_weeks(found["patient_plateau"], days)
    return found


def _numbers(status: dict[str, Any]) -> dict[str, Any]:
    """Numeric metadata under the same keys each night, for the UI's plots."""
    wanted = (
        "r_hat_max", "ess_min", "pareto_k", "divergences", "n_patients", "n_sessions", "seconds",
    )  # fmt: skip
    numbers = {name: float(status[name]) for name in wanted if status[name] is not None}
    text = {name: status[name] for name in ("status", "engine") if status[name] is not None}
    return {name: value for name, value in numbers.items() if value == value} | text
