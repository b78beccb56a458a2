"""`plateau queries`: the questions to the clinic, counted, or as the sheet that it fills in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from orchestration.commands.console import print_json
from orchestration.errors import PlateauError
from orchestration.quality.items import Item, count_by_rule, open_items
from orchestration.settings import Settings
from orchestration.warehouse import connect, require_live

STANDARD_OUTPUT = Path("-")


def run(settings: Settings, *, out: Path | None, by: str, as_json: bool) -> int:
    """Count the open questions and, with `out`, write the sheet; return the exit code.

    Raises
    ------
    InputMissing
        Nothing is published yet, or there is no vault.
    PlateauError
        The file exists: it may hold answers. Or it cannot be written.
    """
    meta = require_live(settings)
    if out and out != STANDARD_OUTPUT and out.exists():
        raise PlateauError(
            f"{out} exists and may hold answers; it was left as it is: give a new name."
        )
    with connect(settings.live, read_only=True) as warehouse:
        items = open_items(warehouse)
        content = b""
        if out:
            from orchestration.quality.sheet import as_csv, lines
            from orchestration.quality.vault_reading import audit

            audit(settings, "queries", run_id=meta.run_id, questions=len(items), out=str(out))
            content = as_csv(lines(settings, warehouse, items, by=by))
    if out == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        return 0
    if out:
        _write(out, content)
    _tell(items, out, as_json)
    return 0


def _tell(items: list[Item], out: Path | None, as_json: bool) -> None:
    counts = count_by_rule(items)
    if as_json:
        told = {"open": counts, "questions": len(items), "out": str(out) if out else None}
        print_json({"schema": "plateau.queries/1", **told})
        return
    if not items:
        click.echo("No open question to the clinic.")
    for rule_id, n in counts.items():
        click.echo(f"{n:>6}  {rule_id}")
    if out:
        click.echo(f"{out} (it names patients; only you can read it)")
    elif items:
        click.echo("`plateau queries --out FILE.csv` writes the sheet for the clinic.")


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, from the first byte on."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
    except OSError as error:
        raise PlateauError(
            f"{path} cannot be written ({error.strerror}); choose another place with --out."
        ) from None
