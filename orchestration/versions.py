"""Formerly published warehouse files, kept under their time and run to go back to."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.files import link_or_copy
from orchestration.settings import Settings


def keep_version(settings: Settings, published_at: str, run_id: str) -> Path:
    """Give the live file, which is about to be replaced, a second name among the versions.

    A hard link: nothing is copied, and the bytes live on when the live name goes to the next file.
    """
    target = settings.versions / f"{_stamp(published_at)}-{run_id}.duckdb"
    if not target.exists():
        link_or_copy(settings.live, target)
    return target


def versions(settings: Settings) -> list[Path]:
    """Kept versions, the newest first."""
    return sorted(settings.versions.glob("*.duckdb"), reverse=True)


def _stamp(published_at: str) -> str:
    """`2026-11-22T20:00:00.123+00:00` as `20261122T200000.123`: sorts by time, fits any system."""
    return re.sub(r"[-:]", "", published_at.partition("+")[0])
