"""`plateau bench`: a room's benchmark with its peers, printed or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestration.commands.console import print_json

if TYPE_CHECKING:
    from orchestration.benchmarks import Measured


def run(room: str, *, as_json: bool, quiet: bool, full: bool = False) -> int:
    """Run a room's benchmark; return the exit code."""
    from orchestration import benchmarks

    def say(line: str) -> None:
        if not quiet:
            click.echo(f"{room}: {line}", err=True)

    measured = benchmarks.run(room, say, full=full)
    if as_json:
        ratios = [one.as_json() for one in measured]
        print_json({"schema": "plateau.bench/1", "room": room, "ratios": ratios})
        return 0
    for one in measured:
        click.echo(_line(one))
    return 0


def _line(one: Measured) -> str:
    ours = f"{one.ours:,.0f}" if one.ours >= 100 else f"{one.ours:.3g}"
    text = f"{one.task}: {ours} {one.unit}"
    reached = one.ours if not one.peer_name else one.ratio
    if one.peer_name and one.peer is None:
        text += f"; {one.peer_name} not measured"
    elif one.peer is not None:
        text += f"; {one.peer_name} {one.peer:,.4g}, ratio {one.ratio:,.3g}"
    if one.goal is not None:
        state = (
            "not measured" if reached is None else "reached" if reached >= one.goal else "missed"
        )
        text += f" (goal {one.goal:,.4g}: {state})"
    return f"{text}; {one.note}" if one.note else text
