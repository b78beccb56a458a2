"""The graph gates what it must, and every kind of run ends as promised."""

import importlib
import shutil

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from orchestration.definitions import build
from orchestration.instance import open_instance, tool_environment
from orchestration.warehouse import meta_of

GROUPS = {
    "raw", "staging", "intermediate", "marts", "estimates", "models", "studies", "report",
}  # fmt: skip
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(scope="module")
def definitions(night):
    return build(night[0])


@pytest.fixture
def copy(night, tmp_path, monkeypatch):
    """A data directory of its own with the published night in it."""
    from dataclasses import replace

    settings = replace(night[0], data=tmp_path / "copy")
    ignore = shutil.ignore_patterns("dagster", ".lock")
    shutil.copytree(night[0].data, settings.data, ignore=ignore)
    for name, value in (settings.environment() | tool_environment(settings)).items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.mark.parametrize("raw", ["raw_patients", "raw_sessions", "raw_emcs", "ingest_file"])
def test_dbt_waits_for_the_blocking_checks_of_every_raw_table(definitions, raw):
    """Source tests surfaced as checks would silently undo this (Dagster exempts such assets)."""
    job = definitions.resolve_job_def("nightly")
    waits = {node.name: inputs for node, inputs in job.graph.dependencies.items()}
    kind = type(waits["dbt_build"][raw]).__name__
    assert kind == "BlockingAssetChecksDependencyDefinition"


def test_every_asset_has_a_group_a_description_owners_and_kinds(definitions):
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert {n.group_name for n in nodes} == GROUPS
    for node in nodes:
        name = node.key.to_user_string()
        assert node.description, f"{name} has no description"
        assert node.owners, f"{name} has no owner"
        assert node.kinds, f"{name} has no kind"


def test_the_alarms_are_a_job_of_their_own(definitions):
    job = definitions.resolve_job_def("alarms")
    assert {n.name for n in job.graph.nodes} == {
        "publish_nightly_ended_well", "deliveries_delivery_in_rhythm",
    }  # fmt: skip


def test_one_asset_launched_alone_is_published(copy):
    before = meta_of(copy.live)
    with open_instance(copy) as instance:
        job = build(copy).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("estimate_baseline")], run_config=QUIET
        )
    assert result.success
    assert meta_of(copy.live).run_id == result.run_id != before.run_id


def test_a_failed_run_publishes_nothing_and_its_reexecution_finishes_it(
    copy, tmp_path, monkeypatch
):
    before = meta_of(copy.live)
    (tmp_path / "job_of_copy.py").write_text(
        "from orchestration.definitions import build\n"
        "from orchestration.settings import load\n\n\n"
        "def job():\n"
        "    return build(load()).resolve_job_def('nightly')\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    job = dg.reconstructable(importlib.import_module("job_of_copy").job)
    selection = [dg.AssetKey("estimate_baseline"), dg.AssetKey("report")]
    with open_instance(copy) as instance:
        with monkeypatch.context() as broken:
            broken.setattr("orchestration.assets.report.write_report", fail)
            first = dg.execute_job(
                job, instance, asset_selection=selection, run_config=QUIET, raise_on_error=False
            )
        assert not first.success
        assert meta_of(copy.live) == before
        assert [p.stem for p in copy.builds.glob("*.duckdb")] == [first.run_id]
        options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        again = dg.execute_job(job, instance, reexecution_options=options, run_config=QUIET)
        run = instance.get_run_by_id(again.run_id)
    assert run.status == DagsterRunStatus.SUCCESS and run.root_run_id == first.run_id
    assert meta_of(copy.live).run_id == again.run_id
    assert not list(copy.builds.glob("*.duckdb"))


def fail(*arguments):
    raise RuntimeError("no ink")
