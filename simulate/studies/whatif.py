"""The grid of a what-if page: what each test period misses and costs under each set of assumptions.

Here: the table `study_whatif_grid`, a pure function of a study's tables. Not here: the page.
"""

from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from simulate.scenario import load
from simulate.studies.worlds import worlds

if TYPE_CHECKING:
    from simulate.studies.design import Design

FIGURES = ("missed_per_100", "sessions_per_100", "test_sessions_per_100")
ASKED = ("cut_pct", "rule", "threshold_pct", "test_sessions")


def assumptions(design: "Design") -> dict[str, str]:
    """Return the column of each field that varies: its last part, or all of it where two are alike.

    Raises
    ------
    ValueError
        Nothing varies: there would be nothing to pick.
    """
    fields = list(design.data.vary)
    if not fields and len(design.data.worlds) < 2:
        raise ValueError(
            f"study {design.study} has one world: nothing to pick from; let data.vary name values"
        )
    last = [field.rsplit(".", 1)[-1] for field in fields]
    columns = last if len(set(last)) == len(last) else [f.replace(".", "_") for f in fields]
    return dict(zip(fields, columns, strict=True))


def grid(design: "Design", choice: pd.DataFrame) -> pd.DataFrame:
    """Return `study_whatif_grid`.

    Parameters
    ----------
    choice
        `study_choice` of the study.

    Returns
    -------
    pandas.DataFrame
        study, scenario_id, world (where there are several), a column an assumption, rule,
        threshold_pct, test_sessions, cut_pct, and per 100 who start, each with its MCSE:
        missed_per_100, sessions_per_100 (given without long-term relief), test_sessions_per_100.
        Of the headline's estimand and horizon, reports known before the next visit.
    """
    head = design.headline
    own = choice[
        (choice["estimand"] == head.estimand)
        & (choice["horizon_session"] == head.horizon_session)
        & (choice["decision_n_lag_visits"] == 0)
    ]
    values = _values(design)
    told = [f"{name}{end}" for name in FIGURES for end in ("", "_mcse")]
    rows = own[["study", "scenario_id", *ASKED, *told]].merge(
        values, on="scenario_id", validate="many_to_one"
    )
    picked = [str(c) for c in values if c != "scenario_id"]
    ordered = rows.sort_values([*picked, *ASKED], ignore_index=True)
    return ordered[["study", "scenario_id", *picked, *ASKED, *told]]


def own_values(design: "Design") -> dict[str, Any]:
    """Return the value that each assumption has in the first world's own file, by column."""
    own = load(design.data.worlds[0], design.data.what_if).model_dump()
    return {
        column: reduce(lambda part, step: part[step], field.split("."), own)
        for field, column in assumptions(design).items()
    }


def _values(design: "Design") -> pd.DataFrame:
    """Return the assumptions of every world, in the order in which they are listed."""
    columns = assumptions(design)
    rows: list[dict[str, Any]] = []
    every = product(design.data.worlds, *design.data.vary.values())
    for world, (name, *values) in zip(worlds(design), every, strict=True):
        own = dict(zip(columns.values(), values, strict=True))
        several = {"world": name} if len(design.data.worlds) > 1 else {}
        rows.append({"scenario_id": world.scenario_id} | several | own)
    return pd.DataFrame(rows)
