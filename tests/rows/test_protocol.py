"""Clinical constants: presets, bounds, hand-over to dbt."""

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
        {"window_start": date(2022, 1, 1), "window_end": date(2021, 1, 1)},
    ],
)
def test_constants_that_contradict_each_other_are_refused(constants):
    with pytest.raises(ValueError, match="bounds|window"):
        Protocol(**constants)


def test_dbt_receives_every_constant_and_open_dates_as_empty_text():
    assert Protocol.preset("clinic").dbt_vars(is_synthetic=True) == {
        "window_start": "",
        "window_end": "",
        "emcs_end": "",
        "is_synthetic": True,
        "responder_threshold_pct": 10,
        "moderate_threshold_pct": 30,
        "substantial_threshold_pct": 50,
        "good_threshold_pct": 40,
        "excellent_threshold_pct": 70,
        "test_period_sessions": 4,
        "long_term_session": 15,
        "ongoing_gap_days": 90,
        "ongoing_interval_multiple": 2,
        "full_session_pulses": 1600,
        "aborted_share": 0.5,
    }
    replica = Protocol.preset("paper_replica").dbt_vars(is_synthetic=False)
    assert replica["window_end"] == "2022-03-31"
