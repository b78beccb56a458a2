"""`plateau study`: simulation studies from the command line.

Belongs here: words for people around `simulate.studies`. Does not: how a study is run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.commands.console import print_json
from orchestration.commands.study_lines import lines, number
from orchestration.errors import PlateauError, WrongUse
from orchestration.settings import Settings

if TYPE_CHECKING:
    from simulate.studies.run import Progress


COMPILING = (
    "Compiling the kernels of this code, once: tens of seconds before the first cohort; later runs "
    "start at once."
)


def list_studies(settings: Settings, *, as_json: bool) -> int:
    """Print every study with its aim and what has been run."""
    from simulate.studies import files
    from simulate.studies.run import open_store
    from simulate.studies.worlds import worlds

    found = []
    for name in files.available():
        design = files.load(name)
        store = open_store(design, settings.studies)
        with named():
            n = [
                sum(shard.stop - shard.first for shard in store.complete(world.scenario_id))
                for world in worlds(design)
            ]
        found.append({"study": name, "aims": design.aims.strip(), "replicates": min(n)})
    if as_json:
        print_json({"schema": "plateau.study.list/1", "studies": found})
    for one in found if not as_json else []:
        click.echo(f"{one['study']}: {one['aims']}\n  {one['replicates']:,} cohorts a world so far")
    return 0


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


def status(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    as_json: bool,
) -> int:
    """Print replicates by world, precision, and partitions of other designs or code."""
    from simulate.studies.run import open_store
    from simulate.studies.worlds import worlds

    design = design_of(settings, name, changes, seed, population)
    with named():
        store = open_store(design, settings.studies)
        rows: list[dict[str, Any]] = []
        for world in worlds(design):
            shards = store.complete(world.scenario_id)
            n = sum(s.stop - s.first for s in shards)
            rows.append(
                {
                    "world": world.name,
                    "scenario_id": world.scenario_id,
                    "replicates": n,
                    "wanted": design.replicates,
                    "shards": len(shards),
                }
            )
        others = store.other_partitions()
    if as_json:
        facts = {"study": design.study, "design_id": store.design_id, "code_id": store.code_id}
        print_json({"schema": "plateau.study.status/1", **facts, "rows": rows, "others": others})
        return 0
    click.echo(f"{design.study}, design {store.design_id}, code {store.code_id}")
    for row in rows:
        click.echo(
            f"  {row['world']} ({row['scenario_id'][:6]}): {row['replicates']:,} of "
            f"{row['wanted']:,} cohorts in {row['shards']} shards"
        )
    if others:
        click.echo(f"  not mixed in, of another design or code: {', '.join(others)}")
    return 0


def show(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    measure: Sequence[str],
    everything: bool,
    out: Path | None,
    as_json: bool,
) -> int:
    """Print figures with their errors, what they come to; or write the page."""
    from simulate.studies.kinds import kind
    from simulate.studies.run import open_store

    design = design_of(settings, name, changes, seed, population)
    with named():
        store = open_store(design, settings.studies)
        found = kind(design.kind).tables(design, store)
    if out is not None:
        from orchestration.study_page import write_page
        from simulate.studies.convergence import course

        with named():
            others = _elsewhere(settings, name, changes, seed, population)
            shrank = course(design, store)
            sizes = None
            if design.kind == "trials":
                from simulate.studies.trials.size import answers

                sizes = answers(design, settings.studies)
        n_bytes = write_page(design, found, out, population, others, shrank, sizes)
        if as_json:
            print_json({"schema": "plateau.study.page/1", "page": str(out), "bytes": n_bytes})
        else:
            click.echo(out)
        return 0
    rows = found.study_performance
    rows = rows if everything else rows[rows["is_headline"]]
    unknown = sorted(set(measure) - set(rows["measure"]))
    if unknown:
        known = ", ".join(dict.fromkeys(rows["measure"]))
        raise WrongUse(f"No measure {', '.join(unknown)}; there are: {known}.")
    if measure:
        rows = rows[rows["measure"].isin(measure)]
    if as_json:
        told = rows.drop(columns="study").to_dict("records")
        facts = {"study": design.study, "design_id": design.design_id}
        print_json({"schema": "plateau.study.show/1", **facts, "rows": told})
        return 0
    for line in lines(design, found, rows, tuple(measure)):
        click.echo(line)
    if design.kind == "trials" and not measure:
        from orchestration.commands.study_size import found_before

        for line in found_before(design, settings.studies):
            click.echo(line)
    return 0


def whatif(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    out: Path,
    table: Path | None,
    as_json: bool,
) -> int:
    """Write the what-if page of a study over worlds, and its grid."""
    from orchestration.study_page import write_whatif
    from simulate.studies.kinds import kind
    from simulate.studies.run import open_store

    design = design_of(settings, name, changes, seed, population)
    if design.kind != "test_periods":
        raise WrongUse(f"study {name} is about {design.kind}: a what-if page is of test periods.")
    with named():
        found = kind(design.kind).tables(design, open_store(design, settings.studies))
    try:
        n_bytes, n_rows = write_whatif(design, found, out, table)
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    if as_json:
        facts = {"page": str(out), "bytes": n_bytes, "rows": n_rows, "table": table and str(table)}
        print_json({"schema": "plateau.study.whatif/1", **facts})
    else:
        click.echo(out)
    return 0


def design_of(
    settings: Settings, name: str, changes: Sequence[str], seed: int | None, population: str
) -> Any:
    """Return a study with its changes, in the population asked for.

    Raises
    ------
    WrongUse
        There is no such study, or it cannot be changed so.
    """
    from orchestration.own_population import POSTERIOR, ensemble_of
    from simulate.studies import files
    from simulate.studies.worlds import worlds

    try:
        changed = dict(files.parse_change(text) for text in changes)
        if population == POSTERIOR:
            changed["world.population.ensemble"] = str(ensemble_of(settings))
        design = files.load(name, changed if seed is None else {**changed, "seed": seed})
        if population == POSTERIOR and design.kind == "estimates":
            raise ValueError(
                f"study {name} asks for the truth of one world: --population posterior is for test "
                "periods and trials"
            )
        worlds(design)
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    return design


def _elsewhere(
    settings: Settings, name: str, changes: Sequence[str], seed: int | None, population: str
) -> dict[str, Any]:
    """Return what the study found under the other population, where it has been run."""
    from orchestration.own_population import POSTERIOR, PUBLISHED
    from simulate.studies.kinds import kind
    from simulate.studies.run import open_store

    other = PUBLISHED if population == POSTERIOR else POSTERIOR
    try:
        design = design_of(settings, name, changes, seed, other)
        found = kind(design.kind).tables(design, open_store(design, settings.studies))
    except (PlateauError, LookupError):  # no posterior, or nothing of it has been run
        return {}
    return {other: found}


@contextmanager
def named() -> Iterator[None]:
    """Turn what a study can meet into the sentence that a user reads."""
    from simulate.studies.shards import BackendError
    from simulate.studies.store import StoreError

    try:
        yield
    except (BackendError, StoreError, LookupError) as error:
        raise PlateauError(str(error)) from None


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
