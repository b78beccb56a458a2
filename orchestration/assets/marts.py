"""The dbt models as assets: staging, intermediate and marts, one `dbt build` a run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from orchestration import dbt_project
from orchestration.assets.description import OWNERS, row_counts
from orchestration.build import Build
from orchestration.data_directory import kind_of
from orchestration.instance import WRITER_POOL
from orchestration.journal import Journal
from orchestration.settings import Settings


class Translator(DagsterDbtTranslator):
    """Asset key = table name, group = layer folder.

    Source tests are never surfaced as checks: dbt would then run before the blocking checks of the
    raw tables (Dagster exempts an asset that checks its own upstream from waiting for other
    checks).
    """

    def __init__(self) -> None:
        super().__init__(
            DagsterDbtTranslatorSettings(
                enable_asset_checks=True, enable_source_tests_as_checks=False
            )
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Bare table name, for models and for the raw tables that they read."""
        return dg.AssetKey(dbt_resource_props["name"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Folder of the model: staging, intermediate or marts."""
        layers = [part for part in dbt_resource_props["fqn"] if part in LAYERS]
        return layers[0] if layers else "raw"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Owners of every model."""
        return list(OWNERS)


LAYERS = ("staging", "intermediate", "marts")


def make(settings: Settings, manifest: Path) -> list[Any]:
    """The dbt assets of one manifest."""

    @dbt_assets(
        manifest=manifest, name="dbt_build", dagster_dbt_translator=Translator(), pool=WRITER_POOL
    )
    def dbt_build(
        context: dg.AssetExecutionContext,
        build: dg.ResourceParam[Build],
        journal: dg.ResourceParam[Journal],
    ) -> Iterator[Any]:
        dbt = DbtCliResource(
            project_dir=str(dbt_project.PROJECT),
            profiles_dir=str(dbt_project.PROJECT),
            dbt_executable=dbt_project.executable(),
        )
        variables = dbt_project.variables(settings, kind_of(settings))
        (settings.dbt_target / "run_results.json").unlink(missing_ok=True)  # an earlier run's
        with journal.step("dbt build"), dbt_project.pointed_at(settings, build.path):
            # Unit tests need no data: they belong to `make test`, not to the night.
            arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", variables]
            invocation = dbt.cli(arguments, context=context, target_path=settings.dbt_target)
            yield from _with_row_counts(context, build, journal, invocation.stream())

    return [dbt_build]


def _with_row_counts(
    context: dg.AssetExecutionContext, build: Build, journal: Journal, stream: Iterator[Any]
) -> Iterator[Any]:
    """Add row counts and rule results once dbt has ended: before that it holds the file.

    What dbt had done is told to Dagster even where a test then failed the whole command.
    """
    events, problem = [], None
    try:
        for event in stream:
            events.append(event)
    except dg.DagsterError as error:
        problem = error
    _record_rules(build, journal)
    outputs = [e for e in events if isinstance(e, dg.Output)]
    counts = row_counts(build, [_table(context, e) for e in outputs])
    for event in events:
        if isinstance(event, dg.Output):
            context.add_output_metadata(counts[_table(context, event)], event.output_name)
        yield event
    if problem is not None:
        raise problem


def _table(context: dg.AssetExecutionContext, event: dg.Output) -> str:
    return context.asset_key_for_output(event.output_name).path[-1]


def _record_rules(build: Build, journal: Journal) -> None:
    """Append what came of dbt's rules to `dq_result`, also where one of them failed the build."""
    from orchestration.checks import record
    from orchestration.quality.dbt_results import dbt_results, judged_models

    target = build.settings.dbt_target
    counts = row_counts(build, judged_models(target))
    n_rows = {name: int(count.get("dagster/row_count", 0)) for name, count in counts.items()}
    results = dbt_results(target, n_rows)
    record(build, "dbt", results)
    bad = [r for r in results if r.status in ("failed", "error")]
    failed = [
        f"{r.rule_id}: {r.numerator} of {r.denominator}" for r in bad if r.severity == "error"
    ]
    journal.event(
        "check",
        table="marts",
        check="dbt",
        passed=not failed,
        rules=len(results),
        failed=failed,
        warned=len(bad) - len(failed),
    )
