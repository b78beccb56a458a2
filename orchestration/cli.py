"""The command line: puts the commands together and runs them with the documented exit codes.

Results go to standard output, progress and problems to standard error. Each command is declared in
`orchestration.declarations` and done in `orchestration.commands`; heavy packages load inside a
command only. The contract is `docs/cli.md`.
"""

from __future__ import annotations

import sys

import click

from orchestration import __version__
from orchestration.commands.console import guarded
from orchestration.declarations import (
    calibration,
    deliveries,
    keeping,
    measuring,
    operations,
    quality,
    reading,
    runs,
    simulation,
    studies,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="plateau")
def cli() -> None:
    """Plateau: how many rTMS sessions does it take to know who will benefit?

    Research software, not a medical device.

    \b
    Examples:
      plateau demo                     a synthetic clinic through the whole pipeline
      plateau nightly --data /srv/pain the scheduled job, once
      plateau ui --data /srv/pain      Dagster UI, schedule and sensors on loopback
    """


for command in (
    *runs.COMMANDS,
    *simulation.COMMANDS,
    *studies.COMMANDS,
    *calibration.COMMANDS,
    *reading.COMMANDS,
    *deliveries.COMMANDS,
    *quality.COMMANDS,
    *operations.COMMANDS,
    *keeping.COMMANDS,
    *measuring.COMMANDS,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line with the documented exit codes."""
    sys.exit(guarded(cli, sys.argv[1:]))


if __name__ == "__main__":
    main()
