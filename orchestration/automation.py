"""What happens without a person: the nightly schedule, the delivery sensor, alarms, failed runs.

Schedule and sensor never do one delivery twice: both ask the published warehouse what it holds, the
sensor's run key is delivery name + content hash, and runs exclude each other by the lock.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration import lock
from orchestration.alarms import (
    Alarm,
    delivery_overdue,
    delivery_waits,
    nightly_missing,
    notify,
)
from orchestration.assets.studies import WHOLE
from orchestration.data_directory import prepare
from orchestration.errors import Busy, PlateauError
from orchestration.ingest import kept
from orchestration.ingest.deliveries import new_and_ready, passed_over, scan
from orchestration.ingest.known import processed_deliveries
from orchestration.instance import clear_dead_runs
from orchestration.publication import beat
from orchestration.settings import Settings

ALARM_CHECKS = {
    "nightly_ended_well": ("publish", nightly_missing, "nightly_missing"),
    "delivery_in_rhythm": ("deliveries", delivery_overdue, "delivery_overdue"),
    "delivery_whole": ("deliveries", delivery_waits, "delivery_waits"),
}


def alarm_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The alarms as asset checks: red in the UI, and through the hook."""
    return [_alarm_check(settings, name) for name in ALARM_CHECKS]


def _alarm_check(settings: Settings, name: str) -> dg.AssetChecksDefinition:
    asset, judge, event = ALARM_CHECKS[name]

    @dg.asset_check(asset=asset, name=name, description=(judge.__doc__ or "").splitlines()[0])
    def check() -> dg.AssetCheckResult:
        alarm: Alarm = judge(settings, datetime.now(UTC))
        if alarm.fires:
            notify(settings, event, alarm.message)
        return dg.AssetCheckResult(passed=not alarm.fires, description=alarm.message)

    return check


def jobs() -> list[Any]:
    """`nightly`: everything but whole studies, ending in `publish`.

    `warehouse`: raw tables and marts alone. `alarms`: their checks, nothing written.
    """
    alarms = dg.AssetSelection.checks(
        *(
            dg.AssetCheckKey(dg.AssetKey(asset), name)
            for name, (asset, _, _) in ALARM_CHECKS.items()
        )
    )
    whole_studies = dg.AssetSelection.assets(*(f"study_{name}" for name in WHOLE))
    return [
        dg.define_asset_job(
            "nightly",
            selection=dg.AssetSelection.all() - alarms - whole_studies,
            description="Ingest what is new, build, check, estimate, fit, study, report, publish.",
        ),
        dg.define_asset_job(
            "warehouse",
            selection=dg.AssetSelection.groups("raw", "staging", "intermediate", "marts") - alarms,
            description="Ingest what is new, build, check, publish: no model, study or report.",
        ),
        dg.define_asset_job(
            "alarms",
            selection=alarms,
            description="Did the nightly end well, do deliveries come in their rhythm and whole?",
        ),
    ]


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The nightly, and the alarms at the deadline; local times of the clinic."""

    @dg.schedule(
        job_name="nightly",
        name="nightly",
        cron_schedule=settings.nightly_cron,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs the nightly when a ready delivery is new; a quiet night is noted.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> Any:
        prepare(settings)
        done = processed_deliveries(settings)
        if not new_and_ready(scan(settings), done) and not kept.not_in(settings, done):
            beat(settings, "nothing new")
            return dg.SkipReason("Nothing new in the drop folder; the published warehouse stands.")
        if _nightly_at_work(context.instance):
            return dg.SkipReason("A nightly is queued or at work already.")
        return dg.RunRequest()

    hour, minute = settings.heartbeat_deadline.split(":")
    alarms = dg.ScheduleDefinition(
        name="alarms",
        job_name="alarms",
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Asks at the deadline whether the nightly ended well and deliveries come.",
    )
    return [nightly, alarms]


def _nightly_at_work(instance: dg.DagsterInstance) -> bool:
    """Whether a run of the nightly job is queued, starting or started."""
    statuses = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(instance.get_runs(dg.RunsFilter(job_name="nightly", statuses=statuses), limit=1))


def _clear_if_free(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Clear dead runs where nobody is writing; else the writer does it."""
    prepare(settings)
    try:
        with lock.writing(settings.data, "the delivery sensor"):
            return clear_dead_runs(instance, settings)
    except Busy:
        return []


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Ready deliveries start the nightly at once; failed runs reach the hook."""

    @dg.sensor(
        name="ready_deliveries",
        job_name="nightly",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts the nightly for a delivery that has become ready, once per content. "
        "Also clears runs whose process died, so that the queue never waits for them.",
    )
    def ready_deliveries(context: dg.SensorEvaluationContext) -> Iterator[Any]:
        for dead in _clear_if_free(context.instance, settings):
            context.log.warning(f"Cleared run {dead}, whose process had died.")
        try:
            found = scan(settings)
            fresh = new_and_ready(found, processed_deliveries(settings))
        except PlateauError as error:
            yield dg.SkipReason(str(error))
            return
        waiting = [f"{name}: {reason}" for name, reason in passed_over(found, settings)]
        if not fresh:
            yield dg.SkipReason("; ".join(waiting) or "No new delivery.")
        elif _nightly_at_work(context.instance):
            yield dg.SkipReason("A nightly is queued or at work; what it leaves is taken next.")
        else:
            # One run takes all that is new; a mended or a further delivery makes another key.
            yield dg.RunRequest(
                run_key="+".join(sorted(d.delivery_id for d in fresh)),
                tags={"plateau/delivery": ", ".join(d.name for d in fresh)},
            )

    @dg.run_failure_sensor(
        name="failed_runs",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Calls the alarm command of the settings for every failed run.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        steps = [e.step_key for e in context.get_step_failure_events() if e.step_key]
        where = f" at {', '.join(steps)}" if steps else ""
        run = context.dagster_run
        notify(settings, "run_failed", f"Run {run.run_id} of job {run.job_name} failed{where}.")

    return [ready_deliveries, failed_runs]
