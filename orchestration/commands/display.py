"""What a person sees while a run is at work: the step, its seconds, its problems.

On a terminal a line with a spinner and a bar; elsewhere one plain line a finished step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def bar(what: str, is_quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """Show one bar on a terminal while work is done; yields what takes the share done."""
    console = Console(stderr=True, highlight=False)
    if is_quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


class Display:
    """Listener of journal events (`listen`); a context manager around one run.

    Parameters
    ----------
    verbosity
        -1 quiet, 0 finished steps, 1 also files and checks.
    """

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self.console = Console(stderr=True, highlight=False)
        live = self.console.is_terminal and verbosity >= 0
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not live,
        )
        self.tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()

    def say(self, text: str, *, level: int = 0) -> None:
        """Print a line, when the verbosity asks for it."""
        if self.verbosity >= level:
            self.console.print(text)

    def listen(self, event: dict[str, Any]) -> None:
        """Show one journal event."""
        handler = getattr(self, f"_on_{event['event']}", None)
        if handler:
            handler(event)

    def _on_step_started(self, event: dict[str, Any]) -> None:
        self.tasks[event["step"]] = self.progress.add_task(event["step"], total=None)

    def _on_step_ended(self, event: dict[str, Any]) -> None:
        self._close(event)
        level = 1 if event["step"].startswith("read ") else 0
        self.say(f"[green]done[/]   {event['step']:<28} {event['seconds']:7.1f} s", level=level)

    def _on_step_failed(self, event: dict[str, Any]) -> None:
        self._close(event)
        self.say(f"[red]failed[/] {event['step']:<28} {event['seconds']:7.1f} s")

    def _on_progress(self, event: dict[str, Any]) -> None:
        if self.tasks:
            newest = list(self.tasks.values())[-1]
            self.progress.update(newest, total=1.0, completed=event["share"])

    def _on_check(self, event: dict[str, Any]) -> None:
        name = f"{event['check']} on {event['table']}"
        if event["passed"]:
            self.say(f"       {name}: {event['rules']} rules hold", level=1)
            return
        self.say(f"[red]check failed[/] {name}")
        for line in event["failed"]:
            self.say(f"       {line}")

    def _on_waiting(self, event: dict[str, Any]) -> None:
        self.say(f"waiting for {event['holder']}")

    def _on_delivery_waits(self, event: dict[str, Any]) -> None:
        self.say(f"[yellow]skipped[/] {event['delivery']}: {event['reason']}")

    def _on_dead_run_cleared(self, event: dict[str, Any]) -> None:
        self.say(f"[yellow]cleared[/] run {event['dead_run_id']}, whose process had died")

    def _close(self, event: dict[str, Any]) -> None:
        task = self.tasks.pop(event["step"], None)
        if task is not None:
            self.progress.remove_task(task)
