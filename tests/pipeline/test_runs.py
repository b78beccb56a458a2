"""The graph gates what it must, and every kind of run ends as promised."""

import hashlib
import importlib
import shutil

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from orchestration import resources
from orchestration.assets import raw
from orchestration.checks import RAW_CHECKED
from orchestration.definitions import build
from orchestration.ingest.known import processed_deliveries
from orchestration.instance import open_instance, tool_environment
from orchestration.warehouse import connect, meta_of

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
        "publish_nightly_ended_well", "deliveries_delivery_in_rhythm", "deliveries_delivery_whole",
    }  # fmt: skip


def test_one_asset_launched_alone_is_published(copy):
    before = meta_of(copy.live)
    result = launch(copy, "estimate_baseline")
    assert result.success
    assert meta_of(copy.live).run_id == result.run_id != before.run_id


def launch(settings, *names):
    """Materialise some assets of the graph, as a user of the UI does."""
    with open_instance(settings) as instance:
        job = build(settings).resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(name) for name in names]
        return job.execute_in_process(
            instance=instance, asset_selection=keys, run_config=QUIET, raise_on_error=False
        )


def test_a_hiccup_of_the_drop_folder_is_retried(copy, monkeypatch):
    answers = iter([OSError(5, "Input/output error"), raw.scan(copy)])

    def scan(settings):
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(raw, "scan", scan)
    monkeypatch.setattr(raw, "RETRY_SECONDS", 0)
    result = launch(copy, *raw.DESCRIPTIONS)
    assert result.success
    assert [e.step_key for e in result.all_events if e.is_step_up_for_retry] == ["ingest"]


def test_raw_rows_launched_alone_stay_new_for_the_nightly(copy, tmp_path):
    """A second delivery, loaded from the UI without its marts, is still taken by the nightly."""
    settings, delivery = redeliver(copy, tmp_path, "20230731")
    assert launch(settings, *raw.DESCRIPTIONS).success
    assert delivery.delivery_id not in processed_deliveries(settings)
    with connect(settings.live, read_only=True) as connection:
        rows = connection.execute(
            "select count(*) from raw_sessions where known_from = ? or known_to = ?",
            [delivery.day, delivery.day],
        ).fetchall()
    assert rows == [(0,)], "the same bytes again change nothing"


def test_a_corrected_file_of_a_published_delivery_is_taken(copy, tmp_path):
    """Same name, new content: only that file is read again, and every check of raw holds."""
    settings, _ = redeliver(copy, tmp_path, "20230630")
    folder = settings.incoming / "20230630"
    patients, manifest = folder / "patients_20230630.csv", folder / "manifest.csv"
    head, *rows = patients.read_bytes().rstrip().split(b"\r\n")
    old = hashlib.sha256(patients.read_bytes()).hexdigest()
    patients.write_bytes(b"\r\n".join([head, *reversed(rows), b""]))
    new = hashlib.sha256(patients.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text("utf-8").replace(old, new), "utf-8")
    result = launch(settings, *raw.DESCRIPTIONS)
    assert result.success
    checked = {e.asset_key.path[-1]: e.passed for e in result.get_asset_check_evaluations()}
    assert checked == dict.fromkeys([*RAW_CHECKED, "ingest_file"], True)
    with connect(settings.live, read_only=True) as connection:
        query = "select status, count(*) from ingest_file where delivery_date = '2023-06-30' and "
        rows = connection.execute(f"{query} file_sha256 = '{new}' group by 1").fetchall()
    assert rows == [("accepted", 1)]


def redeliver(settings, tmp_path, name):
    """Settings whose drop folder holds the newest delivery once more, under another date."""
    from dataclasses import replace

    source = settings.incoming / "20230630"
    folder = tmp_path / "drop" / name
    folder.mkdir(parents=True)
    for path in source.iterdir():
        shutil.copy(path, folder / path.name.replace("20230630", name))
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace("20230630", name), "utf-8")
    settings = replace(settings, deliveries=tmp_path / "drop")
    return settings, raw.scan(settings)[0]


def test_a_publication_that_is_refused_is_told(copy, tmp_path):
    from dataclasses import replace

    said = tmp_path / "said.txt"
    copy = replace(copy, alarm_command=f'printf "%s" "$PLATEAU_EVENT" > {said}')
    before = meta_of(copy.live)
    build_of_run = resources.publish

    def blocked(build, journal):
        wal = copy.live.with_name(copy.live.name + ".wal")
        wal.touch()
        try:
            return build_of_run(build, journal)
        finally:
            wal.unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "publish", blocked)
        launch(copy, "estimate_baseline")
    assert meta_of(copy.live) == before
    assert said.read_text("utf-8") == "not_published"


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
