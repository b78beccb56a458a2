"""Decision curves and convergence: the frames behind the figures of a study's page."""

import numpy as np
import pandas as pd
import pytest

from simulate.studies import files, tables
from simulate.studies import run as runs
from simulate.studies.convergence import course
from simulate.studies.kinds import kind
from simulate.studies.net_benefit import curves


@pytest.fixture(scope="module")
def canary(tmp_path_factory):
    root = tmp_path_factory.mktemp("views")
    design = files.load("test_period_canary", {"data.n_patients": 40})
    runs.run(design, root, runs.Plan(24, shard_size=6))
    return design, runs.open_store(design, root)


def test_the_course_ends_at_what_all_shards_say(canary):
    design, store = canary
    rows = course(design, store)
    assert list(rows["n_replicates"]) == [6, 12, 18, 24]
    from simulate.studies.totals import counted

    cell, _ = counted(design, store, kind(design.kind).cells)
    errors = kind(design.kind).error(design, cell)
    assert rows["mcse"].iloc[-1] == np.nanmax(errors)
    assert (rows["mcse"] > 0).all()


def test_curves_are_net_benefit_by_hand(canary):
    design, store = canary
    found = tables.tables(design, store)
    cell = found.study_cell
    drawn = curves(found.study_net_benefit, cell, 4, 10)
    one = cell[
        cell["is_headline"] & (cell["rule"] == "last") & (cell["test_sessions"] == 4)
        & (cell["threshold_pct"] == 10) & (cell["decision_n_lag_visits"] == 0)
    ].iloc[0]  # fmt: skip
    for p in design.performance.decision_threshold_pct:
        at = drawn[drawn["decision_threshold_pct"] == p].set_index("rule")["mean"]
        odds = p / (100 - p)
        n = one["n_patients"]
        assert at["last"] == pytest.approx(100 * (one["tp"] - one["fp"] * odds) / n)
        has, has_not = one["tp"] + one["fn"], one["fp"] + one["tn"]
        assert at["treat_all"] == pytest.approx(100 * (has - has_not * odds) / n)
        assert at["treat_none"] == 0


def test_a_predicted_chance_is_read_at_the_decision_threshold():
    rows = pd.DataFrame(
        [
            {"cell_id": f"{t}", "scenario_id": "w", "rule": "bayes_fixed", "test_sessions": 4,
             "threshold_pct": t, "decision_threshold_pct": p, "net_benefit": t / 100, "mcse": 0.0,
             "treat_all": 0.1, "treat_all_mcse": 0.0}
            for t in (10, 20) for p in (10, 20, 30)
        ]
    )  # fmt: skip
    cell = pd.DataFrame({"cell_id": ["10", "20"], "parameters": "", "decision_n_lag_visits": 0})
    drawn = curves(rows, cell, 4, 10)
    own = drawn[drawn["rule"] == "bayes_fixed"].set_index("decision_threshold_pct")["mean"]
    assert own.to_dict() == pytest.approx({10: 10.0, 20: 20.0})
