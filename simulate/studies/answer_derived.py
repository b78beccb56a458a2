"""Numbers of an answer that are no measure of one cell: a number of sessions, of patients.

Here: what each is found from, one row a world. Not here: measures (`performance.py` of each kind).
Where a number is found from others that have an error, `lo` and `hi` hold all that it may be within
two Monte Carlo errors of those.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

ERRORS = 2.0
"""Monte Carlo errors within which a comparison is left open."""
HALF_WIDTHS = (0.05, 0.1, 0.2)
"""Of an interval of a correlation or a share: those told in operated patients."""


@dataclass(frozen=True)
class Derived:
    """One number.

    Attributes
    ----------
    rows
        Of design, tables, what searches have found (`study_size`, or None), key of the cell:
        scenario_id, estimate, mcse, lo, hi.
    without
        Columns of the study's cells that its key has not, since the number is found over them.
    grid
        Its keys where they are no columns of cells.
    of_one_world
        It is told world by world: bounds of several do not join.
    """

    rows: Callable[[Any, Any, Any, Mapping[str, Any]], pd.DataFrame]
    without: tuple[str, ...] = ()
    grid: Callable[[], pd.DataFrame] | None = None
    of_one_world: bool = False


def of_key(rows: pd.DataFrame, key: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a key; None and NaN are alike."""
    for column, value in key.items():
        if column in rows:
            rows = rows[rows[column].isna() if pd.isna(value) else rows[column] == value]
    return rows


def shortest(missed: pd.DataFrame, within: float) -> tuple[float, float, float]:
    """Return the shortest test that misses hardly more than the one that misses fewest, and bounds.

    Parameters
    ----------
    missed
        test_sessions (ascending), estimate and mcse, per 100 who start.
    within
        How many more of 100 it may miss.
    """
    least = missed.nsmallest(1, "estimate").iloc[0]
    over = missed["estimate"] - least["estimate"] - within
    error = ERRORS * np.hypot(missed["mcse"], least["mcse"])
    lengths = missed["test_sessions"].astype(float)
    bounds = (lengths[over <= edge].min() for edge in (0.0, error, -error))
    found, lo, hi = (float(least["test_sessions"]) if np.isnan(b) else b for b in bounds)
    return found, lo, max(found, hi)


def _sessions(design: Any, found: Any, sizes: Any, key: Mapping[str, Any]) -> pd.DataFrame:
    told = found.study_performance
    rows = told[told["measure"] == "missed_per_100"]
    truth = found.study_cell[["cell_id", "estimand", "horizon_session", "cut_pct", "parameters"]]
    rows = of_key(rows.merge(truth, on="cell_id", validate="many_to_one"), key)
    within, names = design.performance.within_missed_per_100, ("estimate", "lo", "hi")
    return pd.DataFrame(
        [
            {"scenario_id": world, "mcse": np.nan}
            | dict(zip(names, shortest(own.sort_values("test_sessions"), within), strict=True))
            for world, own in rows.groupby("scenario_id", sort=False)
        ]
    )


def enough(power: pd.DataFrame, wanted: float) -> tuple[float, float]:
    """Return sizes studied between which a power is reached: NaN below the first, over the last.

    Parameters
    ----------
    power
        n_patients (ascending), estimate and mcse.
    """
    error = ERRORS * power["mcse"].fillna(0)
    surely_less = power.loc[power["estimate"] + error < wanted, "n_patients"]
    surely_enough = power.loc[power["estimate"] - error >= wanted, "n_patients"]
    return float(surely_less.max()), float(surely_enough.min())


def _patients(design: Any, found: Any, sizes: Any, key: Mapping[str, Any]) -> pd.DataFrame:
    """Patients that reach the power asked: as searched where that was, else between sizes."""
    told = found.study_performance
    rows = of_key(told[told["measure"] == "power"], key)
    wanted, lines = design.performance.power, []
    for (world, label), own in rows.groupby(["scenario_id", "world"], sort=False):
        searched = _searched(sizes, {**key, "world": label, "power": wanted})
        lo, hi = enough(own.sort_values("n_patients"), wanted)
        between = {"estimate": np.nan, "lo": lo, "hi": hi}
        lines.append({"scenario_id": world, "mcse": np.nan} | (searched or between))
    return pd.DataFrame(lines)


def _searched(sizes: Any, key: Mapping[str, Any]) -> dict[str, float] | None:
    if sizes is None or sizes.empty:
        return None
    rows = of_key(sizes[sizes["n_patients"].notna()], key)
    if rows.empty:
        return None
    row = rows.iloc[0]
    names = {"estimate": "n_patients", "lo": "lo", "hi": "hi"}
    return {name: float(row[column]) for name, column in names.items()}


def _operated(design: Any, found: Any, sizes: Any, key: Mapping[str, Any]) -> pd.DataFrame:
    """Operated patients by closed form at the truth of each world: no Monte Carlo error."""
    from simulate.studies.worlds import labels

    rows = of_key(_needed(design.model_dump_json()), key)
    ids = {label: scenario_id for scenario_id, label in labels(design).items()}
    return pd.DataFrame(
        {"scenario_id": rows["world"].map(ids), "estimate": rows["n_operated"]}
    ).assign(mcse=np.nan, lo=np.nan, hi=np.nan)


@lru_cache(maxsize=1)
def _needed(text: str) -> pd.DataFrame:
    """Return the table of one design, for all figures of its answer: it draws a cohort a world."""
    from simulate.studies import files
    from simulate.studies.estimates.candidates import needed

    return needed(files.parse(text), HALF_WIDTHS)


def _quantities() -> pd.DataFrame:
    grid = product(("correlation", "at_least", "below"), HALF_WIDTHS)
    return pd.DataFrame(grid, columns=["quantity", "half_width"])


DERIVED: dict[str, dict[str, Derived]] = {
    "test_periods": {"shortest_near_least": Derived(_sessions, without=("test_sessions",))},
    "trials": {"patients_needed": Derived(_patients, ("n_patients",), of_one_world=True)},
    "estimates": {"operated_needed": Derived(_operated, grid=_quantities)},
}
"""By kind of study and name."""
