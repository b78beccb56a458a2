"""`plateau published`: every published figure beside ours."""

from __future__ import annotations

from typing import Any

import click

from orchestration.commands.console import print_json
from orchestration.errors import InputMissing, PlateauError
from orchestration.settings import Settings
from orchestration.warehouse import read_tables, require_live

TABLE = "published_comparison"
VERDICTS = {
    "as-published": "as published",
    "within-error": "within sampling error",
    "differs": "differs",
    "cannot": "cannot be computed",
}
SHOWN = ("target_id", "published", "value", "lo", "hi", "n", "verdict", "usable_for")
WIDTH_OFF_A_TERMINAL = 180  # so that a pipe or a file gets every name whole


def run(settings: Settings, *, chosen: dict[str, str | None], as_json: bool) -> int:
    """Print the comparison, or what was chosen of it by column; return the exit code.

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
    frame = _chosen(frame, **chosen)
    counts = summary(frame)
    if as_json:
        frame = frame.rename(columns={"value": "ours"})
        figures = frame.astype(object).where(frame.notna(), None).to_dict("records")
        told = {"run_id": meta.run_id, "is_synthetic": meta.kind == "synthetic", "counts": counts}
        print_json({"schema": "plateau.published/1", **told, "rows": figures})
        return 0
    _print(frame)
    simulated = "Simulated data. " if meta.kind == "synthetic" else ""
    click.echo(
        f"{simulated}{counts['computed']} of {counts['published']} published figures computed "
        f"({counts['distinct']} distinct): {counts['as published']} as published, "
        f"{counts['within sampling error']} within sampling error, {counts['differs']} differ."
    )
    return 0


def _chosen(frame: Any, section: str | None, verdict: str | None, usable_for: str | None) -> Any:
    """Rows of a block, a verdict and a use; each may be None."""
    blocks = list(dict.fromkeys(frame["section"]))
    if section is not None:
        if section not in blocks:
            raise PlateauError(f"The study has no block {section}; there are: {', '.join(blocks)}.")
        frame = frame[frame["section"] == section]
    if verdict is not None:
        frame = frame[frame["verdict"].str.startswith(VERDICTS[verdict])]
    return frame if usable_for is None else frame[frame["usable_for"] == usable_for]


def _print(frame: Any) -> None:
    import sys

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table()
    for name in SHOWN:
        shown.add_column(Text(name), overflow="fold")
    for row in frame[list(SHOWN)].astype(object).where(frame.notna(), None).to_dict("records"):
        shown.add_row(*(Text(_cell(value)) for value in row.values()))
    width = None if sys.stdout.isatty() else WIDTH_OFF_A_TERMINAL
    Console(width=width).print(shown)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
