"""Three alarms and the one way out: a hook command of the clinic's own.

No nightly ended well by the deadline; no delivery within the clinic's declared rhythm; a delivery
that lies in the drop folder and does not become whole. A night with nothing new is none of them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestration.ingest.deliveries import scan
from orchestration.ingest.found_files import last_change
from orchestration.journal import Journal
from orchestration.publication import last_heartbeat
from orchestration.settings import Settings
from orchestration.warehouse import connect, meta_of

HOOK_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whether it fires, and the sentence that says why or why not."""

    fires: bool
    message: str


def nightly_missing(settings: Settings, now: datetime) -> Alarm:
    """Fires after the deadline when no nightly has ended well since midnight, local time.

    Parameters
    ----------
    now
        An aware time; the deadline is `heartbeat_deadline` in the setting's time zone.
    """
    local = now.astimezone(ZoneInfo(settings.timezone))
    deadline = time.fromisoformat(settings.heartbeat_deadline)
    beat = last_heartbeat(settings)
    said = (
        f"the last one ended well at {beat.at:%Y-%m-%d %H:%M} UTC ({beat.outcome})"
        if beat
        else "none has ever ended well"
    )
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if local.time() < deadline:
        return Alarm(False, f"It is before {settings.heartbeat_deadline}; {said}.")
    if beat is not None and beat.at >= midnight:
        return Alarm(False, f"The nightly ran: {said}.")
    return Alarm(True, f"No nightly ended well by {settings.heartbeat_deadline}: {said}.")


def delivery_overdue(settings: Settings, now: datetime) -> Alarm:
    """Fires when the newest delivery was loaded longer ago than the declared rhythm."""
    rhythm = settings.delivery_rhythm_days
    if rhythm <= 0:
        return Alarm(False, "The clinic declared no delivery rhythm (delivery_rhythm_days = 0).")
    if meta_of(settings.live) is None:
        return Alarm(True, "No delivery has ever been published.")
    with connect(settings.live, read_only=True) as connection:
        row = connection.execute(
            "select max(loaded_at), max(delivery_date) from ingest_file"
        ).fetchone()
    loaded = row[0].replace(tzinfo=UTC) if row and row[0] else None
    if loaded is None:
        return Alarm(True, "No delivery has ever been loaded.")
    said = f"the newest ({row[1]}) was loaded on {loaded:%Y-%m-%d}" if row else ""
    if now - loaded > timedelta(days=rhythm):
        return Alarm(True, f"No delivery in the declared {rhythm} days: {said}.")
    return Alarm(False, f"Deliveries keep the declared rhythm of {rhythm} days: {said}.")


def delivery_waits(settings: Settings, now: datetime) -> Alarm:
    """Fires when a delivery is not whole, and nothing of it has changed for too long."""
    hours = settings.waiting_alarm_hours
    if hours <= 0:
        return Alarm(False, "Deliveries may wait for ever (waiting_alarm_hours = 0).")
    stuck = []
    for delivery in (found for found in scan(settings) if found.not_ready):
        since = last_change(settings.incoming / delivery.name)
        if now - since > timedelta(hours=hours):
            stuck.append(
                f"{delivery.name} ({delivery.not_ready}; unchanged since {since:%Y-%m-%d})"
            )
    if stuck:
        return Alarm(True, f"Not taken, and not whole for over {hours} h: {', '.join(stuck)}.")
    return Alarm(False, f"No delivery has waited for over {hours} h to become whole.")


def notify(settings: Settings, event: str, message: str) -> bool:
    """Run the clinic's hook command with `PLATEAU_EVENT` and `PLATEAU_MESSAGE`; log the outcome.

    Returns
    -------
    bool
        Whether a command was set and ended with 0. A failing hook never fails what called it.
    """
    journal = Journal(settings, "")
    if not settings.alarm_command:
        journal.event("alarm", alarm=event, message=message, hook="none set")
        return False
    environment = {**os.environ, "PLATEAU_EVENT": event, "PLATEAU_MESSAGE": message}
    try:
        done = subprocess.run(
            settings.alarm_command,
            shell=True,
            env=environment,
            timeout=HOOK_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        outcome = f"exit {done.returncode}"
    except subprocess.TimeoutExpired:
        outcome = f"killed after {HOOK_TIMEOUT_SECONDS} s"
    journal.event("alarm", alarm=event, message=message, hook=outcome)
    return outcome == "exit 0"
