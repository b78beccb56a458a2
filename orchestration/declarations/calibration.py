"""Commands that fit the simulator to the study and judge the fit."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.declarations.options import FILE, FOLDER, common
from orchestration.declarations.simulation import simulate

JOBS = click.option(
    "--jobs", type=click.IntRange(1, 64), default=2, show_default=True,
    help="Threads of the simulation; they change no number.",
)  # fmt: skip


def _of_ensemble(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of a judgement: whose, from where, by which numbers, written where."""
    for option in (
        click.option("--out", type=FILE, help="Write the tables (markdown)."),
        JOBS,
        click.option("--seed", type=int, default=1, show_default=True),
        click.option(
            "--folder", type=FOLDER, help="Folder of the ensemble (default: those that ship)."
        ),
        click.option("--ensemble", "name", default="thomas2024", show_default=True),
    ):
        command = option(command)
    return command


@simulate.command()
@common
@click.option("--name", default="thomas2024", show_default=True, help="Name of the ensemble.")
@click.option(
    "--out", type=FOLDER, default=Path(), show_default=True,
    help="Folder for NAME.csv and NAME.json.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True)
@JOBS
@click.option("--quick", is_flag=True, help="A rough fit in less than a minute, for a look.")
@click.option("--replace", "over", is_flag=True, help="Replace an ensemble of that name.")
@click.option("--report", type=FILE, help="Also judge the fit and write the report (markdown).")
def calibrate(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    name: str,
    out: Path,
    seed: int,
    jobs: int,
    quick: bool,
    over: bool,
    report: Path | None,
) -> int:
    """Fit the simulator to the published figures: an ensemble of weighted worlds.

    Uses only the figures marked for calibration. Minutes on two cores.

    \b
    Examples:
      plateau simulate calibrate --out /tmp/ensemble --quick
      plateau simulate calibrate --out simulate/ensembles --replace \\
        --report docs/calibration-report.md
    """
    from orchestration.commands import calibrate as work
    from orchestration.commands.judge import check_places

    command = f"plateau simulate calibrate --name {name} --seed {seed}"
    command += " --quick" if quick else ""
    check_places(report)
    with _progress(shown=not quiet) as told:
        summary = work.calibrate(name, out, seed, jobs, quick, over, report, command, told)
    if as_json:
        print_json({"schema": "plateau.simulate.calibrate/1", **summary})
        return 0
    click.echo(f"{summary['members']} members, effective size {summary['effective_size']:.0f}")
    if report:
        _print_blocks(summary)
        click.echo(report)
    click.echo(summary["path"])
    return 0


@simulate.command()
@common
@_of_ensemble
def accept(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    name: str,
    folder: Path | None,
    seed: int,
    jobs: int,
    out: Path | None,
) -> int:
    """Judge an ensemble: how many published figures its replicate clinics would print.

    \b
    Examples:
      plateau simulate accept
      plateau simulate accept --ensemble mine --folder /tmp/ensemble --out /tmp/acceptance.md
    """
    from orchestration.commands import judge as work

    work.check_places(out)
    with _progress(shown=not quiet) as told:
        found = work.accept(work.named(name, folder), seed, jobs, told)
    page = found.pop("page")
    if out:
        out.write_text(page, encoding="utf-8")
    if as_json:
        print_json({"schema": "plateau.simulate.accept/1", **found})
        return 0
    _print_blocks(found)
    if out:
        click.echo(out)
    return 0


@simulate.command()
@common
@_of_ensemble
def validate(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    name: str,
    folder: Path | None,
    seed: int,
    jobs: int,
    out: Path | None,
) -> int:
    """Compare an ensemble with the published figures that no fit has seen.

    Meant for an ensemble that will not change any more: whoever goes on fitting after a look at
    these figures has no held-out figures left.

    \b
    Examples:
      plateau simulate validate --out /tmp/validation.md
    """
    from orchestration.commands import judge as work

    work.check_places(out)
    with _progress(shown=not quiet) as told:
        found = work.validate(work.named(name, folder), seed, jobs, told)
    page = found.pop("page")
    if out:
        out.write_text(page, encoding="utf-8")
    if as_json:
        print_json({"schema": "plateau.simulate.validate/1", **found})
        return 0
    for block in found["blocks"]:
        apart = "" if block["is_informed"] else " (no fitted figure informs it)"
        click.echo(f"{block['block']:<22} {block['met']} of {block['n']} figures met{apart}")
    click.echo(f"informed: {found['informed_met']} of {found['informed_n']}; {_standing(found)}")
    if out:
        click.echo(out)
    return 0


@simulate.command()
@common
@click.option("--scenario", default="replica", show_default=True, help="World to simulate.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change a field.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--replicate", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=FILE, required=True, help="The page (HTML).")
def likeness(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    scenario: str,
    changes: tuple[str, ...],
    seed: int,
    replicate: int,
    out: Path,
) -> int:
    """Draw one simulated clinic as the study drew itself, published values beside it.

    \b
    Examples:
      plateau simulate likeness --out /tmp/likeness.html
      plateau simulate likeness --set population.ensemble=thomas2024 --replicate 3 --out /tmp/3.html
    """
    from orchestration.commands import judge as work

    work.check_places(out)
    out.write_text(work.likeness(scenario, changes, seed, replicate), encoding="utf-8")
    if as_json:
        print_json({"schema": "plateau.simulate.likeness/1", "path": str(out)})
        return 0
    click.echo(out)
    return 0


def _print_blocks(found: dict) -> None:
    for block in found["blocks"]:
        verdict = "passes" if block["passes"] else "fails"
        click.echo(
            f"{block['block']:<10} {block['met']} of {block['n']} figures met, {verdict}; "
            f"intervals {block['width_ratio']:.1f} times sampling alone"
        )
    refused = found["wrong_worlds_refused"]
    click.echo(f"wrong worlds refused: {', '.join(refused) or 'none'}")
    click.echo(_standing(found))


def _standing(found: dict) -> str:
    from orchestration.commands.judge import REPLICAS

    place = f"number {found['rank']} of {REPLICAS + 1} from the middle"
    return f"the study is {place}, p = {found['p']:.3f}"


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show what is being simulated, on standard error where that is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, object] = {}

        def told(word: str, done: int, of: int) -> None:
            if word not in tasks:
                tasks[word] = bar.add_task(word, total=of)
            bar.update(tasks[word], completed=done)  # type: ignore[arg-type]

        yield told


# Both hang on the group `simulate`.
COMMANDS: tuple[click.Command, ...] = ()
