"""The dbt models as assets: staging, intermediate and marts, one `dbt build` a run."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    dbt_assets,
)
from dagster_dbt.asset_utils import (
    get_asset_check_key_for_test,
    get_updated_cli_invocation_params_for_context,
)

from orchestration import dbt_project
from orchestration.assets.description import OWNERS, row_counts
from orchestration.build import Build
from orchestration.dbt_process import DbtProcess
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
        dbt: dg.ResourceParam[DbtProcess],
        journal: dg.ResourceParam[Journal],
    ) -> Iterator[Any]:
        chosen = get_updated_cli_invocation_params_for_context(context, {}, Translator())
        with journal.step("dbt build"):
            arguments = [*chosen.selection_args]
            if chosen.indirect_selection:
                arguments += ["--indirect-selection", chosen.indirect_selection]
            done = dbt_project.run_build(settings, build.path, arguments, dbt)
            _record_rules(build, journal)
            # What dbt had done is told also where a test then failed the whole command.
            results = dbt_project.results_file(settings)
            yield from _told(context, build, chosen.manifest, results)
            if done.returncode:
                raise dg.Failure(f"{dbt_project.what_failed(settings)}.")

    return [dbt_build]


def _told(
    context: dg.AssetExecutionContext, build: Build, manifest: Mapping[str, Any], results: Path
) -> Iterator[Any]:
    """Tell Dagster of every model that stands and every test that was run, in dbt's order."""
    if not results.exists():
        return
    done = json.loads(results.read_text(encoding="utf-8"))["results"]
    nodes = manifest["nodes"]
    counts = row_counts(build, [nodes[r["unique_id"]]["name"] for r in done])
    for result in done:
        node, status = nodes[result["unique_id"]], result["status"]
        metadata = {"Execution Duration": result["execution_time"], "status": status}
        if node["resource_type"] == "model":
            key = dg.AssetKey(node["name"])
            if status == "success" and key in context.selected_asset_keys:
                yield dg.Output(
                    None, key.to_python_identifier(), metadata=metadata | counts[node["name"]]
                )
            continue
        check = get_asset_check_key_for_test(manifest, Translator(), result["unique_id"], None)
        if check is None or status == "skipped":
            continue
        if check in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(
                passed=status == "pass",
                check_name=check.name,
                asset_key=check.asset_key,
                severity=dg.AssetCheckSeverity.WARN
                if status == "warn"
                else dg.AssetCheckSeverity.ERROR,
                metadata=metadata | {"dagster_dbt/failed_row_count": result["failures"] or 0},
            )


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
