"""Accumulation or selection: the split adds up, and each mechanism lands in its own term."""

import numpy as np
import pandas as pd
import pytest

from bayes.cohort import prepare
from bayes.decomposition import TERMS, lowered, responders
from bayes.fit import FitConfig, fit
from bayes.tables import fit_tables

SESSIONS = 15


def clinic(n=30, *, rises_after_4=0.0, leavers_lose=0.0, seed=5):
    """All report about 40 at session 4; then what the arguments say; odd patients may leave."""
    rng = np.random.default_rng(seed)
    rows, people = [], []
    for i in range(n):
        level, leaves = rng.normal(40, 6), leavers_lose > 0 and i % 2 == 1
        last = 8 if leaves else SESSIONS
        for s in range(1, last + 1):
            eta = level + rises_after_4 * (1 - np.exp(-max(s - 4, 0) / 3))
            eta -= leavers_lose * leaves * max(s - 4, 0) / 4
            value = 5 * np.round((eta + rng.logistic(0, 5)) / 5)
            rows.append((str(i), s, float(np.clip(value, 0, 100))))
        reason = "loss_of_efficacy" if leaves else "ongoing"
        people.append((str(i), "central", reason, 1.0))
    sessions = pd.DataFrame(rows, columns=["patient_id", "session_no", "pain_relief_pct"])
    columns = ["patient_id", "lesion_level", "stop_reason", "is_responder"]
    return sessions, pd.DataFrame(people, columns=columns)


def split_of(sessions, patients):
    # Fewer draws than chains are run for: only means are read.
    found = fit(sessions, FitConfig(engine="marginal", marginal_draws=90), patients=patients)
    table = fit_tables(found)["decomposition"]
    recorded = table[table["status_definition"] == "recorded_status"]
    return recorded.set_index(["delta_pct", "term"])


@pytest.fixture(scope="module")
def left():
    """Split of a clinic half of whose patients leave after session 8, having lost relief."""
    return split_of(*clinic(20, leavers_lose=40.0))


def test_the_terms_add_up_to_the_observed_change_exactly(left):
    for delta in (0, 10, 20, 30):
        total = sum(left.loc[(delta, term), "mean_pct"] for term in TERMS)
        assert total == pytest.approx(left.loc[(delta, "observed_change"), "mean_pct"])


def test_a_rise_is_accumulation_and_leavers_are_attrition(left):
    rises, leave = split_of(*clinic(20, rises_after_4=20.0))["mean_pct"], left["mean_pct"]
    assert rises[(0, "accumulation")] == pytest.approx(20, abs=6)
    assert rises[(0, "attrition")] == pytest.approx(0, abs=4)
    assert leave[(0, "attrition")] > 8 > 0 > leave[(0, "accumulation")]


def test_a_tipping_point_moves_the_unseen_after_stops_for_lost_efficacy_only():
    sessions, patients = clinic(6, leavers_lose=10.0)
    cohort = prepare(sessions, patients)
    course = np.full((2, 6, 30), 25.0)
    moved = lowered(cohort, course, 30)
    assert (moved[:, 1::2, 8:] == 0).all()  # 25 less 30 is no relief, not less than none
    assert (moved[:, 1::2, :8] == 25).all() and (moved[:, ::2] == 25).all()
    assert lowered(cohort, course, 0) is course


def test_status_is_the_recorded_one_or_that_of_the_fourth_report():
    sessions = pd.DataFrame(
        {
            "patient_id": ["a", "a", "b", "b", "c", "c"],
            "session_no": [1, 4, 1, 4, 1, 4],
            "pain_relief_pct": [0, 10, 20, 9.6, 30, np.nan],
        }
    )
    people = pd.DataFrame({"patient_id": ["a", "b", "c"], "is_responder": [0.0, 1.0, np.nan]})
    found = responders(prepare(sessions, people))
    assert found["recorded_status"].tolist() == [False, True, False]
    assert found["fourth_report"].tolist() == [True, False, False]
