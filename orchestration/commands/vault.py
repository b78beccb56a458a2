"""`plateau vault rotate`: a new key for the pseudonyms."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestration import data_directory, lock, rotation
from orchestration.journal import Journal
from orchestration.settings import Settings


def rotate(
    settings: Settings,
    new_key: Path | None,
    *,
    wait_seconds: float = 0,
    listen: Callable[[dict[str, Any]], None] = lambda event: None,
) -> rotation.Rotated:
    """Put everything under a new key, then write the published report again.

    Raises
    ------
    InputMissing, PlateauError
        See `orchestration.rotation.rotate`; nothing has changed then.
    """
    data_directory.prepare(settings)
    run_id = str(uuid.uuid4())
    journal = Journal(settings, run_id, (listen,))
    with lock.writing(settings.data, "plateau vault rotate", wait_seconds=wait_seconds):
        had_report = (settings.reports / "report.html").exists()
        rotated = rotation.rotate(settings, new_key, journal, run_id)
        journal.event("key_rotated", key_id=rotated.key_id)
        if had_report:
            from orchestration.commands.inspect import report

            with journal.step("report"):
                report(settings, None)
    return rotated
