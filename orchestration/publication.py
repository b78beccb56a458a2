"""Publication: swap the build in, give its report the public name, note the heartbeat, tidy up."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.data_directory import kind_of
from orchestration.errors import InputMissing
from orchestration.journal import Journal, clean_logs
from orchestration.settings import Settings
from orchestration.warehouse import Build, Meta, clean_builds

KEPT_RUNS = 30
"""Posteriors and reports by run that are kept."""


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
    removed = clean_builds(settings)
    _keep_newest(settings.posteriors, "*.zarr")
    _keep_newest(settings.reports, "????????-*.html")
    clean_logs(settings)
    journal.event("published", warehouse=str(settings.live), builds_removed=len(removed))
    return meta


def _keep_newest(folder: Path, pattern: str) -> None:
    """Delete all but the newest `KEPT_RUNS` entries."""
    entries = sorted(folder.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[KEPT_RUNS:]:
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()


def report_path(settings: Settings, root_run_id: str) -> Path:
    """Report of one run; it becomes `report.html` when the run publishes."""
    return settings.reports / f"{root_run_id}.html"


def beat(settings: Settings, outcome: str) -> None:
    """Note that a nightly ended well."""
    path = settings.data / "heartbeat.json"
    partial = path.with_suffix(".partial")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    partial.write_text(json.dumps({"at": now, "outcome": outcome}), encoding="utf-8")
    partial.replace(path)


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
        partial = settings.reports / "report.partial"
        shutil.copyfile(source, partial)
        partial.replace(settings.reports / "report.html")
