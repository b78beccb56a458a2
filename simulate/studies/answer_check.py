"""Whether every number of a study's answer has a cell: what is wrong is named by field and value.

Here: checks. Not here: what a file may say (`answer.py`), the numbers (`answer_figures.py`).
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd

from simulate.studies.answer import Cell, Difference, own_numbers
from simulate.studies.answer_derived import DERIVED
from simulate.studies.kinds import kind
from simulate.studies.mistakes import nearest
from simulate.studies.study import Misfit

Path = tuple[str | int, ...]
NOT_KEYS = ("cell_id", "is_headline", "is_targeted", "design", "analysis")
"""Columns of cells that name none."""
UNSAID = {"decision_n_lag_visits": 0}
"""What a cell is taken to have where neither its figure nor the headline says."""


ASKED: dict[str, Callable[[float], float]] = {
    "power": lambda power: power,
    "level": lambda level: 1 - level,
}
"""What a study asks of its performance, as a sentence may quote it, in percent: `power_pct`, and
`level_pct` of the intervals."""


class Keys:
    """What cells a design has, and which one each figure of its answer is of."""

    def __init__(self, design: Any):
        self.design = design
        self._grids: dict[tuple[str, ...], pd.DataFrame] = {}

    def grid(self, measure: str) -> pd.DataFrame:
        """Return the keys of all cells that have a measure, each once."""
        derived = DERIVED[self.design.kind].get(measure)
        if derived is not None and derived.grid is not None:
            return derived.grid()
        left = () if derived is None else derived.without
        if left not in self._grids:
            anywhere = SimpleNamespace(scenario_id="")  # of any world the keys are the same
            cells = kind(self.design.kind).cells(self.design, anywhere)
            if "is_targeted" in cells:
                cells = cells[cells["is_targeted"]]
            names = [c for c in cells if c not in (*NOT_KEYS, *left)]
            self._grids[left] = cells[names].drop_duplicates(ignore_index=True)
        return self._grids[left]

    def of(self, name: str) -> dict[str, Any]:
        """Return the whole key of a figure's cell, of which there is exactly one.

        Raises
        ------
        Misfit
            There is no such measure or cell, or more than one.
        """
        figure, place = self.design.answer.figures[name], ("answer", "figures", name)
        measures = [*self.design.performance.chosen_measures, *DERIVED[self.design.kind]]
        one_of(figure.measure, measures, "measure", (*place, "measure"))
        grid = self.grid(figure.measure)
        for column in figure.cell:
            one_of(column, list(grid), "column of cells", (*place, "cell", column))
        unsaid = UNSAID | self.design.headline.model_dump()
        asked = {c: v for c, v in unsaid.items() if c in grid and c not in figure.cell}
        for column, value in (asked | figure.cell).items():
            is_it = grid[column].isna() if value is None else grid[column] == value
            if not is_it.any():
                there = list(dict.fromkeys(grid[column]))
                one_of(value, there, f"cell of it with {column}", (*place, "cell", column))
            grid = grid[is_it]
        if len(grid) > 1:
            open_ = [c for c in grid if len(set(grid[c].astype(str))) > 1]
            told = "; ".join(f"{c} ({', '.join(map(str, grid[c].unique()))})" for c in open_)
            raise Misfit(f"this is {len(grid)} cells; name one by {told}", *place, "cell")
        return {str(column): value for column, value in grid.iloc[0].to_dict().items()}

    def columns(self, name: str) -> list[str]:
        """Return what a sentence may quote of a figure: columns of its cell, and of its worlds."""
        figure = self.design.answer.figures[name]
        if isinstance(figure, Difference):
            return self.columns(figure.of)
        varied = [field.rsplit(".", 1)[-1] for field in self.design.data.vary]
        return [*self.about(name), *varied, "world", "n_worlds"]

    def about(self, name: str) -> dict[str, Any]:
        """Return the key of a figure's cell, with what the file says of its method and trial."""
        key, data = self.of(name), self.design.data
        parts = [*self.design.methods, *getattr(data, "trials", ())]
        said: dict[str, Any] = {}
        for part in parts:
            if getattr(part, "name", None) in (key.get("method"), key.get("trial")):
                said |= part.model_dump()
        law = self.design.performance
        said |= {f"{field}_pct": round(100 * scale(getattr(law, field)), 6)
                 for field, scale in ASKED.items() if hasattr(law, field)}  # fmt: skip
        return said | key


def check(design: Any) -> None:
    """Refuse an answer that is no one sentence, or of which a number has no cell.

    Raises
    ------
    Misfit
        It names field and value, and what there is.
    """
    answer, keys = design.answer, Keys(design)
    _is_one_sentence(answer)
    cells = [name for name, figure in answer.figures.items() if isinstance(figure, Cell)]
    for name, figure in answer.figures.items():
        place = ("answer", "figures", name)
        if isinstance(figure, Difference):
            for field in ("of", "less"):
                one_of(getattr(figure, field), cells, "figure of a cell", (*place, field))
            if answer.figures[figure.of].measure != answer.figures[figure.less].measure:
                raise Misfit("both must be of one measure", *place)
        else:
            keys.of(name)
            _has_world(design, figure, place)
    for name, column in answer.places:
        if column:
            one_of(column, keys.columns(name), f"column of {name}", ("answer", "says"))


def _is_one_sentence(answer: Any) -> None:
    says = answer.says.strip()
    try:
        said, numbers = {name for name, _ in answer.places}, own_numbers(says)
    except ValueError as error:
        raise Misfit(f"{error}; write a place as {{figure}}", "answer", "says") from None
    if numbers:
        raise Misfit(
            f"writes {', '.join(numbers)} itself; every number comes from a cell: {{figure}}, or "
            "{figure.column} for what its cell is of",
            *("answer", "says"),
        )
    for name in said:
        one_of(name, list(answer.figures), "figure", ("answer", "says"))
    if not says.endswith(".") or ". " in says:
        raise Misfit("must be one sentence, with a full stop at its end", "answer", "says")
    for figure in answer.figures.values():
        if isinstance(figure, Difference):
            said |= {figure.of, figure.less}
    for name in answer.figures:
        if name not in said:
            raise Misfit(
                f"is not in the sentence; write {{{name}}} there, or delete it",
                *("answer", "figures", name),
            )


def _has_world(design: Any, figure: Cell, place: Path) -> None:
    vary, named = design.data.vary, {} if figure.world == "all" else figure.world
    derived = DERIVED[design.kind].get(figure.measure)
    if derived is not None and derived.of_one_world:
        several = [field for field in vary if field not in named and len(vary[field]) > 1]
        if several or len(design.data.worlds) > 1:
            raise Misfit(
                f"{figure.measure} is told of one world; name its {', '.join(several)}",
                *(*place, "world"),
            )
    for field, value in named.items():
        one_of(field, list(vary), "field of data.vary", (*place, "world", field))
        one_of(value, list(vary[field]), f"world with {field}", (*place, "world", field))


def one_of(given: Any, known: list[Any], what: str, path: Path) -> None:
    """Refuse what is not among the known, and tell the nearest of them."""
    if given not in known:
        near = nearest(given, map(str, known))
        raise Misfit(f"no {what} {given!r}{near} (there are: {_listed(known)})", *path)


def _listed(known: list[Any], most: int = 20) -> str:
    told = ", ".join(map(str, known[:most]))
    return told + (f" and {len(known) - most} more" if len(known) > most else "")
