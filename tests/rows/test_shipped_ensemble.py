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
