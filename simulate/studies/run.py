"""Run a study: cohorts of each world through each rule, counts kept, figures derived.

Here: the loop. Not here: storage or sharding; a cohort's address (world, seed, replicate) is all
that another process needs to make it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from simulate.batch import draw
from simulate.parameters import of_scenario
from simulate.scenario import Scenario, load
from simulate.streams import FloatArray
from simulate.studies.design import Design, cell_id
from simulate.studies.methods import decide
from simulate.studies.performance import Counts, performance
from simulate.truth import has_long_term_relief

BATCH = 50
CELL_KEY = ["study", "scenario_id", "cell_id", "rule", "test_sessions", "threshold_pct"]

Cell = tuple[str, int, int, int]


def run(
    design: Design,
    n_cohorts: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run a study in memory.

    Parameters
    ----------
    design
        From `design.load`.
    n_cohorts
        Simulated cohorts a world, replicates 0 to n_cohorts - 1.
    seed
        Address of the random numbers.
    progress
        Called after each batch with the share done, above 0 to 1.

    Returns
    -------
    study_cell, study_performance : pandas.DataFrame
        Counts, one row a cell (world, rule, test length, threshold, cut), and figures, one row a
        cell and measure. Every row carries scenario_id.

    Raises
    ------
    ValueError
        If `n_cohorts` is below 1, or the design names an unknown world.
    """
    if n_cohorts < 1:
        raise ValueError(f"n_cohorts must be 1 or more, got {n_cohorts}")
    scenarios = [load(name) for name in design.data.scenarios]
    total = n_cohorts * len(scenarios)
    frames = []
    for number, scenario in enumerate(scenarios):
        counts: dict[Cell, np.ndarray] = {}
        for done, recorded, expected in _batches(design, scenario, n_cohorts, seed):
            for cell, added in _count(design, recorded, expected):
                counts[cell] = counts.get(cell, np.zeros(4, dtype=np.int64)) + added
            if progress is not None:
                progress((number * n_cohorts + done) / total)
        frames.append(_cells(design, scenario, n_cohorts, seed, counts))
    cells = pd.concat(frames, ignore_index=True)
    return cells, _performance(design, cells)


def _batches(
    design: Design, scenario: Scenario, n_cohorts: int, seed: int
) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Yield cohorts done, recorded and expected relief (cohorts, patients, sessions)."""
    parameters = of_scenario(scenario)
    for start in range(0, n_cohorts, BATCH):
        stop = min(start + BATCH, n_cohorts)
        cohorts = draw(
            parameters,
            seed,
            np.arange(start, stop),
            design.data.n_patients,
            design.performance.horizon_session,
            ("uninterrupted", "expected"),
        )
        yield stop, cohorts.uninterrupted, cohorts.expected


def _count(
    design: Design, recorded: FloatArray, expected: FloatArray
) -> Iterator[tuple[Cell, np.ndarray]]:
    """Yield each cell with its counts tp, fp, fn, tn."""
    cuts = design.estimands.cut_pct
    truths = {cut: has_long_term_relief(expected, cut) for cut in cuts}
    methods = design.methods
    for rule, length, threshold in product(
        methods.rules, methods.test_sessions, methods.threshold_pct
    ):
        goes_on = decide(rule, recorded, length, threshold)
        for cut, relief in truths.items():
            tp, positives = int((goes_on & relief).sum()), int(relief.sum())
            fp = int(goes_on.sum()) - tp
            fn = positives - tp
            yield (rule, length, threshold, cut), np.array([tp, fp, fn, relief.size - tp - fp - fn])


def _cells(
    design: Design,
    scenario: Scenario,
    n_cohorts: int,
    seed: int,
    counts: dict[Cell, np.ndarray],
) -> pd.DataFrame:
    rows = []
    n = n_cohorts * design.data.n_patients
    for (rule, length, threshold, cut), (tp, fp, fn, tn) in counts.items():
        rows.append(
            {
                "study": design.study,
                "scenario_id": scenario.scenario_id,
                "cell_id": cell_id(design, scenario, seed, rule, length, threshold, cut),
                "rule": rule,
                "test_sessions": length,
                "threshold_pct": threshold,
                "horizon_session": design.performance.horizon_session,
                "cut_pct": cut,
                "n_cohorts": n_cohorts,
                "n_patients": n,
                "tp": int(tp),
                "fp": int(fp),
                "fn": int(fn),
                "tn": int(tn),
                "n_test_sessions": n * length,
            }
        )
    return pd.DataFrame(rows)


def _performance(design: Design, cells: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for cell in cells.to_dict("records"):
        counts = Counts(*(cell[name] for name in ("tp", "fp", "fn", "tn", "n_test_sessions")))
        key = {name: cell[name] for name in [*CELL_KEY, "cut_pct"]}
        rows += [
            key | asdict(figure)
            for figure in performance(counts, design.performance.horizon_session)
            if figure.measure in design.performance.measures
        ]
    return pd.DataFrame(rows)
