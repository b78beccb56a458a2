"""Retention: what is beyond the settings goes, and nothing that a figure must be followed to."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from orchestration import retention
from orchestration.settings import load

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    return load({"data": tmp_path / "data"}, cwd=tmp_path)


def put(path, days_old=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", "utf-8")
    then = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(path, (then, then))
    return path


def test_unpublished_builds_go_after_seven_days(settings):
    young = put(settings.builds / "young.duckdb", 6.9)
    old = put(settings.builds / "old.duckdb.wal", 7.1)
    assert retention.apply(settings, now=NOW)["builds_days"] == 1
    assert young.exists() and not old.exists()


def test_seven_versions_are_kept_the_newest(settings):
    made = [put(settings.versions / f"2026112{d}T020000.000-run.duckdb", 9 - d) for d in range(9)]
    assert retention.apply(settings, now=NOW)["warehouse_versions"] == 2
    assert [path.exists() for path in made] == [False, False] + [True] * 7


def test_thirty_posteriors_and_reports_are_kept_and_the_published_report_always(settings):
    for number in range(32):
        (settings.posteriors / f"run{number}.zarr").mkdir(parents=True)
        put(settings.reports / f"{number:08d}-run.html", number)
    public = put(settings.reports / "report.html", 400)
    gone = retention.apply(settings, now=NOW)
    assert (gone["posteriors"], gone["reports"]) == (2, 2)
    assert public.exists() and (settings.reports / "00000029-run.html").exists()
    assert not (settings.reports / "00000030-run.html").exists()


def test_logs_go_by_the_day_in_their_name(settings):
    kept = put(settings.logs / "plateau-2026-08-24.jsonl", 400)
    old = put(settings.logs / "plateau-2026-08-23.jsonl", 0)
    console = put(settings.logs / "console-2026-08-23.log", 0)
    servers = put(settings.logs / "dagster-ui.log", 400)
    assert retention.apply(settings, now=NOW)["logs_days"] == 2
    assert kept.exists() and servers.exists() and not old.exists() and not console.exists()


def test_vault_kept_deliveries_and_live_are_never_touched(settings):
    untouched = [
        put(settings.vault, 5000),
        put(settings.kept / "ab" / ("ab" * 32), 5000),
        put(settings.kept / "index" / "20200101-0.json", 5000),
        put(settings.live, 5000),
        put(settings.data / "plateau.json", 5000),
    ]
    unfinished = put(settings.kept / "ab" / f"{'ab' * 32}.77.partial", 2)
    assert retention.apply(settings, now=NOW)["unfinished_files"] == 1
    assert all(path.exists() for path in untouched) and not unfinished.exists()


def test_old_ended_runs_go_with_their_events_and_running_ones_stay():
    from dagster import DagsterInstance, DagsterRunStatus, job, op

    @op
    def work():
        pass

    @job
    def night():
        work()

    with DagsterInstance.ephemeral() as instance:
        ended = night.execute_in_process(instance=instance).run_id
        stuck = instance.create_run_for_job(night, status=DagsterRunStatus.STARTED).run_id
        settings = load({})
        soon = datetime.now(UTC) + timedelta(days=89)
        assert retention.apply(settings, instance, now=soon)["run_events_days"] == 0
        late = datetime.now(UTC) + timedelta(days=91)
        assert retention.apply(settings, instance, now=late)["run_events_days"] == 1
        assert instance.get_run_by_id(ended) is None
        assert not instance.all_logs(ended)
        assert instance.get_run_by_id(stuck) is not None
