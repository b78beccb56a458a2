"""The numbers of a study's answer: counted rows to one row a figure, over the worlds it names.

Here: pure functions of a study's tables. Not here: which cells they are (`answer.py`), their words
(`report/studies/answer.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from simulate.studies.answer import Difference
from simulate.studies.answer_check import Keys, check
from simulate.studies.answer_derived import DERIVED, of_key
from simulate.studies.kinds import kind
from simulate.studies.over_worlds import SPREAD
from simulate.studies.study import Misfit
from simulate.studies.worlds import MEMBER, labels, worlds

PLAIN = ("scenario_id", "estimate", "mcse", "lo", "hi")


@dataclass(frozen=True)
class Answered:
    """What a sentence is filled with.

    Attributes
    ----------
    figures
        One row a figure: `name`, `measure`, `is_share` (0-1), `n_worlds`, `how` it is told, `lo`,
        `hi`, `lo_mcse`, `hi_mcse`, `estimate` and `mcse`.
        `one`: of one world, `lo` and `hi` bounds where it is found from others; `spread`: mean over
        the parts of an ensemble, nine of ten between `lo` and `hi`; `range`: least and most of
        several worlds, each with its error; `absent`: not to be told.
    about
        What a sentence may quote, by figure and column.
    not_run
        Worlds that the answer needs and that have not been run.
    no_cell
        Why a changed study has no cell for its answer; '' where it has.
    """

    figures: pd.DataFrame
    about: Mapping[str, Mapping[str, Any]]
    not_run: int
    no_cell: str


def answered(design: Any, found: Any, sizes: pd.DataFrame | None = None) -> Answered:
    """Return the numbers of a study's answer.

    Parameters
    ----------
    design, found
        A study and its tables.
    sizes
        Of trials, what searches have found (`trials.size.answers`).
    """
    try:
        check(design)
    except Misfit as error:
        return Answered(pd.DataFrame(), {}, 0, str(error))
    keys, there, needed = Keys(design), _worlds(design), set()
    has_run = set(found.study_cell["scenario_id"])
    by_world: dict[str, pd.DataFrame] = {}
    about: dict[str, dict[str, Any]] = {}
    for name, figure in design.answer.figures.items():
        if isinstance(figure, Difference):
            continue
        key, quoted = keys.of(name), keys.about(name)
        asked = [w for w in there if _is_of(there[w], figure.world)]
        needed |= set(asked)
        rows = _rows(design, found, sizes, figure.measure, key)
        by_world[name] = rows.set_index("scenario_id").reindex(asked).reset_index()
        about[name] = quoted | _quoted(design, there, asked)
    lines = []
    for name, figure in design.answer.figures.items():
        if isinstance(figure, Difference):
            rows = _less(by_world[figure.of], by_world[figure.less])
            about[name] = about[figure.of]
            measure = design.answer.figures[figure.of].measure
        else:
            rows, measure = by_world[name], figure.measure
        about_it = {"name": name, "measure": measure, "is_share": _is_share(design, measure)}
        lines.append(about_it | _told(rows, _apart(design, rows)))
    return Answered(pd.DataFrame(lines), about, len(needed - has_run), "")


def _worlds(design: Any) -> dict[str, dict[str, Any]]:
    """Return the values that vary, by `scenario_id`."""
    values = product(design.data.worlds, *design.data.vary.values())
    return {
        world.scenario_id: dict(zip(design.data.vary, own[1:], strict=True))
        for world, own in zip(worlds(design), values, strict=True)
    }


def _is_of(values: Mapping[str, Any], world: Any) -> bool:
    return world == "all" or all(values[field] == value for field, value in world.items())


def _quoted(
    design: Any, there: Mapping[str, Mapping[str, Any]], asked: list[str]
) -> dict[str, Any]:
    """Return what all worlds of a figure share, and what they are called."""
    shared = {
        field.rsplit(".", 1)[-1]: there[asked[0]][field]
        for field in design.data.vary
        if len({str(there[world][field]) for world in asked}) == 1
    }
    named = labels(design)[asked[0]] if len(asked) == 1 else f"{len(asked)} worlds"
    return shared | {"world": named, "n_worlds": len(asked)}


def _rows(
    design: Any, found: Any, sizes: Any, measure: str, key: Mapping[str, Any]
) -> pd.DataFrame:
    """Return one row a world that has been run."""
    derived = DERIVED[design.kind].get(measure)
    if derived is not None:
        return derived.rows(design, found, sizes, key)[list(PLAIN)]
    cell = of_key(found.study_cell, key)[["cell_id"]]
    told = found.study_performance
    rows = told[told["measure"] == measure].merge(cell, on="cell_id")
    return rows.assign(lo=np.nan, hi=np.nan)[list(PLAIN)]


def _less(of: pd.DataFrame, less: pd.DataFrame) -> pd.DataFrame:
    """Return differences by world, or of the one world of each; errors as if independent.

    Two cells of a world share their cohorts, so that the true error is mostly smaller.
    """
    if len(of) == len(less) == 1:
        other = less
    else:
        other = less.set_index("scenario_id").reindex(of["scenario_id"]).reset_index()
    return of.assign(
        estimate=of["estimate"] - other["estimate"],
        mcse=np.hypot(of["mcse"], other["mcse"]),
        lo=np.nan,
        hi=np.nan,
    )


def _is_share(design: Any, measure: str) -> bool:
    ratio = kind(design.kind).MEASURES.get(measure)
    return ratio is not None and ratio.is_share and ratio.per == 1


def _apart(design: Any, rows: pd.DataFrame) -> list[str] | None:
    """Return what tells the worlds of rows apart beside their members; None without members."""
    if MEMBER not in design.data.vary:
        return None
    named = labels(design, without=(MEMBER,))
    return [named[world] for world in rows["scenario_id"]]


def _means(rows: pd.DataFrame, apart: list[str]) -> pd.DataFrame:
    """Return the mean over the members of each world, with its error."""
    groups = rows[list(PLAIN[1:])].groupby(apart, sort=False)
    means = groups.mean()
    means["mcse"] = groups["mcse"].agg(lambda errors: np.sqrt(np.nansum(errors**2)) / len(errors))
    return means.reset_index(names="scenario_id")


def _told(rows: pd.DataFrame, apart: list[str] | None) -> dict[str, Any]:
    """Return how one figure is told over its worlds.

    Members of an ensemble are told by mean and spread; those of several worlds by the means of the
    least and the most of these.
    """
    is_ensemble = apart is not None
    if apart is not None and len(set(apart)) > 1:
        rows, is_ensemble = _means(rows, apart), False
    known = rows[rows[["estimate", "lo", "hi"]].notna().any(axis=1)]
    told: dict[str, Any] = dict.fromkeys((*PLAIN[1:], "lo_mcse", "hi_mcse"), np.nan)
    told |= {"n_worlds": len(rows), "how": "absent"}
    if known.empty:
        return told
    columns = {name: known[name].to_numpy(float) for name in PLAIN[1:]}
    values, errors = columns["estimate"], columns["mcse"]
    if len(rows) == 1:
        return told | {name: float(column[0]) for name, column in columns.items()} | {"how": "one"}
    if is_ensemble:
        lo, hi = (float(np.quantile(values, q)) for q in SPREAD)
        error = float(np.sqrt(np.nansum(errors**2)) / len(values)) or np.nan
        told |= {"how": "spread", "estimate": float(values.mean()), "mcse": error}
        return told | {"lo": lo, "hi": hi}
    least, most = int(values.argmin()), int(values.argmax())
    told |= {"how": "range", "lo": float(values[least]), "hi": float(values[most])}
    return told | {"lo_mcse": float(errors[least]), "hi_mcse": float(errors[most])}
