"""The resources of a run: its journal, its warehouse build, and dbt, which is started with it.

The build resource is the run's frame: it takes the data directory's lock for the whole run, opens
the build, and when the run did all that it planned and no step published, it publishes. So every
launch from the UI ends in `publish`, and a failed or cancelled one leaves the live file alone. What
is older than the settings' retention goes after a publication.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration import data_directory, lock, retention
from orchestration.alarms import notify
from orchestration.build import Build
from orchestration.dbt_process import DbtProcess
from orchestration.errors import PlateauError
from orchestration.instance import clear_dead_runs, sign_holder, sign_run
from orchestration.journal import Journal, Listener
from orchestration.publication import publish
from orchestration.settings import Settings


def make(settings: Settings, listeners: tuple[Listener, ...]) -> dict[str, Any]:
    """Resource definitions closed over the settings."""

    @dg.resource(description="JSON lines of what this run does, step by step.")
    def journal(context: dg.InitResourceContext) -> Journal:
        run = context.run
        return Journal(settings, run.run_id if run else "", listeners)

    @dg.resource(
        description="The warehouse under construction; holds the data directory for this run.",
        required_resource_keys={"journal"},
    )
    def build(context: dg.InitResourceContext) -> Iterator[Build]:
        run, instance = context.run, context.instance
        assert run is not None and instance is not None
        data_directory.prepare(settings)
        sign_run(instance, run.run_id)
        own_journal: Journal = context.resources.journal
        with lock.writing(
            settings.data,
            f"run {run.run_id} of job {run.job_name}",
            wait_seconds=settings.lock_wait_seconds,
            on_wait=lambda who: own_journal.event("waiting", holder=who),
        ):
            sign_holder(instance, run.run_id)
            for dead in clear_dead_runs(instance, settings, own_run_id=run.run_id):
                own_journal.event("dead_run_cleared", dead_run_id=dead)
            opened = Build(settings, run.root_run_id or run.run_id, run.run_id)
            opened.open()
            yield opened
            if not opened.published and did_all_it_planned(instance, run):
                _publish_or_tell(opened, own_journal)
            if opened.published:
                own_journal.event("retention", **retention.apply(settings, instance))

    @dg.resource(description="dbt, imported in a process of its own while the run begins.")
    def dbt(context: dg.InitResourceContext) -> Iterator[DbtProcess]:
        process = DbtProcess()
        try:
            yield process
        finally:
            process.close()

    return {"journal": journal, "build": build, "dbt": dbt}


def _publish_or_tell(build: Build, journal: Journal) -> None:
    """Publish at the end of a run; Dagster only logs an error here, so the hook tells of it."""
    try:
        publish(build, journal)
    except PlateauError as error:
        notify(build.settings, "not_published", f"Run {build.run_id}: {error}")
        raise


def did_all_it_planned(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether every step that the run was to execute has succeeded."""
    snapshot = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "")
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
    done = {e.dagster_event.step_key for e in events if e.dagster_event}
    return set(snapshot.step_keys_to_execute) <= done
