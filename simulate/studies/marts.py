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
from simulate.studies.kinds import kind
from simulate.studies.knowing import knowing
from simulate.studies.lengths import best_lengths, near_least, steps
from simulate.studies.over_worlds import across
from simulate.studies.run import open_store
from simulate.studies.store import Store, StoreError
from simulate.studies.tables import posteriors
from simulate.studies.totals import NothingRun
from simulate.studies.whatif import FIGURES, assumptions, grid

MARTS = (
    "study_test_period_counts",
    "study_trial_counts",
    "study_estimate_counts",
    "study_performance",
    "study_net_benefit",
    "study_choice",
    "study_over_worlds",
    "study_best_lengths",
    "study_near_least",
    "study_steps",
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
    told = tables["study_performance"].assign(kind=design.kind)
    if "truth_error" not in told:  # the truth is each patient's own
        told["truth_error"] = 0.0
    yield "study_performance", told[[*figures, "truth_error", "kind"]]
    for name in SAME:
        if name in tables:
            yield name, tables[name]
    if design.kind == "test_periods":
        yield from _over_worlds(design, tables)
        if design.data.vary:
            yield "study_whatif_grid", _whatif(design, tables["study_choice"])


def _over_worlds(
    design: Any, tables: dict[str, pd.DataFrame]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """What a page says over the worlds of a study, which weigh alike."""
    law, rows = design.performance, tables["study_block"]
    same = {"study": design.study}
    measures = across(tables["study_performance"], tables["study_cell"], law.chosen_measures)
    of_bank = posteriors(tables["study_variance"])
    if len(of_bank):  # some rules learn
        key = [name for name in of_bank if name not in ("n_posteriors", "is_indication")]
        measures = measures.merge(of_bank, on=key, how="left", validate="many_to_one")
    yield "study_over_worlds", measures.assign(**same)
    best = best_lengths(rows, law.sessions_per_responder)
    yield "study_best_lengths", best.assign(**same)
    within = law.within_missed_per_100
    near = near_least(rows, within)
    yield "study_near_least", near.assign(**same, within_missed_per_100=within)
    yield "study_steps", steps(rows).assign(**same)
    in_use: dict[str, Any] = {
        "rule": "last",
        "threshold_pct": Protocol.preset("clinic").responder_threshold_pct,
        "decision_n_lag_visits": 0,
    }
    own = rows[(rows[list(in_use)] == pd.Series(in_use)).all(axis=1)]
    if min(len(set(own["test_sessions"])), len(set(own["scenario_id"]))) > 1:
        yield "study_knowing", knowing(own, design).assign(**same)


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
