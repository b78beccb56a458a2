"""`plateau published`: every published figure beside ours."""

from __future__ import annotations

from typing import Any

import click

from orchestration.commands.console import print_json
from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings
from orchestration.warehouse import read_tables, require_live

TABLE = "published_comparison"
SHOWN = ("target_id", "published", "value", "lo", "hi", "n", "verdict", "usable_for")


def run(settings: Settings, *, block: str | None, as_json: bool) -> int:
    """Print the comparison, or one block of the study; return the exit code.

    Raises
    ------
    InputMissing
        Nothing is published yet, or by a version without the comparison.
    PlateauError
        The study has no such block.
    """
    meta = require_live(settings)
    from classical.published import summary

    frame = read_tables(settings.live, [TABLE]).get(TABLE)
    if frame is None:
        raise InputMissing("The published warehouse has no comparison yet; run `plateau nightly`.")
    blocks = list(dict.fromkeys(frame["section"]))
    if block is not None:
        if block not in blocks:
            raise PlateauError(f"The study has no block {block}; there are: {', '.join(blocks)}.")
        frame = frame[frame["section"] == block]
    counts = summary(frame)
    if as_json:
        figures = frame.astype(object).where(frame.notna(), None).to_dict("records")
        told = {"run_id": meta.run_id, "is_synthetic": meta.kind == "synthetic", "counts": counts}
        print_json({"schema": "plateau.published/1", **told, "figures": figures})
        return 0
    _print(frame)
    simulated = "Simulated data. " if meta.kind == "synthetic" else ""
    click.echo(
        f"{simulated}{counts['computed']} of {counts['published']} published figures computed "
        f"({counts['distinct']} distinct): {counts['as published']} as published, "
        f"{counts['within sampling error']} within sampling error, {counts['differs']} differ."
    )
    return 0


def _print(frame: Any) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table()
    for name in SHOWN:
        shown.add_column(Text(name))
    for row in frame[list(SHOWN)].astype(object).where(frame.notna(), None).to_dict("records"):
        shown.add_row(*(Text(_cell(value)) for value in row.values()))
    Console(soft_wrap=not sys.stdout.isatty()).print(shown)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
