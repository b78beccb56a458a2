"""The study's own statistics as `estimate_*` tables: a few lines around `classical.estimates`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.warehouse import read_tables, replace_table

if TYPE_CHECKING:
    import pandas as pd

ESTIMATES = {
    "estimate_baseline": ("baseline", "Table 1 of the study: who the analysed patients are."),
    "estimate_test_period": (
        "test_period_long",
        "Table 2: reported relief, its duration and NPSI by session, with mixed-model slopes.",
    ),
    "estimate_odds_ratio": (
        "status",
        "Odds of response: central against peripheral, ischaemic against haemorrhagic stroke.",
    ),
    "estimate_safety": (
        "safety_counts",
        "Adverse events by patient, session and surgery, with exact intervals.",
    ),
}


def make() -> list[Any]:
    """One asset an estimate table."""
    return [_estimate(name, mart, text) for name, (mart, text) in ESTIMATES.items()]


def _estimate(name: str, mart: str, description: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        deps=[mart],
        group_name="estimates",
        kinds={"python", "duckdb"},
        owners=SCIENCE,
        description=description,
        pool=WRITER_POOL,
    )
    def estimate(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.MaterializeResult:
        with journal.step(name):
            frame = _function(name)(read_tables(build.path, [mart])[mart])
            with build.write() as connection:
                replace_table(connection, name, frame)
        failed = int((frame["status"] != "ok").sum())
        counts = row_counts(build, [name])[name]
        return dg.MaterializeResult(metadata=counts | {"n_not_estimable": failed})

    return estimate


def _function(name: str) -> Callable[["pd.DataFrame"], "pd.DataFrame"]:
    from classical import estimates

    return {
        "estimate_baseline": estimates.baseline_table,
        "estimate_test_period": estimates.test_period_table,
        "estimate_odds_ratio": estimates.odds_ratios,
        "estimate_safety": estimates.estimate_safety,
    }[name]
