"""Results as plain tables on standard output: readable in a terminal, in a log and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

WIDEST = 1000


def say(text: str) -> None:
    """Print one line of a result."""
    click.echo(text)


def show(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    numbers: Sequence[str] = (),
) -> None:
    """Print a table under its title.

    Parameters
    ----------
    heads, rows
        Column heads, and cells of any type; None is an empty cell.
    numbers
        Heads of the columns that are aligned to the right.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        table.add_column(Text(head), justify="right" if head in numbers else "left")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    # A pipe has no width to fold a table into.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDEST)
    console.print()
    console.print(Text(title, style="bold"))
    console.print(table)
