"""Plateau and saturation by hand, on courses of any family."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from bayes.curves import COURSES, ONSETS, expected_report, kept_share, saturating
from bayes.heaping import probability_table
from bayes.parameters import NAMES, values
from bayes.posterior import latent_reliefs, mean_reports
from bayes.quantities import (
    SESSIONS,
    is_flat_from_first,
    is_rising_at,
    plateau_pct,
    probability_reported_at_least,
    saturation_session,
)  # fmt: skip
from bayes.scatter import NOISE, SCORES, noise_of
from bayes.tables import shown_saturation, with_weeks


def test_saturation_is_between_sessions_and_undefined_without_relief():
    course = np.array([[10, 44, 46, 50.0, 50], [5, 5, 5, 5, 5], [50, 40, 30, 20, 10]])
    found = saturation_session(course)
    assert found[0] == pytest.approx(2.5)
    assert np.isnan(found[1])
    assert found[2] == 1
    assert saturation_session(course, 0.95)[0] == pytest.approx(3 + 1.5 / 4)


def test_plateau_counts_a_peak_before_a_relapse_and_thirty_sessions_only():
    course = np.concatenate([np.linspace(0, 60, 10), np.linspace(60, 20, 20), [99.0]])
    assert plateau_pct(course) == 60
    assert saturation_session(course) == pytest.approx(1 + 0.9 * 9)


def test_flat_from_the_first_and_still_rising():
    flat, slow = np.full(30, 40.0), np.linspace(1, 60, 30)
    assert is_flat_from_first(flat) and not is_flat_from_first(slow)
    assert is_rising_at(slow, 15) and not is_rising_at(flat, 15)


def test_drawn_courses_give_the_mean_reports_of_their_equations():
    """Kernel against the equations written with NumPy, every kind of course and of scatter."""
    natural = values(np.full((1, len(NAMES)), 0.4))
    p = dict(zip(NAMES, natural[0], strict=True))
    kinds = product(range(len(COURSES)), range(len(SCORES)))
    effects = np.array([[[c, -12.0, 55.0, -0.8, k] for c, k in kinds]], dtype=np.float32)
    found = mean_reports(natural, effects, SESSIONS)[0]
    kept = [np.zeros(30), np.ones(30)]
    kept += [kept_share(SESSIONS, onset, p["relapse_rate"]) for onset in ONSETS]
    for i, (course, k) in enumerate(effects[0][:, [0, 4]].astype(int)):
        share = kept[course]
        latent = saturating(SESSIONS, -12.0, 55.0, np.exp(-0.8), p["curve_shape"], share)
        assert latent_reliefs(natural, effects, SESSIONS)[0, i] == pytest.approx(latent)
        noise = noise_of([p[name] for name in NOISE], k, SESSIONS)
        expected = expected_report(latent, noise, p["tens_share"], p["fives_share"])
        assert found[i] == pytest.approx(expected, abs=1e-3), COURSES[course]


@pytest.mark.parametrize("cut", [10, 30, 50, 12])
def test_probability_of_one_report_is_the_tail_of_its_table(cut):
    table = probability_table(28.0, 12.0, (0.6, 0.3, 0.1))
    found = probability_reported_at_least(28.0, 12.0, 0.6, 0.75, cut)
    assert found == pytest.approx(table[cut:].sum(), abs=1e-12)


def test_saturation_is_told_only_where_the_reports_tell_it():
    """Fast and certain is told; silent and vague are not, each with its reason."""
    rng = np.random.default_rng(4)
    session = SESSIONS[None, None]

    def courses(plateau, rate):
        return plateau[..., None] * (1 - np.exp(-rate[..., None] * session))

    n = 4000
    rate = np.exp(np.stack([rng.normal(0, 0.2, n), np.zeros(n), rng.normal(-1, 1.2, n)], 1))
    plateau = np.stack([np.full(n, 60.0), np.full(n, 4.0), np.full(n, 60.0)], 1)
    new = courses(rng.normal(50, 10, (n, 5)), np.exp(rng.normal(-1, 1.2, (n, 5))))
    told = shown_saturation(courses(plateau, rate), new)
    assert told["saturation_session"].notna().tolist() == [True, False, False]
    assert told.loc[0, "saturation_session"] == 3  # ln(10) = 2.3 sessions, rounded up
    assert told.loc[1:, "saturation_reason"].str.startswith("too early to tell: ").all()
    assert told.loc[1, "saturation_reason"] != told.loc[2, "saturation_reason"]


def test_weeks_go_by_the_patients_own_interval():
    plateau = pd.DataFrame(
        {
            "patient_id": ["a", "b", "c"],
            "saturation_session": pd.array([5, 5, None], dtype="Int64"),
        }
    )
    told = with_weeks(plateau, pd.Series({"a": 14.0, "c": 14.0}))
    assert told["saturation_weeks"].tolist()[0] == pytest.approx(8)  # four intervals of two weeks
    assert told["saturation_weeks"].isna().tolist() == [False, True, True]
