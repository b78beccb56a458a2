"""The ensemble that ships: readable, wide enough, and a population for every world."""

import numpy as np
import pytest

from simulate.batch import draw
from simulate.calibration.ensemble import read
from simulate.calibration.targets import calibration_rows, target_hash, targets
from simulate.members import parameters_for
from simulate.parameter_table import STRUCTURES
from simulate.scenario import available, load

OVER = {"population.ensemble": "thomas2024"}


@pytest.fixture(scope="module")
def ensemble():
    return read()


def test_it_was_made_for_the_targets_of_today_and_is_no_point(ensemble):
    story = ensemble.provenance
    assert story.targets == target_hash(targets(calibration_rows()))
    assert story.scenario == load("replica").scenario_id
    assert ensemble.effective_size >= 500
    assert story.effective_size == pytest.approx(ensemble.effective_size, abs=1)
    assert story.command.startswith("plateau simulate calibrate")


def test_it_keeps_every_structure_but_relief_that_is_whole_at_session_1(ensemble):
    for name, codes in STRUCTURES.items():
        words = {code.name.lower() for code in codes} - {"flat"}
        assert set(ensemble.table[name]) == words


@pytest.mark.parametrize("world", available())
def test_every_world_draws_its_cohorts_from_it(world):
    scenario = load(world, OVER)
    parameters = parameters_for(scenario, 1, 40)
    cohorts = draw(parameters, 1, 40, n_patients=30, horizon=15)
    assert np.unique(parameters["noise_sd"]).size > 10 or "noise_sd" in scenario.pinned
    assert np.nanmax(cohorts.recorded) <= 100
    for name in scenario.pinned:
        assert np.unique(parameters[name]).size == 1


def test_a_member_is_one_world_and_equal_parts_span_the_ensemble(ensemble):
    def member(k, n=50):
        return load("replica", OVER | {"population.member": k, "population.members": n})

    third = parameters_for(member(3), 1, 5)
    assert np.unique(third["noise_sd"]).size == 1
    middle = np.searchsorted(np.cumsum(ensemble.weight), 2.5 / 50)
    assert third["noise_sd"][0] == pytest.approx(ensemble.table["noise_sd"][middle])
    found = [parameters_for(member(k), 1, 1)["curve"][0] for k in range(1, 51)]
    assert len(set(found)) == 4
    assert member(3).scenario_id != member(4).scenario_id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population.member": 3}, "member and members belong together"),
        ({"population.member": 3, "population.members": 5}, "ensemble is null"),
        (
            OVER | {"population.member": 3, "population.members": 2},
            "member 3 lies beyond members 2",
        ),
    ],
)
def test_a_member_that_is_none_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        load("replica", changes)
