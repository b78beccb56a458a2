"""The cells of a study: every rule x length x lag x threshold x truth, in one fixed order.

Here: the grid as arrays for the kernels and as rows for the tables. Not here: what is counted.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.methods import CODES, Columns, parameters
from simulate.studies.study import digest

if TYPE_CHECKING:
    from simulate.scenario import Scenario
    from simulate.studies.design import Design


@dataclass(frozen=True)
class Grid:
    """Columns of scores, and the decisions made by each: lags x thresholds.

    Attributes
    ----------
    columns
        Rule and length, sorted by length.
    first_cell, n_lags, n_thresholds, reference
        One value a column: its first decision, its numbers of lags and thresholds, and the column
        of the same method at the reference length (-1 without one).
    lag
        Shape (columns, 2), the first `n_lags` in use.
    threshold_pct
        One a decision, ascending within column and lag; NaN for the oracle, which has none.
    method
        Number of the method in the design, one a decision.
    """

    columns: Columns
    first_cell: NDArray[np.int64]
    n_lags: NDArray[np.int64]
    n_thresholds: NDArray[np.int64]
    reference: NDArray[np.int64]
    lag: NDArray[np.int64]
    threshold_pct: NDArray[np.float64]
    method: NDArray[np.int64]

    @property
    def n_decisions(self) -> int:
        """Decisions: columns times lags times thresholds."""
        return len(self.threshold_pct)


def lay_out(design: "Design") -> Grid:
    """Lay out the grid of a design."""
    found = sorted(
        (length, number) for number, m in enumerate(design.methods) for length in m.test_sessions
    )
    methods = [design.methods[number] for _, number in found]
    place = {(number, length): column for column, (length, number) in enumerate(found)}
    standard = design.performance.reference_test_sessions
    lags: list[list[int]] = [sorted(m.decision_n_lag_visits) for m in methods]
    thresholds = [np.sort(m.thresholds) for m in methods]
    sizes = [len(lag) * len(values) for lag, values in zip(lags, thresholds, strict=True)]
    return Grid(
        columns=Columns(
            rule=np.array([CODES[m.rule] for m in methods]),
            sessions=np.array([length for length, _ in found]),
            numbers=np.array(
                [
                    parameters(m, length, design.predictions, design.policies)
                    for m, (length, _) in zip(methods, found, strict=True)
                ]
            ),
        ),
        first_cell=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        n_lags=np.array([len(lag) for lag in lags]),
        n_thresholds=np.array([len(values) for values in thresholds]),
        reference=np.array([place.get((number, standard), -1) for _, number in found]),
        lag=np.array([(lag * 2)[:2] for lag in lags]),
        threshold_pct=np.concatenate(
            [np.tile(v, len(lag)) for v, lag in zip(thresholds, lags, strict=True)]
        ).astype(np.float64),
        method=np.repeat([number for _, number in found], sizes),
    )


def cells(design: "Design", world: "Scenario") -> pd.DataFrame:
    """Return one row a cell of a world, decision by decision and truth by truth.

    Returns
    -------
    pandas.DataFrame
        cell_id, rule, parameters, test_sessions, threshold_pct, decision_n_lag_visits, estimand,
        horizon_session, cut_pct, is_headline, is_targeted. Two studies that ask the same of the
        same world share the `cell_id`.
    """
    grid, truths = lay_out(design), design.truths
    column = np.repeat(np.arange(len(grid.n_lags)), grid.n_lags * grid.n_thresholds)
    lag = np.concatenate(
        [np.repeat(grid.lag[c, : grid.n_lags[c]], n) for c, n in enumerate(grid.n_thresholds)]
    )
    decisions = pd.DataFrame(
        {
            "rule": [design.methods[n].rule for n in grid.method],
            "parameters": [_in_words(design.methods[n]) for n in grid.method],
            "test_sessions": grid.columns.sessions[column],
            "threshold_pct": grid.threshold_pct,
            "decision_n_lag_visits": lag,
        }
    )
    asked = pd.DataFrame([t.model_dump() for t in truths])
    targets = [design.methods[n].targets for n in grid.method]
    rows = decisions.merge(asked, how="cross")
    made = [world.scenario_id, design.data.n_patients, design.data.horizon_session, design.seed]
    named = rows[[*decisions.columns, *asked.columns]].itertuples(index=False)
    rows.insert(0, "cell_id", [digest([*made, *map(str, row)]) for row in named])
    rows["is_headline"] = [t == design.headline for t in truths] * len(decisions)
    rows["is_targeted"] = [
        target == "all" or t.estimand in target for target in targets for t in truths
    ]
    return rows


def _in_words(method: object) -> str:
    if method.rule == "slope":  # type: ignore[attr-defined]
        return f"to session {method.project_to_session}, ridge {method.ridge_sessions2:g}"  # type: ignore[attr-defined]
    if method.rule == "confirm":  # type: ignore[attr-defined]
        return (
            f"first look at session {method.first_look_session}, "  # type: ignore[attr-defined]
            f"{method.first_look_threshold_pct} %"  # type: ignore[attr-defined]
        )
    if method.rule.startswith("backward"):  # type: ignore[attr-defined]
        return (
            f"chance of {method.predicts.cut_pct} % at session "  # type: ignore[attr-defined]
            f"{method.predicts.horizon_session}, from session "  # type: ignore[attr-defined]
            f"{method.first_look_session}, worth "  # type: ignore[attr-defined]
            f"{method.sessions_per_responder:g} sessions"  # type: ignore[attr-defined]
        )
    if method.rule.startswith("bayes"):  # type: ignore[attr-defined]
        asked = method.predicts  # type: ignore[attr-defined]
        words = f"chance of {asked.cut_pct} % at session {asked.horizon_session}"
        if method.rule == "bayes_fixed":  # type: ignore[attr-defined]
            return words
        return (
            f"{words}, from session {method.first_look_session}, "  # type: ignore[attr-defined]
            f"{method.decline_pct:g} to {method.accept_pct:g} %"  # type: ignore[attr-defined]
        )
    return ""
