"""Simulation studies as assets: a small one every night, whole ones by world.

The nightly canary is drawn anew each night and set beside last night's. The whole studies write
Parquet only (`<data>/studies`): they take neither the data directory's lock nor the writer's pool,
so that a backfill and the nightly never wait for each other. No study reads a patient's data.
"""

import math
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.description import SCIENCE, row_counts
from orchestration.build import Build
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import read_tables, replace_table
from simulate.studies import files

CANARY = "test_period_canary"
WHOLE = tuple(name for name in files.available() if name != CANARY)
STUDY_TABLES = {
    "study_cell": "Counts by rule, test length, threshold and truth over simulated cohorts.",
    "study_performance": "Sensitivity, specificity, PPV, NPV, sessions spent; each with MCSE.",
    "study_net_benefit": "Net benefit by decision threshold beside treating all and none.",
    "study_choice": "Frontier of missed responders against sessions; best length at a stated rate.",
    "study_shard": "Which replicates were counted where, with the SHA-256 of each file.",
}
_OBSERVE_EVERY_SECONDS = 20
_STEPS = 20
"""Shards of a partition at least: progress is told after each, and a stop loses one at most."""


def make(settings: Settings) -> list[Any]:
    """Assets of the studies stage."""
    return [_canary(settings), *(_whole(settings, name) for name in WHOLE)]


def _canary(settings: Settings) -> Any:
    @dg.multi_asset(
        name=CANARY,
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
        check_specs=[
            dg.AssetCheckSpec(
                "as_last_night",
                asset="study_cell",
                description="The same code counts the same; other code agrees within its error.",
            )
        ],
        pool=WRITER_POOL,
    )
    def canary(
        build: dg.ResourceParam[Build], journal: dg.ResourceParam[Journal]
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from simulate.studies.drift import compare
        from simulate.studies.run import Plan, open_store, run
        from simulate.studies.tables import tables

        with journal.step("test-period study"):
            design = files.load(CANARY)
            before = read_tables(build.path, ["study_cell"]).get("study_cell")
            settings.studies.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=settings.studies, prefix=".nightly-") as folder:
                run(
                    design,
                    Path(folder),
                    Plan(settings.study_cohorts),
                    lambda state: journal.progress(state.done / max(state.total, 1)),
                )
                frames = tables(design, open_store(design, Path(folder))).as_dict()
            with build.write() as connection:
                for name in STUDY_TABLES:
                    replace_table(connection, name, frames[name])
            drift = compare(frames["study_cell"], before)
        counts = row_counts(build, STUDY_TABLES)
        for name in STUDY_TABLES:
            extra = {"n_cohorts": settings.study_cohorts}
            yield dg.MaterializeResult(asset_key=name, metadata=counts[name] | extra)
        yield dg.AssetCheckResult(
            check_name="as_last_night",
            asset_key="study_cell",
            passed=drift.agrees,
            severity=dg.AssetCheckSeverity.WARN,
            description=drift.sentence,
            metadata={"n_cells": drift.n_cells, "largest_z": drift.largest_z},
        )

    return canary


def _whole(settings: Settings, name: str) -> Any:
    places = _places(name)

    @dg.asset(
        name=f"study_{name}",
        partitions_def=dg.StaticPartitionsDefinition(list(places)),
        group_name="studies",
        kinds={"numpy", "parquet"},
        owners=SCIENCE,
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
        description="Counts of the whole study, one partition a world, Parquet alone; what is "
        "there is never made again. `plateau study show` reads it.",
    )
    def study(context: dg.AssetExecutionContext, config: StudyConfig) -> dg.MaterializeResult:
        from simulate.studies.run import SHARD_SIZE, Plan, run

        design = files.load(name)
        replicates = config.replicates or design.replicates
        plan = Plan(
            replicates,
            config.target_mcse or None,
            config.jobs,
            config.scheduler or None,
            shard_size=min(SHARD_SIZE, -(-replicates // _STEPS)),
            only=places[context.partition_key],
        )
        told = [0.0]

        def observe(state: Any) -> None:
            if state.seconds - told[0] > _OBSERVE_EVERY_SECONDS:
                told[0] = state.seconds
                context.log_event(
                    dg.AssetObservation(
                        context.asset_key, partition=context.partition_key, metadata=_facts(state)
                    )
                )

        return dg.MaterializeResult(metadata=_facts(run(design, settings.studies, plan, observe)))

    return study


@cache
def _places(name: str) -> dict[str, str]:
    """Return `scenario_id` by partition of a shipped study: read once, some have 100 worlds."""
    from simulate.studies.worlds import worlds

    return {f"{w.name}-{w.scenario_id[:6]}": w.scenario_id for w in worlds(files.load(name))}


class StudyConfig(dg.Config):
    """How much of a study to run; 0 and '' are the study's own replicates, no target, processes."""

    replicates: int = 0
    target_mcse: float = 0.0
    jobs: int = 1
    scheduler: str = ""


def _facts(state: Any) -> dict[str, Any]:
    """Replicates, error so far and time left, under the same keys every time."""
    facts = {
        "n_replicates": state.done,
        "n_replicates_wanted": state.total,
        "mcse": state.mcse,
        "seconds": state.seconds,
        "seconds_left": state.seconds_left,
    }
    return {key: value for key, value in facts.items() if math.isfinite(value)}
