"""Simulation-based calibration: the joint test, and a small seeded sample of fits."""

import numpy as np
import pandas as pd
import pytest

from bayes.parameters import NAMES
from bayes.replicate import draw_from_prior
from bayes.sbc import N_RANKED, one_fit, uniformity


def ranks(draw, n=200, names=("a", "b", "c")):
    rng = np.random.default_rng(4)
    return pd.concat([pd.DataFrame({"quantity": name, "rank": draw(rng, n)}) for name in names])


def test_uniform_ranks_pass_and_leaning_or_narrow_ones_do_not():
    even = ranks(lambda rng, n: rng.integers(0, N_RANKED + 1, n))
    leaning = ranks(lambda rng, n: rng.binomial(N_RANKED, rng.beta(2.0, 1.0, n)))
    narrow = ranks(lambda rng, n: rng.binomial(N_RANKED, rng.beta(0.5, 0.5, n)))
    assert uniformity(even)["p_joint"].min() > 0.05
    assert uniformity(leaning)["p_joint"].max() < 0.01
    assert uniformity(narrow)["p_joint"].max() < 0.01


def test_drawn_cohorts_do_not_know_what_followed_the_last_session():
    """A stop there would be known and going on would not: that leans every hazard upwards."""
    drawn = draw_from_prior(200, 8, np.random.default_rng(3))
    had = drawn.sessions.groupby("patient_id").size()
    reason = drawn.patients.set_index("patient_id")["stop_reason"]
    assert (reason[had.index[had == 8]] == "ongoing").all()
    assert (reason != "ongoing").sum() > 20


def test_the_joint_test_holds_its_level():
    """Of 200 uniform sets of three quantities about 5 % fail at 5 %."""
    rng = np.random.default_rng(9)
    failed = 0
    for _ in range(200):
        drawn = rng.integers(0, N_RANKED + 1, 150)
        table = pd.DataFrame({"quantity": np.repeat(["a", "b", "c"], 50), "rank": drawn})
        failed += uniformity(table, n_null=400)["p_joint"].min() < 0.05
    assert failed <= 20


def test_a_replicate_keeps_the_rules_of_the_data():
    drawn = draw_from_prior(30, 8, np.random.default_rng(2))
    last = drawn.sessions.groupby("patient_id")["session_no"].max()
    reason = drawn.patients.set_index("patient_id")["stop_reason"]
    assert (last[reason.reindex(last.index) == "ongoing"] == 8).all()
    assert last.min() >= 4
    assert drawn.sessions["pain_relief_pct"].dropna().between(0, 100).all()
    assert drawn.scores.shape == (len(NAMES) + 2,)


@pytest.mark.slow
@pytest.mark.xfail(
    reason="known at 1,000 fits: in some cohorts of 40 a second explanation of the reports is not "
    "found, and single quantities fail (docs/evidence/relief-model.md)"
)
def test_ranks_of_truths_are_uniform():
    """40 seeded fits, every quantity."""
    right = pd.concat([one_fit(k, 21) for k in range(40)])
    assert uniformity(right)["p_joint"].min() > 0.01


@pytest.mark.slow
def test_a_wrong_model_is_caught():
    """40 seeded fits of reports that scatter 1.4 times as much as the truth says."""
    wrong = pd.concat([one_fit(k, 21, noise_factor=1.4) for k in range(40)])
    found = uniformity(wrong).set_index("quantity")
    assert found.loc["noise", "p_joint"] < 0.01
    assert found.loc["noise", "mean_rank"] < 0.3
