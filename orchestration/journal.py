"""What a run did, step by step: JSON lines in `logs/`, and listeners such as the progress display.

One line an event, with the run id and a UTC time; never a patient value or a direct identifier.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestration.errors import PlateauError
from orchestration.settings import Settings

Listener = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Journal:
    """Events of one run."""

    settings: Settings
    run_id: str
    listeners: tuple[Listener, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by step, in order of start."""

    def event(self, event: str, **facts: Any) -> None:
        """Append one line to today's file and tell the listeners."""
        now = datetime.now(UTC)
        line = {"at": now.isoformat(timespec="milliseconds"), "run_id": self.run_id, "event": event}
        line |= facts
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        path = self.settings.logs / f"plateau-{now:%Y-%m-%d}.jsonl"
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        for listen in self.listeners:
            listen(line)

    def progress(self, share: float) -> None:
        """Tell the listeners the share done (0-1) of the step at work; not worth a line."""
        for listen in self.listeners:
            listen({"event": "progress", "share": share})

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; its start, end and failure are events."""
        self.event("step_started", step=name)
        start = time.perf_counter()
        try:
            yield
        except BaseException as error:
            self._end(name, start, "step_failed", **_facts_of(error))
            raise
        self._end(name, start, "step_ended")

    def _end(self, name: str, start: float, event: str, **facts: Any) -> None:
        elapsed = time.perf_counter() - start
        self.seconds[name] = self.seconds.get(name, 0.0) + elapsed
        self.event(event, step=name, seconds=round(elapsed, 3), **facts)


def _facts_of(error: BaseException) -> dict[str, Any]:
    """Type of an error, and its sentence where it is one of ours (others may quote a value)."""
    facts: dict[str, Any] = {"error": type(error).__name__}
    if isinstance(error, PlateauError):
        facts |= {"message": str(error), "exit_code": error.exit_code}
    return facts
