"""Clinical constants: presets, bounds, hand-over to dbt."""

import json
import subprocess
import sys
from dataclasses import fields
from datetime import date

import pytest

from expectations.protocol import Protocol


def test_a_living_clinic_has_an_open_window():
    protocol = Protocol.preset("clinic")
    assert (protocol.window_start, protocol.window_end, protocol.emcs_end) == (None, None, None)


def test_the_replica_has_the_dates_of_the_study():
    protocol = Protocol.preset("paper_replica")
    assert protocol.window_start == date(2010, 10, 1)
    assert protocol.window_end == date(2022, 3, 31)
    assert protocol.emcs_end == date(2023, 6, 30)


def test_an_unknown_preset_names_the_allowed_ones():
    with pytest.raises(ValueError, match="clinic, paper_replica"):
        Protocol.preset("hospital")


@pytest.mark.parametrize(
    "constants",
    [
        {"good_threshold_pct": 5},
        {"excellent_threshold_pct": 101},
        {"moderate_threshold_pct": 10},
        {"substantial_threshold_pct": 30},
        {"landmark_sessions": (30, 15, 90)},
        {"long_term_session": 4},
        {"window_start": date(2022, 1, 1), "window_end": date(2021, 1, 1)},
        {"covid_start": date(2021, 1, 1)},
        {"conform_gap_days": (9, 21)},
        {"pr_lag_visits": 2},
    ],
)
def test_constants_that_contradict_each_other_are_refused(constants):
    with pytest.raises(ValueError, match="bounds|window|gaps|pr_lag_visits"):
        Protocol(**constants)


def test_dbt_receives_every_constant_and_open_dates_as_empty_text():
    given = Protocol.preset("clinic").dbt_vars(is_synthetic=True)
    constants = {one.name for one in fields(Protocol)} - {"name"}
    assert given.keys() == constants | {"is_synthetic"}
    assert json.loads(json.dumps(given)) == given
    assert (given["window_start"], given["window_end"]) == ("", "")
    assert given["conform_gap_days"] == [14, 21]
    assert given["covid_start"] == "2020-03-17"
    assert given["dpr_skip_logic"] is False
    replica = Protocol.preset("paper_replica").dbt_vars(is_synthetic=False)
    assert replica["window_end"] == "2022-03-31"


def test_a_run_by_hand_gets_its_vars_from_the_module():
    command = [sys.executable, "-m", "expectations.protocol", "paper_replica", "--real"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == Protocol.preset("paper_replica").dbt_vars(is_synthetic=False)
