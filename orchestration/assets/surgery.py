"""The surgery model as assets: from the kept posterior of the curves and the mart of the operated.

It takes seconds and is asked every night, also where the curves are those of an earlier night. It
never holds back the marts: where it cannot be estimated, its table says why.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.model_store import STATUS_TABLE, earlier, read_data, stored_draws
from orchestration.settings import Settings
from orchestration.surgery_store import bands_of, candidates_of
from orchestration.warehouse import replace_table

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
                "A failure leaves the reason in the table and never holds back the marts.",
            )
        ],
        pool=WRITER_POOL,
    )
    def surgery_model(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[Any]:
        with journal.step("surgery model"):
            tables = _attempt(settings, build, journal)
            now = datetime.now(UTC).replace(tzinfo=None)
            with build.write() as connection:
                for name, frame in tables.items():
                    replace_table(
                        connection, name, frame.assign(run_id=build.run_id, fitted_at=now)
                    )
        first = tables[MAIN].iloc[0]
        counts = row_counts(build, list(SURGERY_TABLES))
        for name in SURGERY_TABLES:
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name])
        yield dg.AssetCheckResult(
            check_name="surgery_model_estimated",
            asset_key=MAIN,
            passed=first["status"] == "estimated",
            severity=dg.AssetCheckSeverity.WARN,
            description=first["reason"] or "estimated",
            metadata={"n_evaluated": int((tables[MAIN]["n_evaluated"].fillna(0)).max())},
        )

    return [surgery_model]


def _attempt(settings: Settings, build: Build, journal: Journal) -> dict[str, "pd.DataFrame"]:
    from bayes.surgery.tables import not_estimated

    try:
        return _tables(settings, build)
    except Exception as error:
        # The text of an unexpected error may quote a report, so only its type is kept.
        journal.event("model_failed", error=type(error).__name__)
        return not_estimated(f"the model stopped on {type(error).__name__}")


def _tables(settings: Settings, build: Build) -> dict[str, "pd.DataFrame"]:
    from bayes.surgery.tables import not_estimated, surgery_tables

    draws = stored_draws(settings, earlier(build).get("rows_run_id"))
    if draws is None:
        return not_estimated("no relief curve has been fitted yet")
    sessions, _ = read_data(build)
    with build.read() as connection:
        emcs = connection.execute("from emcs order by patient_id").df()
    return surgery_tables(candidates_of(draws, sessions, emcs), settings.seed, bands_of(settings))
