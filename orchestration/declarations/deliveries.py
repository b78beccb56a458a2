"""Commands on single deliveries: `accept`."""

# ruff: noqa: D301 - click reads `\b` in a docstring as "keep these lines"

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.declarations.options import FOLDER, common, settings_from


@click.command()
@common
@click.option("--deliveries", type=FOLDER, help="Drop folder of the clinic.")
@click.option("--because", required=True, help="Who decided, and why; it is kept for ever.")
@click.argument("delivery")
def accept(
    data: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    deliveries: Path | None,
    because: str,
    delivery: str,
) -> int:
    """Take a delivery that a block refused, or try a refused one again, at the next nightly.

    A word sets aside only blocks (too many rows in quarantine or gone, a landmark value that a
    late delivery changes): what cannot be read stays refused.

    \b
    Examples:
      plateau accept 20260105 --because "Dr Petit: 40 withdrawn patients, checked on 2026-01-06"
      plateau accept 20260105-3fa8c2d19b04 --because "export mended, A. Roy" --data /srv/pain
    """
    from orchestration.commands import accept as work

    settings = settings_from(data=data, deliveries=deliveries)
    taken = work.run(settings, delivery, because)
    if as_json:
        print_json({"schema": "plateau.accept/1", "delivery_id": taken.delivery_id})
    else:
        click.echo(
            f"{taken.delivery_id} is tried again at the next `plateau nightly`; this word sets "
            "aside blocks, not what cannot be read."
        )
    return 0


COMMANDS = (accept,)
