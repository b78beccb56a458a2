"""`plateau study run`: make what is missing of a study, with progress.

Belongs here: words for people around `simulate.studies.run`. Does not: how a study is run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from orchestration.commands.console import print_json
from orchestration.commands.study_asked import design_of, named
from orchestration.commands.study_lines import number
from orchestration.errors import WrongUse
from orchestration.settings import Settings

if TYPE_CHECKING:
    from simulate.studies.run import Progress

COMPILING = (
    "Compiling the kernels of this code, once: tens of seconds before the first cohort; later runs "
    "start at once."
)


def run(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    replicates: int | None,
    target_mcse: float | None,
    jobs: int,
    scheduler: str | None,
    shard: tuple[int, int],
    shard_size: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run what is missing, with progress on standard error."""
    from simulate.studies.run import Plan
    from simulate.studies.run import run as run_study

    design = design_of(settings, name, changes, seed, population)
    try:
        plan = Plan(
            replicates or design.replicates, target_mcse, jobs, scheduler, *shard, shard_size
        )
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    with named():
        if not quiet and scheduler is None and _compiles(design, settings, plan):
            click.echo(COMPILING, err=True)
    with named(), _shown(design, quiet) as tell:
        state = run_study(design, settings.studies, plan, tell)
    facts: dict[str, Any] = {
        "study": design.study,
        "design_id": design.design_id,
        "replicates": state.done,
        "made": state.made,
        "failed": 0,
        "seconds": state.seconds,
        "mcse": state.mcse,
        "measure": design.performance.stop.measure,
    }
    if as_json:
        print_json({"schema": "plateau.study.run/1", **facts})
        return 0
    click.echo(
        f"{design.study}: {state.done:,} of {state.total:,} cohorts, {state.made:,} made now in "
        f"{state.seconds:.1f} s; largest MCSE of {facts['measure']} {number(state.mcse, 4)}"
    )
    click.echo(f"plateau study show {name} shows what it found.")
    return 0


def _compiles(design: Any, settings: Settings, plan: Any) -> bool:
    """Tell whether a run has cohorts to make and no compiled code to make them with."""
    from simulate.studies.kept import must_compile
    from simulate.studies.run import open_store
    from simulate.studies.worlds import worlds

    if not must_compile(design.kind):
        return False
    store = open_store(design, settings.studies)
    return any(
        store.missing(world.scenario_id, plan.replicates, plan.shard_size)
        for world in worlds(design)
    )


@contextmanager
def _shown(design: Any, quiet: bool) -> Iterator[Any]:
    """Show replicates, largest error so far and time left, on a terminal as a bar."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, highlight=False)
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[facts]}"),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    task = bar.add_task(design.study, total=1.0, facts="")
    told = [-1]

    def tell(state: Progress) -> None:
        share = state.done / max(state.total, 1)
        facts = (
            f"{state.done:,} of {state.total:,} cohorts, MCSE {number(state.mcse, 4)}, "
            f"{_seconds(state.seconds_left)} left"
        )
        bar.update(task, total=1.0, completed=share, facts=facts)
        if not quiet and not console.is_terminal and int(10 * share) > told[0]:
            told[0] = int(10 * share)
            console.print(f"{design.study}: {facts}")

    try:
        with bar:
            yield tell
    except KeyboardInterrupt:
        console.print("Stopped; every finished shard is kept. Run the same command to go on.")
        raise


def _seconds(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"
