"""Frames of a study: the tables `study_*`.

Here: complete shards -> tables, a pure function of what is on disk. Not here: the measures
(`performance.py`) and the choice of a length (`choice.py`).
"""

from dataclasses import dataclass

import pandas as pd

from simulate.studies import blocks, calibration, frames, variance
from simulate.studies.choice import BY_RULE, choices, judges_all
from simulate.studies.design import Design
from simulate.studies.grid import cells
from simulate.studies.performance import HAS_LATE, net_benefit, observed, performance
from simulate.studies.reference import has_reference
from simulate.studies.store import Store
from simulate.studies.sums import MOMENTS, moment
from simulate.studies.totals import counted

LEARNING = ("bayes_fixed", "bayes_sequential", "backward_induction")
LEAST_POSTERIORS = 200
"""Training cohorts, all worlds together, that a rule which learns must have been judged with."""
ALL_WORLDS = "all worlds"
_PREDICTED = ["rule", "parameters", "test_sessions"]
_CALIBRATED = ["bin", "n", "n_with_relief", "predicted_pct", "observed_pct", "mcse"]
_SPLIT = [
    *("study", "rule", "parameters", "test_sessions", "threshold_pct"),
    *("part", "sd", "share_pct", "error_of_mean", "n"),
]
NAMED = ["study", "scenario_id", "cell_id", "rule", "test_sessions", "threshold_pct"]


@dataclass(frozen=True)
class Tables(frames.Tables):
    """What a study of test periods found; every row carries `scenario_id` and `cell_id`.

    `study_block` holds counts by block of cohorts, of cells whose truth judges all who start: what
    figures over worlds, and their errors, are made of.
    """

    study_net_benefit: pd.DataFrame
    study_choice: pd.DataFrame
    study_block: pd.DataFrame
    study_calibration: pd.DataFrame
    study_variance: pd.DataFrame


def tables(design: Design, store: Store) -> Tables:
    """Return the tables of a study from its complete shards.

    Raises
    ------
    LookupError
        Nothing of it has been run yet.
    StoreError
        A shard must not be read.
    """
    cell, shards = counted(design, store, cells)
    cell[HAS_LATE] = has_reference(design, len(cell))
    cell = cell[cell["is_targeted"]].drop(columns="is_targeted").reset_index(drop=True)
    key = cell[[*NAMED, "decision_n_lag_visits", "is_headline"]]
    return Tables(
        study_cell=_in_order(cell),
        study_performance=key.merge(_performance(design, cell), on="cell_id"),
        study_net_benefit=_net_benefit(design, cell),
        study_choice=choices(design, cell),
        study_block=_blocks(cell),
        study_calibration=_calibration(design, cell),
        study_variance=_variance(design, cell),
        study_shard=shards,
    )


def _in_order(cell: pd.DataFrame) -> pd.DataFrame:
    first = ["study", "design_id", "code_id", "scenario_id", "world", "cell_id"]
    products = {moment(*pair) for pair in MOMENTS}  # only errors are made of them
    told = {
        name for name in cell.columns if name.startswith(("block_", "chance_", "posterior_"))
    }  # own tables
    left = {*first, *products, *told, HAS_LATE}
    return cell[[*first, *(c for c in cell.columns if c not in left)]]


def _blocks(cell: pd.DataFrame) -> pd.DataFrame:
    counted = ["test_sessions", "n_patients", "n_replicates", *blocks.COLUMNS]
    return cell.loc[judges_all(cell), ["study", "cell_id", *BY_RULE, "is_headline", *counted]]


def _calibration(design: Design, cell: pd.DataFrame) -> pd.DataFrame:
    """Chances of the headline's rules by tenths, by world and over all of them as one."""
    about = ["study", "world", *_PREDICTED]
    if not design.predictions:
        return pd.DataFrame(columns=[*about, *_CALIBRATED])
    counts = ["n_replicates", *calibration.COLUMNS]
    own = cell[cell["is_headline"] & (cell[[*calibration.COLUMNS]].sum(axis=1) > 0)]
    together = own.groupby(["study", *_PREDICTED], as_index=False)[counts].sum()
    rows = pd.concat([own[[*about, *counts]], together.assign(world=ALL_WORLDS)])
    rows = rows.assign(cell_id=range(len(rows)))
    found = rows[[*about, "cell_id"]].merge(calibration.calibration(rows), on="cell_id")
    return found.drop(columns="cell_id")


def _variance(design: Design, cell: pd.DataFrame) -> pd.DataFrame:
    """Parts of the spread of missed responders, under the headline; no row where none learns."""
    if not design.predictions:
        return pd.DataFrame(columns=_SPLIT)
    learns = cell["rule"].isin(LEARNING) & (cell["decision_n_lag_visits"] == 0)
    found = variance.variance(cell[cell["is_headline"] & learns], design.n_posteriors)
    return found.assign(study=design.study)[_SPLIT]


def posteriors(split: pd.DataFrame) -> pd.DataFrame:
    """Return from how many posteriors each rule that learns was judged, over all worlds.

    Parameters
    ----------
    split
        `study_variance`.

    Returns
    -------
    pandas.DataFrame
        rule, parameters, test_sessions, threshold_pct, n_posteriors (with any cohort), and
        is_indication: fewer than `LEAST_POSTERIORS`, so that the luck of a few training cohorts may
        be what is seen.
    """
    found = split.loc[split["part"] == "training", [*_PREDICTED, "threshold_pct", "n"]]
    found = found.rename(columns={"n": "n_posteriors"})
    is_few = (found["n_posteriors"] < LEAST_POSTERIORS).astype("boolean")
    return found.assign(is_indication=is_few).reset_index(drop=True)


def _performance(design: Design, cell: pd.DataFrame) -> pd.DataFrame:
    law = design.performance
    figures = [performance(cell, law.chosen_measures)]
    survivors = cell[cell["estimand"] == "observable_survivors"]
    if len(survivors):
        figures.append(observed(survivors, law.followed_share_of_declined))
    return pd.concat(figures, ignore_index=True)


def _net_benefit(design: Design, cell: pd.DataFrame) -> pd.DataFrame:
    """Net benefit of the headline's cells, at every decision threshold."""
    headline = cell[cell["is_headline"]]
    found = [net_benefit(headline, p) for p in design.performance.decision_threshold_pct]
    return headline[NAMED].merge(pd.concat(found, ignore_index=True), on="cell_id")
