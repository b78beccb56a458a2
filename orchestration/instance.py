"""Dagster's instance in the data directory, and clearing what dead runs left in it.

Storage is SQLite under the data directory unless the user gives a `dagster.yaml` of their own.
Pools have run granularity: a run takes the data directory's lock for its whole length, so two runs
that took turns step by step would wait for each other for ever.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import lock, process
from orchestration.build import delete_build
from orchestration.errors import InputMissing
from orchestration.files import replace_file
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

WRITER_POOL = "duckdb_writer"
PROCESS_TAG = "plateau/process"
HOLDER_TAG = "plateau/holds_the_lock"
UNSIGNED_GRACE_SECONDS = 600

_DAGSTER_YAML = """\
# Written by Plateau at each start; give your own with the setting dagster_yaml.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  pools: {granularity: run, default_limit: 1}
run_monitoring: {enabled: true, start_timeout_seconds: 180, cancel_timeout_seconds: 180}
retention:
  schedule: {purge_after_days: DAYS}
  sensor: {purge_after_days: DAYS}
"""


def write_configuration(settings: Settings) -> None:
    """Make `DAGSTER_HOME` and its `dagster.yaml`.

    Raises
    ------
    InputMissing
        The user's own file does not exist.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    target = home / "dagster.yaml"
    if settings.dagster_yaml is None:
        days = str(settings.retention_run_events_days)
        replace_file(target, _DAGSTER_YAML.replace("DAYS", days))
        return
    if not settings.dagster_yaml.is_file():
        raise InputMissing(
            f"dagster_yaml names {settings.dagster_yaml}, which is not there; "
            "mend the setting or remove it."
        )
    replace_file(target, copy_from=settings.dagster_yaml)


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment of a process that loads the definitions: these settings, caches, no telemetry."""
    return settings.environment() | tool_environment(settings)


def tool_environment(settings: Settings) -> dict[str, str]:
    """What the tools read: Dagster's home, compiled code in the data directory, no telemetry."""
    return {
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "PLATEAU_CACHE": str(settings.cache),
        "PYTENSOR_FLAGS": _pytensor_flags(settings),
    }


def enter_environment(settings: Settings) -> None:
    """Set what the tools read for this process, before any of them is imported."""
    os.environ.update(tool_environment(settings))


def _pytensor_flags(settings: Settings) -> str:
    own = os.environ.get("PYTENSOR_FLAGS", "")
    if "base_compiledir" in own:
        return own
    folder = settings.cache / "pytensor"
    if set(str(folder)) & set(",'\""):
        # Flags are one comma-separated text with shell quoting: such a path cannot be said in it.
        folder = Path.home() / ".cache" / "plateau" / "pytensor"
    return ",".join(filter(None, [own, f"base_compiledir={folder}"]))


def open_instance(settings: Settings) -> DagsterInstance:
    """Open the instance of the data directory (`DAGSTER_HOME` must be set to it)."""
    from dagster import DagsterInstance

    write_configuration(settings)
    return DagsterInstance.from_config(str(settings.dagster_home))


@contextmanager
def unhurried_events() -> Iterator[None]:
    """Let Dagster write the events of a run without waiting for the disk at each of them.

    A night has hundreds of events, and for each Dagster opens, commits and closes its SQLite files.
    The write-ahead log keeps the files whole: a killed process loses nothing, a power cut the last
    events at most. It is kept open here: who closes a file last has to flush it all.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held: dict[str, sqlite3.Connection] = {}

    def begin(connection: Any, _record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("pragma synchronous = normal")
        ((_, _, path),) = connection.execute("pragma database_list").fetchall()
        if path and path not in held:
            held[path] = sqlite3.connect(path, check_same_thread=False)
        if path:
            held[path].execute("pragma schema_version").fetchall()

    event.listen(Engine, "connect", begin)
    try:
        yield
    finally:
        event.remove(Engine, "connect", begin)
        for connection in held.values():
            connection.close()


def sign_run(instance: DagsterInstance, run_id: str) -> None:
    """Tag a run with the process that executes it, so that others can tell when it is dead."""
    instance.add_run_tags(run_id, {PROCESS_TAG: process.identity()})


def sign_holder(instance: DagsterInstance, run_id: str) -> None:
    """Tag a run that has got the data directory's lock."""
    instance.add_run_tags(run_id, {HOLDER_TAG: "yes"})


def clear_dead_runs(
    instance: DagsterInstance, settings: Settings, *, own_run_id: str = ""
) -> list[str]:
    """Mark runs that died as failed, free their pool slots, delete their builds.

    The caller holds the data directory's lock. So a run that once got the lock and never ended is
    dead, wherever it ran; one that waits for the lock is judged by its process; one that never
    signed, or signed in another container, is given up after `UNSIGNED_GRACE_SECONDS` beyond the
    longest wait.

    Returns
    -------
    list of str
        Ids of the runs that were cleared.
    """
    from dagster import DagsterRunStatus, RunsFilter

    if not lock.is_held_here(settings.data):
        raise RuntimeError("clear_dead_runs needs the data directory's lock")
    statuses = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    dead = []
    for record in instance.get_run_records(RunsFilter(statuses=statuses)):
        run = record.dagster_run
        age = time.time() - record.create_timestamp.timestamp()
        if run.run_id == own_run_id or not _is_dead(run.tags, age, settings):
            continue
        instance.report_run_failed(
            run, "The process of this run ended without a word (killed, or the machine went down)."
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        delete_build(settings, run.root_run_id or run.run_id)
        dead.append(run.run_id)
    return dead


def _is_dead(tags: Mapping[str, str], age_seconds: float, settings: Settings) -> bool:
    if tags.get(HOLDER_TAG):
        return True
    if process.is_dead(tags.get(PROCESS_TAG, "")):
        return True
    return age_seconds > settings.lock_wait_seconds + UNSIGNED_GRACE_SECONDS
