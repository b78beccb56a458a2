"""The Bayesian relief curve as assets; a fit that fails never holds back the marts.

Where it fails or does not converge, its tables keep the last good rows with their run id and date,
and `model_status` says what happened.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import replace_table, tables

if TYPE_CHECKING:
    from bayes.fit import Fit

CURVE_TABLES = {
    "patient_curve": "Expected reported relief by patient and session, had treatment gone on.",
    "patient_plateau": "Plateau and saturation session by patient, with the reason where untold.",
    "population_estimate": "Population parameters with their convergence figures.",
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
        "saturation_reason": "str",
        "p_plateau_ge_10": "float64",
        "p_plateau_ge_30": "float64",
        "p_plateau_ge_50": "float64",
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
}


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
                description="R-hat, effective sample size and divergences of the last fit. "
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
            _write(build, status, rows)
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
    status: dict[str, Any] = {
        "model": "relief",
        "run_id": build.run_id,
        "attempted_at": datetime.now(UTC).replace(tzinfo=None),
        "status": "failed",
        "reason": "",
        "r_hat_max": float("nan"),
        "ess_min": float("nan"),
        "divergences": None,
        "n_patients": 0,
        "n_sessions": 0,
    }
    rows = None
    try:
        data = _data(build)
        status |= {"n_patients": data["patient_id"].nunique(), "n_sessions": len(data)}
        fit = _fit(settings, data, journal)
        diagnosis = fit.diagnosis
        status |= {
            "reason": diagnosis.reason,
            "r_hat_max": diagnosis.r_hat_max,
            "ess_min": diagnosis.ess_min,
            "divergences": diagnosis.divergences,
        }
        if diagnosis.status == "converged":
            rows = _rows(fit)
            path = settings.posteriors / f"{build.run_id}.zarr"
            fit.posterior.to_zarr(path, mode="w", consolidated=False)
        status["status"] = diagnosis.status
    except Exception as error:
        # The text of an unexpected error may quote a report, so only its type is kept.
        rows = None
        status["reason"] = f"the fit stopped on {type(error).__name__}"
        journal.event("model_failed", error=type(error).__name__)
    status["seconds"] = round(time.perf_counter() - began, 2)
    return status, rows


def _rows(fit: "Fit") -> dict[str, pd.DataFrame]:
    """Rows of the model's tables."""
    from bayes.quantities import patient_curve, patient_plateau, population_estimate

    makers = (patient_curve, patient_plateau, population_estimate)
    return {name: maker(fit) for name, maker in zip(CURVE_TABLES, makers, strict=True)}


def _data(build: Build) -> pd.DataFrame:
    """Sessions of the analysed patients."""
    with build.read() as connection:
        return connection.execute(
            "select s.patient_id, s.session_no, s.pain_relief_pct from sessions as s "
            "semi join status as t using (patient_id) order by 1, 2"
        ).df()


def _fit(settings: Settings, data: pd.DataFrame, journal: Journal) -> "Fit":
    from bayes.fit import FitConfig, fit

    config = FitConfig(
        draws=settings.model_draws,
        tune=settings.model_tune,
        chains=settings.model_chains,
        seed=settings.seed,
    )
    return fit(data, config, progress=journal.progress)


def _write(build: Build, status: dict[str, Any], fresh: dict[str, pd.DataFrame] | None) -> None:
    """Write new rows, or keep the last good ones; the status row says which."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with build.write() as connection:
        held = set(tables(connection))
        for name, rows in (fresh or {}).items():
            stamped = rows.assign(run_id=build.run_id, fitted_at=now)
            replace_table(connection, name, stamped)
        for name in CURVE_TABLES:
            if fresh is None and name not in held:
                columns = {**_EMPTY[name], "run_id": "str", "fitted_at": "datetime64[us]"}
                empty = pd.DataFrame({c: pd.Series(dtype=t) for c, t in columns.items()})
                replace_table(connection, name, empty)
        origin = connection.execute(
            "select any_value(run_id), any_value(fitted_at) from population_estimate"
        ).fetchone() or (None, None)
        row = status | {"rows_run_id": origin[0], "rows_fitted_at": origin[1]}
        status.update({"rows_run_id": origin[0], "rows_fitted_at": origin[1]})
        connection.execute(
            "create or replace table model_status as select "
            "$model::varchar as model, $run_id::varchar as run_id, "
            "$attempted_at::timestamp as attempted_at, $status::varchar as status, "
            "$reason::varchar as reason, $rows_run_id::varchar as rows_run_id, "
            "$rows_fitted_at::timestamp as rows_fitted_at, $r_hat_max::double as r_hat_max, "
            "$ess_min::double as ess_min, $divergences::integer as divergences, "
            "$n_patients::integer as n_patients, $n_sessions::integer as n_sessions, "
            "$seconds::double as seconds",
            row,
        )


def _numbers(status: dict[str, Any]) -> dict[str, Any]:
    """Numeric metadata under the same keys each night, for the UI's plots."""
    wanted = ("r_hat_max", "ess_min", "divergences", "n_patients", "n_sessions", "seconds")
    numbers = {name: float(status[name]) for name in wanted if status[name] is not None}
    return {name: value for name, value in numbers.items() if value == value} | {
        "status": status["status"]
    }
