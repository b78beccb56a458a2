"""Decision rules and the study's loop, on tables a clinician can read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulate.scenario import load as load_scenario
from simulate.studies import design as designs
from simulate.studies.methods import RULES, decide
from simulate.studies.run import run

NR = np.nan

CELL_COLUMNS = [
    *("study", "scenario_id", "cell_id", "rule", "test_sessions", "threshold_pct"),
    *("horizon_session", "cut_pct", "n_cohorts", "n_patients", "tp", "fp", "fn", "tn"),
    "n_test_sessions",
]


@pytest.fixture(scope="module")
def design():
    return designs.load("test_period_length")


@pytest.mark.parametrize(
    ("reports", "sessions", "threshold", "last", "maximum"),
    [
        ([0, 0, 0, 10], 4, 10, True, True),  # the bound itself reaches it
        ([0, 0, 0, 9], 4, 10, False, False),
        ([0, 40, 0, 0], 4, 10, False, True),
        ([0, 0, 0, 0, 60], 4, 10, False, False),  # session 5 is not seen
        ([0, 0, 0, 0, 60], 5, 10, True, True),
        ([0, 30, NR, NR], 4, 30, True, True),  # the last recorded one counts
        ([30, 0, NR, NR], 4, 30, False, True),
        ([NR, NR, NR, NR], 4, 10, True, True),  # missing is never 0
    ],
)
def test_a_rule_decides_on_what_was_recorded_so_far(reports, sessions, threshold, last, maximum):
    recorded = np.array([reports], dtype=float)
    assert decide("last", recorded, sessions, threshold)[0] == last
    assert decide("maximum", recorded, sessions, threshold)[0] == maximum


@given(
    recorded=arrays(float, (6, 15), elements=st.sampled_from([0.0, 5.0, 10.0, 30.0, 90.0, NR])),
    order=st.permutations(range(15)),
    length=st.integers(1, 10),
    rule=st.sampled_from(sorted(RULES)),
)
def test_no_rule_looks_ahead(recorded, order, length, rule):
    future = [k for k in order if k >= length]
    shuffled = recorded[:, [*range(length), *future]]
    np.testing.assert_array_equal(
        decide(rule, recorded, length, 10), decide(rule, shuffled, length, 10)
    )


def test_counts_add_up_to_the_patients_of_every_cell(design):
    seen = []
    cells, performance = run(design, 3, seed=1, progress=seen.append)
    assert list(cells.columns) == CELL_COLUMNS
    assert len(cells) == 2 * 10 * 3 * 3
    assert (cells[["tp", "fp", "fn", "tn"]].sum(axis=1) == cells["n_patients"]).all()
    assert (cells["n_patients"] == 3 * 193).all()
    assert (cells["n_test_sessions"] == cells["n_patients"] * cells["test_sessions"]).all()
    assert cells["cell_id"].is_unique
    assert set(performance["scenario_id"]) == {load_scenario("replica").scenario_id}
    assert len(performance) == len(cells) * 7
    assert seen == [1.0]


def test_a_study_run_again_is_the_same_and_more_cohorts_only_add(design):
    (few, _), (again, _), (more, _) = (run(design, n, seed=4) for n in (2, 2, 3))
    assert few.equals(again)
    counts = ["tp", "fp", "fn", "tn"]
    assert (more[counts] >= few[counts]).all(axis=None)
    assert (more["cell_id"] == few["cell_id"]).all()


def test_a_longer_maximum_never_loses_a_patient(design):
    cells, _ = run(design, 2, seed=2)
    of_rule = cells[(cells["rule"] == "maximum") & (cells["cut_pct"] == 30)]
    for _, lengths in of_rule[of_rule["test_sessions"] >= 4].groupby("threshold_pct"):
        assert lengths.sort_values("test_sessions")["fn"].is_monotonic_decreasing


def test_an_unknown_study_world_or_value_is_refused(design):
    with pytest.raises(ValueError, match="no study 'x'; there are: test_period_length"):
        designs.load("x")
    elsewhere = design.model_copy(
        update={"data": design.data.model_copy(update={"scenarios": ("x",)})}
    )
    with pytest.raises(ValueError, match="no scenario 'x'; there are"):
        run(elsewhere, 1, seed=1)
    with pytest.raises(ValueError, match="n_cohorts must be 1 or more"):
        run(design, 0, seed=1)
    values = design.model_dump()
    values["methods"]["test_sessions"] = [15]
    with pytest.raises(ValueError, match="must lie below session 15"):
        designs.Design.model_validate(values)
