"""Commands that measure Plateau itself: `bench`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.benchmarks import ROOMS
from orchestration.declarations.options import common


@click.command()
@common
@click.argument("room", type=click.Choice(sorted(ROOMS)))
@click.option("--full", is_flag=True, help="The long form: bayes with NUTS of four long chains.")
def bench(
    data: Path | None, as_json: bool, quiet: bool, verbose: bool, room: str, full: bool
) -> int:
    """Time a room beside the peers that are installed, all in one run.

    Rates are per CPU second of one core; quote ratios, since machines are noisy. R's lme4, lmerTest
    and simr take part where Rscript has them.

    \b
    Examples:
      plateau bench classical
      plateau bench bayes          # under three minutes on two cores; --full: about ten
      plateau bench classical --json | jq '.ratios[] | {peer_name, ratio}'
    """
    from orchestration.commands import bench as work

    return work.run(room, as_json=as_json, quiet=quiet, full=full)


COMMANDS: tuple[click.Command, ...] = (bench,)
