"""Commands of simulation studies: `study list`, `run`, `status`, `show` and what builds on them."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestration.declarations.options import FILE, common, replacing, settings_from


class Part(click.ParamType):
    """One of several machines' share of the work, such as 3/10."""

    name = "i/n"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Read `i/n`."""
        part, _, parts = str(value).partition("/")
        if not (part.isdigit() and parts.isdigit()) or not 1 <= int(part) <= int(parts):
            self.fail(f"{value!r} is no share of the work; write it as 1/10 to 10/10.", param, ctx)
        return int(part), int(parts)


def _addressed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say which study is meant, what-if changes included."""
    for option in (
        click.argument("name"),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="FIELD=VALUE",
            help="What if: another value of a field; `world.` begins a field of every world.",
        ),
        click.option("--seed", type=int, help="Address of the random numbers (default: study's)."),
        click.option(
            "--population",
            type=click.Choice(["published", "posterior"]),
            default="published",
            show_default=True,
            help="Worlds of the study's file, or of this warehouse's own posterior.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def study() -> None:
    """Simulation studies: stated in a file, run anywhere, taken up where they stopped.

    \b
    Examples:
      plateau study list
      plateau study run test_period_length --replicates 1000 --jobs 2
      plateau study show test_period_length
    """


@study.command("list")
@common
def list_studies(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """List the studies that ship with Plateau, and what of each has been run.

    \b
    Examples:
      plateau study list
      plateau study list --json
    """
    from orchestration.commands import studies as work

    return work.list_studies(settings_from(data=data), as_json=as_json)


@study.command()
@common
@_addressed
@click.option("--replicates", type=click.IntRange(1), help="Cohorts a world (default: study's).")
@click.option("--target-mcse", type=click.FloatRange(0, min_open=True), help="Stop at this error.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:8786.")
@click.option("--shard", type=Part(), default="1/1", help="This machine's share, i/n.")
@click.option(
    "--shard-size", type=click.IntRange(1, 100_000), default=1000, show_default=True,
    help="Cohorts a file; some seconds of work.",
)  # fmt: skip
def run(data: Path | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Run what is missing of a study; what is there is never made again.

    Interrupt it at any time and run the same command to go on; more replicates only add. A job
    array runs `--shard 1/n` to `--shard n/n` into one data directory.

    \b
    Examples:
      plateau study run test_period_length --replicates 1000 --jobs 2
      plateau study run test_period_length --target-mcse 0.002 --replicates 100000
      plateau study run test_period_length --set world.measurement.noise_sd=12
      plateau study run test_period_length --set data.n_patients=100 --shard 3/10
      plateau study run test_period_ensemble --population posterior --replicates 100
      plateau study run test_period_length --scheduler tcp://127.0.0.1:8786
    """
    from orchestration.commands import study_run as work

    return work.run(settings_from(data=data), as_json=as_json, quiet=quiet, **given)


@study.command()
@common
@_addressed
def status(data: Path | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Say how much of a study has been run, world by world, and how precise it is.

    \b
    Examples:
      plateau study status test_period_length
      plateau study status test_period_length --set data.n_patients=100 --json
    """
    from orchestration.commands import studies as work

    return work.status(settings_from(data=data), as_json=as_json, **given)


@study.command()
@common
@_addressed
@click.option("--measure", multiple=True, help="Only these measures, such as sensitivity.")
@click.option("--all", "everything", is_flag=True, help="Every truth, not the headline alone.")
@click.option("--out", type=FILE, help="Write the study's page (HTML) here.")
@replacing
def show(data: Path | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Show what a study found: estimates with Monte Carlo errors, or its page.

    \b
    Examples:
      plateau study show test_period_length
      plateau study show test_period_length --measure sensitivity --json
      plateau study show test_period_length --out study.html
    """
    from orchestration.commands import studies as work

    return work.show(settings_from(data=data), as_json=as_json, **given)


@study.command()
@common
@_addressed
@click.option("--out", type=FILE, required=True, help="Write the page (HTML) here.")
@click.option("--table", type=FILE, help="Also write the grid, study_whatif_grid, as Parquet.")
@replacing
def whatif(data: Path | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Write a page on which a reader picks assumptions, from a study that varies them.

    One file that asks for nothing outside itself; with scripts off it shows the first table.

    \b
    Examples:
      plateau study run whatif_grid --jobs 2
      plateau study whatif whatif_grid --out whatif.html
      plateau study whatif whatif_grid --out whatif.html --table grid.parquet
    """
    from orchestration.commands import studies as work

    return work.whatif(settings_from(data=data), as_json=as_json, **given)


@study.command()
@common
@_addressed
@click.option(
    "--power",
    "powers",
    multiple=True,
    type=click.FloatRange(0.05, 0.99),
    help="Power asked, any number of times (default: the study's).",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help="Method in place of the headline's, any number of times; `all` is every one that fits.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0.005, 0.5),
    default=0.03,
    show_default=True,
    help="Stop when the interval reaches no further than this share of the size.",
)
def size(data: Path | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Find how many patients a trial needs, with an interval; the headline says which trial.

    Replicates go where the power is close to the one asked. All are kept: interrupted, the same
    command goes on and finds the same; what it found stands on the study's page.

    \b
    Examples:
      plateau study size sham_trial
      plateau study size sham_trial --power 0.8 --power 0.9 --set headline.missing=informative
      plateau study size sham_endpoints --power 0.8 --method all
      plateau study size sham_trial --set world.measurement.noise_sd=18 --json
    """
    from orchestration.commands import study_size as work

    return work.size(settings_from(data=data), as_json=as_json, quiet=quiet, **given)


@study.command()
@common
def marts(data: Path | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Gather what all studies have found in one DuckDB file, `studies/studies.duckdb`.

    Counts, figures with their errors, best lengths, assurance, the what-if grid: tables with
    enforced contracts, checked before the file takes the place of the one before. No night waits
    for it, and it waits for none. A study with a file of counts that must not be read is left out
    by name, and the command ends with exit code 3.

    \b
    Examples:
      plateau study marts
      plateau study marts --data ./data --json
      duckdb -readonly data/studies/studies.duckdb "from study_assurance"
    """
    from orchestration.commands import study_marts as work

    return work.marts(settings_from(data=data), as_json=as_json, quiet=quiet)


COMMANDS: tuple[click.Command, ...] = (study,)
