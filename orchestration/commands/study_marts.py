"""`plateau study marts`: words for people around the warehouse of studies."""

from __future__ import annotations

import click

from orchestration.commands.console import print_json
from orchestration.commands.studies import named
from orchestration.settings import Settings


def marts(settings: Settings, *, as_json: bool, quiet: bool) -> int:
    """Build the warehouse of studies; say what is in it."""
    from orchestration.study_marts import FILE, build

    def tell(name: str) -> None:
        if not quiet:
            click.echo(f"reading {name}", err=True)

    with named():
        n_rows = build(settings, tell)
    path = settings.studies / FILE
    if as_json:
        print_json({"schema": "plateau.study.marts/1", "file": str(path), "rows": n_rows})
        return 0
    for name, n in n_rows.items():
        click.echo(f"{name}: {n:,} rows")
    click.echo(path)
    return 0
