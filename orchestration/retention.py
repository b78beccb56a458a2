"""How long things are kept: one function applies the `[retention]` table of the settings.

The vault, the kept deliveries and the quarantine are never deleted here: without them no figure
could be followed to its file and line, nor the warehouse be made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import PARTIAL
from orchestration.settings import Settings
from orchestration.versions import versions

if TYPE_CHECKING:
    from dagster import DagsterInstance

DAY_SECONDS = 86_400
BATCH = 100
"""Dagster runs read at a time."""


def apply(
    settings: Settings, instance: DagsterInstance | None = None, *, now: datetime | None = None
) -> dict[str, int]:
    """Delete what is older, or more, than the settings keep; the caller holds the lock.

    Parameters
    ----------
    instance
        Dagster's instance, whose old runs go with their events; `None` leaves them.
    now
        An aware time; the current one by default.

    Returns
    -------
    dict
        Number of things deleted, by setting without its prefix.
    """
    now = now or datetime.now(UTC)
    gone = {
        "builds_days": _older(settings.builds.glob("*"), now, settings.retention_builds_days),
        "warehouse_versions": _beyond(versions(settings), settings.retention_warehouse_versions),
        "posteriors": _beyond(
            _newest_first(settings.posteriors.glob("*.zarr")), settings.retention_posteriors
        ),
        "reports": _beyond(
            _newest_first(settings.reports.glob("????????-*.html")), settings.retention_reports
        ),
        "logs_days": _old_logs(settings, now),
        "unfinished_files": _older(_unfinished(settings), now, 1),
    }
    if instance is not None:
        gone["run_events_days"] = _old_runs(instance, now, settings.retention_run_events_days)
    return gone


def _older(paths: Iterable[Path], now: datetime, days: int) -> int:
    """Delete files last changed more than so many days ago."""
    limit = now.timestamp() - days * DAY_SECONDS
    return _delete([path for path in paths if path.stat().st_mtime < limit])


def _beyond(newest_first: list[Path], kept: int) -> int:
    return _delete(newest_first[kept:])


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _delete(paths: list[Path]) -> int:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return len(paths)


def _unfinished(settings: Settings) -> Iterable[Path]:
    """What a killed process was writing: never a file that anything reads."""
    for folder in (settings.data, settings.reports, settings.versions):
        yield from folder.glob(f"*{PARTIAL}")
    yield from settings.kept.rglob(f"*{PARTIAL}")


def _old_logs(settings: Settings, now: datetime) -> int:
    """Daily files go by the day in their name: a copy or a backup may have touched them."""
    oldest = f"{now - timedelta(days=settings.retention_logs_days):%Y-%m-%d}"
    daily = (*settings.logs.glob("plateau-*.jsonl"), *settings.logs.glob("console-*.log"))
    return _delete([path for path in daily if path.stem.partition("-")[2] < oldest])


def _old_runs(instance: DagsterInstance, now: datetime, days: int) -> int:
    """Delete ended runs of long ago with their events, through Dagster itself."""
    from dagster import DagsterRunStatus, RunsFilter

    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    old = RunsFilter(statuses=ended, created_before=now - timedelta(days=days))
    deleted = 0
    while batch := instance.get_run_records(old, limit=BATCH):
        for record in batch:
            instance.delete_run(record.dagster_run.run_id)
            deleted += 1
    return deleted
