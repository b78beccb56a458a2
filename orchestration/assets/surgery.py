"""The surgery model as assets: from the kept posterior of the curves and the mart of the operated.

It takes seconds and is asked every night, also where the curves are those of an earlier night. It
never holds back the marts: where it cannot be estimated, `model_status` says why.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration import model_rows
from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_rows import STATUS_TABLE, SURGERY
from orchestration.model_store import read_data, stored_draws
from orchestration.settings import Settings
from orchestration.surgery_store import bands_of, candidates_of

if TYPE_CHECKING:
    import pandas as pd

SURGERY_TABLES = {
    "surgery_estimate": "Correlation of relief under rTMS and at the first evaluation after "
    "surgery, for operated and candidates, with the range where the surgeon knew more.",
    "patient_surgery_outlook": "First evaluation of operated patients with such an rTMS result: "
    "predictive interval by patient and its basis.",
    "surgery_agreement": "Figures of the evaluated as observed and as the model replicates them.",
}
MAIN = "surgery_estimate"


def make(settings: Settings) -> list[Any]:
    """Assets of the surgery model."""

    @dg.multi_asset(
        name="surgery_model",
        specs=[
            dg.AssetSpec(
                name,
                deps=[STATUS_TABLE, "emcs", "sessions", "status"],
                group_name="models",
                kinds={"python", "duckdb"},
                owners=SCIENCE,
                description=text,
            )
            for name, text in SURGERY_TABLES.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "surgery_model_estimated",
                asset=MAIN,
                description="Enough operated patients were evaluated, and the posterior was found. "
                "A failure leaves the earlier ones, which say of which run they are, and never "
                "holds back the marts.",
            )
        ],
        pool=WRITER_POOL,
    )
    def surgery_model(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[Any]:
        with journal.step("surgery model"):
            status = _attempt(settings, build, journal)
        counts = row_counts(build, list(SURGERY_TABLES))
        for name in SURGERY_TABLES:
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name])
        yield dg.AssetCheckResult(
            check_name="surgery_model_estimated",
            asset_key=MAIN,
            passed=status["status"] == "estimated",
            severity=dg.AssetCheckSeverity.WARN,
            description=status["reason"],
        )

    return [surgery_model]


def _attempt(settings: Settings, build: Build, journal: Journal) -> dict[str, Any]:
    """Estimate; return the status row."""
    began = time.perf_counter()
    status, fresh = model_rows.attempt(build, SURGERY), None
    try:
        made = _tables(settings, build)
        if isinstance(made, str):
            status |= {"status": "not_estimated", "reason": made}
        else:
            fresh = made
            status |= {"status": "estimated", "reason": "estimated"}
    except Exception as error:
        # The text of an unexpected error may quote a report, so only its type is kept.
        journal.event("model_failed", error=type(error).__name__)
        status["reason"] = f"the model stopped on {type(error).__name__}"
    status["seconds"] = round(time.perf_counter() - began, 2)
    model_rows.keep(build, status, fresh, SURGERY_TABLES)
    return status


def _tables(settings: Settings, build: Build) -> "dict[str, pd.DataFrame] | str":
    """Return the tables by name, or why nothing is estimated."""
    from bayes.surgery.tables import surgery_tables

    draws = stored_draws(settings, model_rows.earlier(build).get("rows_run_id"))
    if draws is None:
        return "no relief curve has been fitted yet"
    sessions, _ = read_data(build)
    with build.read() as connection:
        emcs = connection.execute("from emcs order by patient_id").df()
    made = surgery_tables(candidates_of(draws, sessions, emcs), settings.seed, bands_of(settings))
    first = made[MAIN].iloc[0]
    return made if first["status"] == "estimated" else str(first["reason"])
