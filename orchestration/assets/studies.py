"""Simulation studies as assets. The nightly runs a small one; it reads no patient's data."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import replace_table

STUDY_TABLES = {
    "study_cell": "Counts by rule, test length and threshold over simulated cohorts.",
    "study_performance": "Sensitivity, specificity, PPV, NPV, sessions spent; each with MCSE.",
}


def make(settings: Settings) -> list[Any]:
    """Assets of the studies stage."""

    @dg.multi_asset(
        name="test_period_length",
        specs=[
            dg.AssetSpec(
                name,
                group_name="studies",
                kinds={"numpy", "duckdb"},
                owners=SCIENCE,
                description=f"{text} Simulated cohorts only.",
            )
            for name, text in STUDY_TABLES.items()
        ],
        pool=WRITER_POOL,
    )
    def test_period_length(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[dg.MaterializeResult]:
        from simulate.studies import design, run

        with journal.step("test-period study"):
            frames = run.run(
                design.load("test_period_length"),
                n_cohorts=settings.study_cohorts,
                seed=settings.seed,
                progress=journal.progress,
            )
            with build.write() as connection:
                for name, frame in zip(STUDY_TABLES, frames, strict=True):
                    replace_table(connection, name, frame)
        counts = row_counts(build, STUDY_TABLES)
        for name in STUDY_TABLES:
            extra = {"n_cohorts": settings.study_cohorts}
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name] | extra)

    return [test_period_length]
