"""Rows of everything that studies have found, for the warehouse of studies.

Here: complete shards of every shipped study -> frames by mart, a pure function of what is on disk.
Not here: the marts (dbt/studies), whose columns and their meaning stand in their contracts.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.protocol import Protocol
from simulate.studies import files
from simulate.studies.choice import best_lengths, near_least
from simulate.studies.kinds import kind
from simulate.studies.over_worlds import knowing_by_rate
from simulate.studies.run import open_store
from simulate.studies.store import Store, StoreError
from simulate.studies.totals import NothingRun
from simulate.studies.whatif import FIGURES, assumptions, grid

MARTS = (
    "study_test_period_counts",
    "study_trial_counts",
    "study_estimate_counts",
    "study_performance",
    "study_net_benefit",
    "study_choice",
    "study_best_lengths",
    "study_near_least",
    "study_knowing",
    "study_assurance",
    "study_whatif_grid",
    "study_coverage",
    "study_calibration",
    "study_variance",
    "study_shard",
    "study_left_out",
)
COUNTS = {
    "test_periods": "study_test_period_counts",
    "trials": "study_trial_counts",
    "estimates": "study_estimate_counts",
}
SAME = (
    *("study_net_benefit", "study_choice", "study_assurance", "study_coverage"),
    *("study_calibration", "study_variance", "study_shard"),
)
"""Tables of a kind that are marts as they stand."""


def rows(root: Path, progress: Callable[[str], None] | None = None) -> dict[str, pd.DataFrame]:
    """Return the rows of every mart, of the shipped studies as they and their code are now.

    A study with a shard that must not be read is in no mart but `study_left_out`, which names file
    and next step: it is never half counted, and the others do not wait for it.

    Parameters
    ----------
    root
        Folder of all studies.
    progress
        Called with the name of each study that has been run.

    Returns
    -------
    dict
        A frame a mart of `MARTS`; without columns where no study has rows for it.

    Raises
    ------
    LookupError
        No study has been run.
    StoreError
        Of every study that has been run a shard must not be read.
    """
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in MARTS}
    for name in files.available():
        design = files.load(name)
        store = open_store(design, root)
        try:
            tables = kind(design.kind).tables(design, store).as_dict()
        except NothingRun:
            continue
        except StoreError as error:
            found["study_left_out"].append(_left_out(name, store, error))
            continue
        if progress:
            progress(name)
        for mart, frame in _of_study(design, tables):
            found[mart].append(frame)
    if not found["study_shard"] and found["study_left_out"]:
        told = pd.concat(found["study_left_out"])
        raise StoreError(" ".join(told["study"] + ": " + told["reason"] + " " + told["next_step"]))
    if not found["study_shard"]:
        raise LookupError(f"no study has been run under {root}: begin with `plateau study run`")
    return {
        mart: pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
        for mart, frames in found.items()
    }


def _left_out(study: str, store: Store, error: StoreError) -> pd.DataFrame:
    """Return the row that names a study's fault and the command that makes anew what is missing."""
    n = store.last_replicate() + 1
    command = f"plateau study run {study}" + (f" --replicates {n}" if n else "")
    step = f"`{command}` makes anew what is missing."
    return pd.DataFrame([{"study": study, "reason": str(error), "next_step": step}])


def _of_study(design: Any, tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    cell = tables["study_cell"]
    yield COUNTS[design.kind], cell
    figures = ["study", "scenario_id", "cell_id", "is_headline", "measure", "estimate", "mcse", "n"]
    yield "study_performance", tables["study_performance"][figures].assign(kind=design.kind)
    for name in SAME:
        if name in tables:
            yield name, tables[name]
    if design.kind == "test_periods":
        choice = tables["study_choice"]
        yield "study_best_lengths", _best_lengths(design, choice)
        yield "study_near_least", _near_least(design, choice)
        if len(cell["scenario_id"].unique()) > 1:
            yield "study_knowing", _knowing(design, choice)
        if design.data.vary:
            yield "study_whatif_grid", _whatif(design, choice)


def _best_lengths(design: Any, choice: pd.DataFrame) -> pd.DataFrame:
    """Best lengths at every stated rate over the worlds, which weigh alike."""
    weight = dict.fromkeys(choice["scenario_id"], 1.0)
    found = [
        best_lengths(choice, rate, weight).assign(sessions_per_responder=rate)
        for rate in design.performance.sessions_per_responder
    ]
    return pd.concat(found, ignore_index=True).assign(study=design.study)


def _near_least(design: Any, choice: pd.DataFrame) -> pd.DataFrame:
    """In how many worlds each length is the shortest near the one that misses fewest."""
    within = design.performance.within_missed_per_100
    return near_least(choice).assign(study=design.study, within_missed_per_100=within)


def _knowing(design: Any, choice: pd.DataFrame) -> pd.DataFrame:
    """Value of knowing each thing of the world, for a length judged by the last report."""
    used: dict[str, Any] = {
        "rule": "last",
        "threshold_pct": Protocol.preset("clinic").responder_threshold_pct,
        "decision_n_lag_visits": 0,
    }
    own = choice[(choice[list(used)] == pd.Series(used)).all(axis=1)]
    if own["test_sessions"].nunique() < 2:  # no length to choose
        return pd.DataFrame()
    return knowing_by_rate(own, design).assign(study=design.study, **used)


def _whatif(design: Any, choice: pd.DataFrame) -> pd.DataFrame:
    """Return the grid with one column `assumptions`, since studies vary different fields."""
    columns, table = list(assumptions(design).values()), grid(design, choice)
    told = [
        ", ".join(f"{name}={value}" for name, value in zip(columns, values, strict=True))
        for values in table[columns].itertuples(index=False)
    ]
    errors = [f"{name}_mcse" for name in FIGURES]
    named = ["study", "scenario_id", "rule", "threshold_pct", "test_sessions", "cut_pct"]
    return table[[*named, *FIGURES, *errors]].assign(assumptions=told)
