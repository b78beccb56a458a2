"""What a next study takes: closed forms against samples drawn by the design they are of."""

import numpy as np
import pandas as pd
import pytest

from simulate.studies import next_study
from simulate.studies.next_study import Seen

SEEN = Seen(horizon_session=15, completed=0.4, sessions=10.0, responders=0.5)
REPEATS = 4000


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_pairs_know_an_sd_as_well_as_the_formula_says(rng):
    """20 points to within 2: the SD of estimates from n pairs is that, and not half as many."""
    n, n_start = next_study.of_sd(20.0, 2.0, SEEN)
    assert n == n_start == 50
    pairs = rng.normal(0, 20, (REPEATS, int(n), 2))
    found = np.sqrt(np.mean(np.diff(pairs, axis=2)[..., 0] ** 2, axis=1) / 2)
    assert found.std() == pytest.approx(2.0, rel=0.05)
    half = np.sqrt(np.mean(np.diff(pairs[:, :25], axis=2)[..., 0] ** 2, axis=1) / 2)
    assert half.std() > 2.5


def test_a_share_is_known_as_well_as_the_formula_says(rng):
    n, _ = next_study.of_share(0.3, 0.05, SEEN)
    assert (rng.binomial(84, 0.3, REPEATS) / 84).std() == pytest.approx(0.05, rel=0.05)
    assert n == pytest.approx(84)
    assert next_study.of_responders(0.3, 0.05, SEEN) == pytest.approx((84, 168))


def test_a_rate_is_known_as_well_as_its_stops_say(rng):
    """2 % a session to within 0.4 %: 25 stops in 1,250 sessions, of 125 patients with ten each."""
    n, n_start = next_study.of_hazard(0.02, 0.004, SEEN)
    assert (n, n_start) == pytest.approx((25, 125))
    found = rng.poisson(0.02 * SEEN.sessions * n_start, REPEATS) / (SEEN.sessions * n_start)
    assert found.std() == pytest.approx(0.004, rel=0.05)


def test_a_log_rate_is_known_as_well_as_its_stops_say(rng):
    n, n_start = next_study.of_log_hazard(-3.0, 0.1, SEEN)
    assert np.log(rng.poisson(n, REPEATS)).std() == pytest.approx(0.1, rel=0.05)
    assert n_start * (1 - SEEN.completed) == pytest.approx(n)


def test_the_error_aimed_at_leaves_a_fifth_of_the_variance(rng):
    truth = rng.normal(0, 1, 40000)
    seen = truth + rng.normal(0, next_study.PART_OF_SD, truth.size)
    slope = 1 / (1 + next_study.PART_OF_SD**2)
    assert np.var(truth - slope * seen) == pytest.approx(next_study.LEFT, rel=0.03)
    assert pytest.approx(0.2) == next_study.LEFT


def test_what_does_not_differ_is_not_asked_and_kinds_have_no_numbers():
    columns = dict.fromkeys(next_study.QUESTIONS.values(), 1.0)
    worlds = pd.DataFrame([columns] * 4)
    worlds["noise_sd"] = [10.0, 14.0, 18.0, 22.0]
    worlds["curve"] = ["emax", "exponential", "emax", "emax"]
    found = next_study.designs(worlds, SEEN).set_index("column")
    assert set(found.index) == {"noise_sd", "curve"}
    assert found.loc["noise_sd", "standard_error"] == pytest.approx(worlds["noise_sd"].std() / 2)
    assert found.loc["noise_sd", "n"] == np.ceil(16**2 / 2 / (worlds["noise_sd"].std() / 2) ** 2)
    assert found.loc["curve", ["mean", "n", "n_start"]].isna().all()
