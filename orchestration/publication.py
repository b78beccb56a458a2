"""Publication: swap the build in, give its report the public name, note the heartbeat."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration import faults
from orchestration.build import Build
from orchestration.data_directory import kind_of
from orchestration.errors import InputMissing
from orchestration.files import replace_file
from orchestration.journal import Journal
from orchestration.settings import Settings
from orchestration.warehouse import Meta


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last time that a nightly ended well. `outcome`: 'published' or 'nothing new'."""

    at: datetime
    outcome: str


def publish(build: Build, journal: Journal) -> Meta:
    """Publish a build and everything that goes with it.

    Raises
    ------
    InputMissing
        No delivery has ever been loaded, so there is nothing to publish.
    """
    settings = build.settings
    kind = kind_of(settings)
    if kind is None:
        raise InputMissing(
            "There is nothing to publish: no delivery has been loaded into "
            f"{settings.data}; put one into {settings.incoming} and run `plateau nightly`."
        )
    meta = build.publish(kind)
    _publish_report(settings, build.root_run_id)
    journal.event("published", warehouse=str(settings.live))
    return meta


def report_path(settings: Settings, root_run_id: str) -> Path:
    """Report of one run; it becomes `report.html` when the run publishes."""
    return settings.reports / f"{root_run_id}.html"


def beat(settings: Settings, outcome: str) -> None:
    """Note that a nightly ended well."""
    faults.point("before_heartbeat")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    replace_file(settings.data / "heartbeat.json", json.dumps({"at": now, "outcome": outcome}))


def last_heartbeat(settings: Settings) -> Heartbeat | None:
    """When a nightly last ended well; `None` = never."""
    path = settings.data / "heartbeat.json"
    if not path.exists():
        return None
    noted = json.loads(path.read_text(encoding="utf-8"))
    return Heartbeat(datetime.fromisoformat(noted["at"]), noted["outcome"])


def _publish_report(settings: Settings, root_run_id: str) -> None:
    source = report_path(settings, root_run_id)
    if source.exists():
        faults.point("before_report_rename")
        replace_file(settings.reports / "report.html", copy_from=source)
