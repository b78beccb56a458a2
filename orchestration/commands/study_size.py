"""`plateau study size`: how many patients a trial needs, in words for people.

Belongs here: the search's progress and what it found, printed or as JSON. Does not: the search
(`simulate.studies.trials.size`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.commands.console import print_json
from orchestration.commands.study_asked import design_of, named
from orchestration.errors import WrongUse
from orchestration.settings import Settings

if TYPE_CHECKING:
    from simulate.studies.trials.search import Steps

SECONDS_BETWEEN_LINES = 10
Tell = Callable[[str, float, "Steps"], None]


def size(
    settings: Settings,
    *,
    name: str,
    changes: Sequence[str],
    seed: int | None,
    population: str,
    powers: Sequence[float],
    methods: Sequence[str],
    tolerance: float,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print how many patients the headline's trial needs: by method, by world and over all."""
    from simulate.studies.trials.size import questions, sizes

    design = design_of(settings, name, changes, seed, population)
    if design.kind != "trials":
        raise WrongUse(f"study {name} is about {design.kind.replace('_', ' ')}: it has no size.")
    wanted = sorted(set(powers)) or [design.performance.power]
    try:
        asked = questions(design, _named_methods(design, methods))
    except ValueError as error:
        raise WrongUse(f"{error}.") from None
    head = design.headline
    if not as_json:
        click.echo(
            f"{design.study}: {head.trial.replace('_', ' ')}, {head.sessions} sessions, "
            f"missing {head.missing}"
        )
    rows: list[dict[str, Any]] = []
    with named(), _shown(design.study, quiet) as tell:
        for world, question in asked:
            label = f"{question.method}, {world}"

            def watch(power: float, steps: Steps, label: str = label) -> None:
                tell(label, power, steps)

            for answer in sizes(
                question, settings.studies, wanted, tolerance=tolerance, watch=watch
            ):
                rows.append({"method": question.method, "world": world, **asdict(answer)})
                if not as_json:
                    click.echo(f"  {label}, power {answer.power:g}: {_said(answer)}")
    if as_json:
        about = {"study": design.study, "design_id": design.design_id, "powers": wanted}
        print_json({"schema": "plateau.study.size/2", **about, "rows": rows})
    return 0


def _named_methods(design: Any, names: Sequence[str]) -> list[str]:
    if "all" not in names:
        return list(dict.fromkeys(names))
    trial = next(t for t in design.data.trials if t.name == design.headline.trial)
    return [method.name for method in design.methods if design.fits(method, trial)]


def found_before(design: Any, root: Path) -> Iterator[str]:
    """Yield what earlier searches found for the headline, or which command searches."""
    from simulate.studies.trials.size import answers

    found = answers(design, root)
    own = found[found["is_headline"]]
    if own.empty:
        yield f"plateau study size {design.study} finds how many patients a power takes."
    for row in own.itertuples():
        yield f"How many patients, {row.method}, {row.world}, power {row.power:g}: {_said(row)}"


def _said(answer: Any) -> str:
    if isinstance(answer.reason, str):
        return answer.reason
    return (
        f"{answer.n_patients:,} patients (95 % Monte Carlo interval {answer.lo:,} to "
        f"{answer.hi:,}; {answer.n_replicates:,} simulated trials)"
    )


@contextmanager
def _shown(study: str, quiet: bool) -> Iterator[Tell]:
    """Show trials simulated and the size so far: on a terminal in place, elsewhere now and then."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    line = console.status(f"{study}: compiling, or reading what is kept")
    last = [time.monotonic()]

    def tell(label: str, power: float, steps: Steps) -> None:
        if quiet:
            return
        so_far = "doubling the number of patients"
        if math.isfinite(steps.root):
            so_far = f"about {steps.root:,.0f} patients ({steps.lo:,.0f} to {steps.hi:,.0f})"
        text = f"{study}: {label}, power {power:g}: {steps.n_replicates:,} trials, {so_far}"
        if console.is_terminal:
            line.update(text)
        elif time.monotonic() - last[0] > SECONDS_BETWEEN_LINES:
            last[0] = time.monotonic()
            console.print(text, soft_wrap=True)

    try:
        if console.is_terminal and not quiet:
            with line:
                yield tell
        else:
            yield tell
    except KeyboardInterrupt:
        console.print("Stopped; what was simulated is kept. Run the same command to go on.")
        raise
