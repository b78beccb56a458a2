"""Commands that simulate: `simulate clinic`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.declarations.options import FOLDER, common


@click.group()
def simulate() -> None:
    """Synthetic clinics, labelled synthetic everywhere."""


@simulate.command()
@common
@click.option("--out", type=FOLDER, required=True, help="Folder to write; must be new or empty.")
@click.option("--scenario", default="replica", show_default=True, help="World to simulate.")
@click.option("--patients", type=click.IntRange(1), help="Patients treated (default: scenario's).")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--deliveries", type=click.IntRange(1, 24), default=3, show_default=True)
def clinic(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    out: Path,
    scenario: str,
    patients: int | None,
    seed: int,
    deliveries: int,
) -> int:
    """Write the raw files of a synthetic clinic, and its truth beside them.

    \b
    Examples:
      plateau simulate clinic --out /tmp/clinic
      plateau simulate clinic --out /tmp/flat --scenario no_accumulation --patients 500 --seed 3
    """
    from orchestration.commands import simulate as work

    summary = work.clinic(out, scenario, patients, seed, deliveries)
    if as_json:
        print_json({"schema": "plateau.simulate.clinic/1", **summary})
    else:
        click.echo(
            f"{summary['patients']} synthetic patients, {summary['sessions']} sessions, "
            f"{len(summary['deliveries'])} deliveries"
        )
        click.echo(out)
    return 0


COMMANDS: tuple[click.Command, ...] = (simulate,)
