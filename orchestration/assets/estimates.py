"""The study's own statistics as `estimate_*` tables, and the published figures beside them."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg

from expectations.estimate_suites import columns_of
from orchestration.assets.description import SCIENCE, row_counts, table_schema
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.warehouse import read_tables, replace_table

if TYPE_CHECKING:
    import pandas as pd


class Table(NamedTuple):
    """Marts that a table is computed from, the function of `classical`, what it holds."""

    marts: tuple[str, ...]
    function: str
    text: str


ESTIMATES = {
    "estimate_baseline": Table(
        ("baseline",), "estimates.baseline_table",
        "Table 1 of the study: who the analysed patients are.",
    ),
    "estimate_test_period": Table(
        ("test_period_long",), "estimates.test_period_table",
        "Table 2: reported relief, its duration and NPSI by session, with mixed-model slopes.",
    ),
    "estimate_odds_ratio": Table(
        ("status",), "estimates.odds_ratios",
        "Odds of response: central against peripheral, ischaemic against haemorrhagic stroke.",
    ),
    "estimate_safety": Table(
        ("safety_counts",), "safety.safety_table",
        "Adverse events by patient, session and surgery, with exact intervals.",
    ),
    "estimate_cohort": Table(
        ("patients", "status", "transitions"), "cohort.cohort_table",
        "Flow, status, categories and transitions, counted.",
    ),
    "estimate_slope": Table(
        ("test_period_long",), "slopes.slope_table",
        "Slopes with random intercepts and random slopes, under three readings of what is missing.",
    ),
    "estimate_band": Table(
        ("bands",), "bands.band_table",
        "Responders of 10-29 % against those of 30-49 %.",
    ),
    "estimate_group": Table(
        ("status", "baseline", "test_period"), "groups.group_table",
        "Relief and status by lesion level, cause and site, by rank, t and exact tests.",
    ),
    "estimate_course": Table(
        ("patients", "status", "intervals", "sessions"), "course.course_table",
        "Long course of responders: sessions, landmarks, Kaplan-Meier, Aalen-Johansen, smooth.",
    ),
    "estimate_emcs": Table(
        ("emcs", "patients", "sessions"), "surgery.emcs_table",
        "Operated patients: relief before and after, rank tests, correlation, regression.",
    ),
    "estimate_agreement": Table(
        ("test_period_long",), "agreement.agreement_table",
        "Whether reported relief and NPSI tell the same of a patient.",
    ),
}  # fmt: skip
COMPARISON = "published_comparison"


def make() -> list[Any]:
    """One asset an estimate table, and the comparison with the published figures."""
    return [*(_estimate(name, table) for name, table in ESTIMATES.items()), _comparison()]


def _estimate(name: str, table: Table) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        deps=list(table.marts),
        group_name="estimates",
        kinds={"python", "duckdb"},
        owners=SCIENCE,
        description=table.text,
        metadata=_schema(name),
        pool=WRITER_POOL,
    )
    def estimate(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.MaterializeResult:
        with journal.step(name):
            frame = _function(table.function)(**read_tables(build.path, list(table.marts)))
            with build.write() as connection:
                replace_table(connection, name, frame)
        failed = int((frame["status"] != "ok").sum())
        counts = row_counts(build, [name])[name]
        return dg.MaterializeResult(metadata=counts | {"n_not_estimable": failed})

    return estimate


def _comparison() -> dg.AssetsDefinition:
    @dg.asset(
        name=COMPARISON,
        deps=list(ESTIMATES),
        group_name="estimates",
        kinds={"python", "duckdb"},
        owners=SCIENCE,
        description="Every published figure of the study beside ours, with a verdict.",
        metadata=_schema(COMPARISON),
        pool=WRITER_POOL,
    )
    def published_comparison(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> dg.MaterializeResult:
        from classical import published

        with journal.step(COMPARISON):
            frame = published.published_comparison(read_tables(build.path, list(ESTIMATES)))
            with build.write() as connection:
                replace_table(connection, COMPARISON, frame)
        counts = row_counts(build, [COMPARISON])[COMPARISON]
        verdicts = {f"n_{word.replace(' ', '_')}": n for word, n in
                    published.summary(frame).items()}  # fmt: skip
        return dg.MaterializeResult(metadata=counts | verdicts)

    return published_comparison


def _schema(name: str) -> dict[str, Any]:
    columns = columns_of(name)
    types = {column: kind for column, (kind, _) in columns.items()}
    return table_schema(types, {column: text for column, (_, text) in columns.items()})


def _function(path: str) -> Callable[..., "pd.DataFrame"]:
    """Return a function of `classical` by 'module.function'; loaded when it is needed."""
    module, _, name = path.rpartition(".")
    function: Callable[..., pd.DataFrame] = getattr(import_module(f"classical.{module}"), name)
    return function
