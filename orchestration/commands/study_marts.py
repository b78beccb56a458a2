"""`plateau study marts`: words for people around the warehouse of studies."""

from __future__ import annotations

import click

from orchestration.commands.console import print_json
from orchestration.commands.study_asked import named
from orchestration.errors import EXIT_CHECKS_FAILED, EXIT_OK
from orchestration.settings import Settings


def marts(settings: Settings, *, as_json: bool, quiet: bool) -> int:
    """Build the warehouse of studies; say what is in it, and what is not."""
    from orchestration.study_marts import FILE, build

    def tell(name: str) -> None:
        if not quiet:
            click.echo(f"reading {name}", err=True)

    with named():
        built = build(settings, tell)
    path = settings.studies / FILE
    code = EXIT_CHECKS_FAILED if built.left_out else EXIT_OK
    if as_json:
        facts = {"file": str(path), "rows": built.rows, "left_out": built.left_out}
        print_json({"schema": "plateau.study.marts/1", **facts, "exit_code": code})
        return code
    for name, n in built.rows.items():
        click.echo(f"{name}: {n:,} rows")
    click.echo(path)
    for row in built.left_out:
        click.echo(f"Left out: {row['study']}. {row['reason']} {row['next_step']}", err=True)
    return code
