"""Schedule, sensor, alarms and hook, each seen firing and each seen quiet."""

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration import automation
from orchestration.alarms import delivery_overdue, delivery_waits, nightly_missing, notify
from orchestration.publication import beat, last_heartbeat
from orchestration.settings import load
from orchestration.warehouse import connect

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def settings(tmp_path, clinic):
    """A data directory whose drop folder holds the clinic's deliveries, nothing published yet."""
    shutil.copytree(clinic / "deliveries", tmp_path / "drop")
    (tmp_path / "data").mkdir()
    return load({"data": tmp_path / "data", "deliveries": tmp_path / "drop"}, cwd=tmp_path)


def named(definitions, name):
    return next(d for d in definitions if d.name == name)


def tick(settings):
    schedule = named(automation.schedules(settings), "nightly")
    with dg.DagsterInstance.local_temp() as instance:
        return schedule(dg.build_schedule_context(instance=instance))


def sense(settings, instance):
    sensor = named(automation.sensors(settings), "ready_deliveries")
    with dg.build_sensor_context(instance=instance) as context:
        return list(sensor(context))


def test_the_tick_runs_the_nightly_when_a_delivery_is_new(settings):
    assert isinstance(tick(settings), dg.RunRequest)
    assert last_heartbeat(settings) is None


def test_a_quiet_night_is_skipped_and_noted(settings):
    shutil.rmtree(settings.incoming)
    settings.incoming.mkdir()
    assert isinstance(tick(settings), dg.SkipReason)
    assert last_heartbeat(settings).outcome == "nothing new"


def test_the_sensor_asks_once_for_one_content(settings):
    with dg.DagsterInstance.ephemeral() as instance:
        (request,) = sense(settings, instance)
        (again,) = sense(settings, instance)
    assert request.run_key == again.run_key
    assert [k[:9] for k in request.run_key.split("+")] == ["20151231-", "20190630-", "20230630-"]
    assert request.tags["plateau/delivery"] == "20151231, 20190630, 20230630"


def test_schedule_and_sensor_know_what_is_published(night):
    settings, _ = night
    assert isinstance(tick(settings), dg.SkipReason)
    with dg.DagsterInstance.ephemeral() as instance:
        (answer,) = sense(settings, instance)
    assert isinstance(answer, dg.SkipReason)


def test_a_delivery_still_being_copied_is_named(settings):
    shutil.rmtree(settings.incoming / "20151231")
    shutil.rmtree(settings.incoming / "20190630")
    (settings.incoming / "20230630" / "manifest.csv").unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        (answer,) = sense(settings, instance)
    assert "20230630" in answer.skip_message and "still being copied" in answer.skip_message


@pytest.mark.parametrize(
    ("night_of", "utc"),
    [
        ("2026-01-15", "01:00"),
        ("2026-07-15", "00:00"),
        ("2026-03-29", "01:00"),  # 02:00 is skipped: the tick is at 03:00 summer time
        ("2026-10-25", "01:00"),  # 02:00 is there twice: the second one, winter time
    ],
)
def test_the_nightly_fires_once_a_night_also_when_clocks_change(settings, night_of, utc):
    from dagster._utils.schedules import schedule_execution_time_iterator

    schedule = named(automation.schedules(settings), "nightly")
    midnight = datetime.fromisoformat(night_of).replace(tzinfo=PARIS)
    ticks = schedule_execution_time_iterator(
        midnight.timestamp(), schedule.cron_schedule, schedule.execution_timezone
    )
    first, second, third = (next(ticks) for _ in range(3))
    assert f"{first.astimezone(UTC):%Y-%m-%d %H:%M}" == f"{night_of} {utc}"
    nights = [midnight.date() + timedelta(days=n) for n in range(3)]
    assert [t.date() for t in (first, second, third)] == nights, "one tick a night"


def test_nightly_missing_fires_after_the_deadline_only(settings):
    morning = datetime(2026, 11, 22, 6, 0, tzinfo=PARIS)
    early = nightly_missing(settings, morning - timedelta(minutes=1))
    assert not early.fires
    alarm = nightly_missing(settings, morning)
    assert alarm.fires and "none has ever ended well" in alarm.message


def test_a_heartbeat_since_midnight_keeps_it_quiet(settings):
    beat(settings, "nothing new")
    now = datetime.now(UTC)
    late = replace(settings, heartbeat_deadline="00:00")
    assert not nightly_missing(late, now).fires
    assert nightly_missing(late, now + timedelta(days=1)).fires


def test_delivery_overdue_fires_beyond_the_declared_rhythm(night):
    settings, _ = night
    now = datetime.now(UTC)
    assert not delivery_overdue(settings, now + timedelta(days=999)).fires, "none declared"
    monthly = replace(settings, delivery_rhythm_days=35)
    assert not delivery_overdue(monthly, now + timedelta(days=34)).fires
    alarm = delivery_overdue(monthly, now + timedelta(days=36))
    assert alarm.fires and "35 days" in alarm.message


def test_delivery_waits_fires_when_one_stays_incomplete(settings):
    now, a_day = datetime.now(UTC), timedelta(hours=24, minutes=1)
    assert not delivery_waits(settings, now + a_day).fires, "all of them are whole"
    (settings.incoming / "20151231" / "seances_20151231.csv").unlink()
    assert not delivery_waits(settings, now + timedelta(hours=23)).fires
    alarm = delivery_waits(settings, now + a_day)
    assert alarm.fires and "20151231 (seances_20151231.csv is in the manifest" in alarm.message
    assert not delivery_waits(replace(settings, waiting_alarm_hours=0), now + a_day).fires


def test_a_delivery_copied_just_now_does_not_wait_for_years(settings):
    """A copy may keep the times of its original."""
    folder = settings.incoming / "20151231"
    (folder / "seances_20151231.csv").unlink()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (0, 0))
    assert not delivery_waits(settings, datetime.now(UTC)).fires


def test_an_alarm_is_a_red_check_and_calls_the_hook(settings, tmp_path):
    said = tmp_path / "said.txt"
    ringing = replace(
        settings,
        heartbeat_deadline="00:00",
        alarm_command=f'printf "%s|%s" "$PLATEAU_EVENT" "$PLATEAU_MESSAGE" > {said}',
    )
    check = named_check(ringing, "nightly_ended_well")
    assert not check().passed
    event, message = said.read_text(encoding="utf-8").split("|")
    assert event == "nightly_missing" and "No nightly ended well" in message


def named_check(settings, name):
    return next(
        c for c in automation.alarm_checks(settings) if next(iter(c.check_keys)).name == name
    )


def test_a_hook_that_fails_is_logged_and_harms_nothing(settings):
    assert notify(replace(settings, alarm_command="exit 3"), "run_failed", "text") is False
    (log,) = settings.logs.glob("*.jsonl")
    line = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert (line["alarm"], line["hook"]) == ("run_failed", "exit 3")


def test_a_failed_run_reaches_the_hook(settings, tmp_path):
    said = tmp_path / "said.txt"
    ringing = replace(settings, alarm_command=f'printf "%s" "$PLATEAU_MESSAGE" > {said}')
    sensor = named(automation.sensors(ringing), "failed_runs")

    @dg.op
    def breaks():
        raise RuntimeError("a patient's value")

    @dg.job
    def broken():
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        result = broken.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        sensor(context)
    message = said.read_text(encoding="utf-8")
    assert message == f"Run {result.run_id} of job broken failed at breaks."


def test_the_published_heartbeat_is_the_nightlys(night):
    settings, outcome = night
    assert outcome.published
    assert last_heartbeat(settings).outcome in ("published", "nothing new")
    with connect(settings.live, read_only=True) as connection:
        assert connection.execute("select run_id from warehouse_meta").fetchone() == (
            outcome.run_id,
        )
