"""The simulator keeps its promises: addressable, bounded, near the published clinic."""

import numpy as np
import pytest

from simulate import scenario, truth
from simulate.cohort import generate
from simulate.relief import draw_reports, expected_report, heaped
from simulate.streams import Stream, generator

SEEDS = range(1, 11)


@pytest.fixture(scope="module")
def replica():
    return scenario.load("replica")


@pytest.fixture(scope="module")
def cohorts(replica):
    return [generate(replica, seed) for seed in SEEDS]


def analysed(cohort):
    return (cohort.patients["planned_sessions"] == 0).to_numpy()


def average(cohorts, statistic):
    return float(np.mean([statistic(cohort) for cohort in cohorts]))


# --- identity and streams -------------------------------------------------------------------


def test_a_world_is_named_by_its_values_and_not_by_its_name(replica):
    renamed = replica.model_copy(update={"name": "elsewhere", "description": "same"})
    assert renamed.scenario_id == replica.scenario_id
    assert scenario.load("no_accumulation").scenario_id != replica.scenario_id
    louder = scenario.load("replica", {"measurement.session_noise.scale": 30.0})
    assert louder.scenario_id != replica.scenario_id


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("paradise", {}, "no scenario 'paradise'; there are: no_accumulation, replica"),
        ("replica", {"response.plateau": 1}, "no field response.plateau; response has: accumul"),
        ("replica", {"weather": 1}, "no field weather; the scenario has: name, description"),
        ("replica", {"clinic.n_patients": 0}, "field clinic.n_patients: .* greater than or equal"),
        ("replica", {"response.accumulation": "sudden"}, "'saturating' or 'flat', got 'sudden'"),
        ("replica", {"measurement.heaping": {"7": 1.0}}, "grids 10, 5 and 1"),
        ("replica", {"clinic.rtms_end": "2001-01-01"}, "must follow each other"),
        (
            "replica",
            {"response.relief_asymptote": {"mean": 5, "sd": 1, "shape": 2}},
            "unknown field response.relief_asymptote.shape; allowed: mean, sd",
        ),
    ],
)
def test_an_unknown_or_impossible_world_is_refused_in_one_sentence(name, overrides, message):
    with pytest.raises(ValueError, match=message) as error:
        scenario.load(name, overrides)
    assert "\n" not in str(error.value)


def test_any_replicate_and_stream_can_be_made_alone_and_in_any_order(replica):
    def draw(stream, replicate):
        return generator(replica, 5, stream, replicate).random(4).tolist()

    places = [(stream, replicate) for stream in Stream for replicate in range(3)]
    forwards = {place: draw(*place) for place in places}
    backwards = {place: draw(*place) for place in reversed(places)}
    assert forwards == backwards
    assert len({tuple(numbers) for numbers in forwards.values()}) == len(places)


def test_a_smaller_clinic_holds_the_first_patients_of_a_larger_one(replica):
    few, many = (draw_reports(replica, 3, n_patients=n) for n in (20, 60))
    short = draw_reports(replica, 3, n_patients=60, horizon=15)
    np.testing.assert_array_equal(few.recorded, many.recorded[:20])
    np.testing.assert_array_equal(short.recorded, many.recorded[:, :15])
    assert few.patients.equals(many.patients[:20])


def test_the_same_seed_makes_the_same_clinic_and_another_does_not(replica):
    first, again, other = (generate(replica, seed, n_patients=30) for seed in (1, 1, 2))
    assert first.patients.equals(again.patients)
    assert first.emcs.equals(again.emcs)
    np.testing.assert_array_equal(first.pain_relief_pct, again.pain_relief_pct)
    assert not first.patients.equals(other.patients)


# --- what is reported -----------------------------------------------------------------------


def test_reports_lie_on_the_habit_of_the_patient_within_0_and_100(replica):
    reports = draw_reports(replica, 2)
    assert reports.reported.min() == 0
    assert reports.reported.max() == 100
    tens = (reports.reported % 10 == 0).mean()
    fives = (reports.reported % 5 == 0).mean()
    assert 0.7 < tens < fives < 1


@pytest.mark.parametrize("step", [10.0, 5.0, 1.0])
def test_the_expected_report_is_the_mean_of_many_reports(replica, step):
    law = replica.measurement
    rng = np.random.default_rng(1)
    noise = law.session_noise.scale * rng.standard_t(law.session_noise.degrees_of_freedom, 60_000)
    curve = np.array([[-40.0, 0.0, 30.0, 70.0, 120.0]])
    expected = expected_report(law, curve, np.array([step]))[0]
    drawn = [heaped(point + noise, np.full(1, step)).mean() for point in curve[0]]
    np.testing.assert_allclose(drawn, expected, atol=0.5)


def test_relief_is_whole_from_session_1_where_nothing_accumulates(replica):
    flat = draw_reports(
        scenario.load("no_accumulation", {"response.relapse_share": 0.0}), 1, horizon=15
    )
    np.testing.assert_array_equal(flat.expected, np.repeat(flat.expected[:, :1], 15, axis=1))
    rising = draw_reports(replica, 1, horizon=15).expected
    assert rising[:, 14].mean() > rising[:, 0].mean() + 10


def test_records_never_precede_their_session_and_never_outlast_the_stay(cohorts):
    for cohort in cohorts:
        delivered = ~np.isnat(cohort.session_day)
        np.testing.assert_array_equal(delivered.sum(axis=1), cohort.n_sessions)
        known = ~np.isnan(cohort.pain_relief_pct)
        assert not (known & ~delivered).any()
        assert (cohort.evaluation_day[known] > cohort.session_day[known]).all()
        wait = (cohort.evaluation_day - cohort.session_day)[known].astype(int)
        days = cohort.relief_duration_days[known]
        assert not (days > wait).any()
        assert (days[cohort.pain_relief_pct[known] == 0] > 0).sum() == 0
        closed = (cohort.session_day >= np.datetime64("2020-03-17")) & (
            cohort.session_day <= np.datetime64("2020-05-11")
        )
        assert not closed.any()
        assert (
            np.diff(cohort.session_day[:, :4], axis=1)[delivered[:, 1:4]].astype(int) >= 14
        ).all()


def test_long_term_truth_is_the_mean_of_sessions_13_to_15_had_all_gone_on(cohorts):
    cohort = cohorts[0]
    expected = cohort.reports.expected
    np.testing.assert_allclose(truth.long_term_relief(expected), expected[:, 12:15].mean(axis=1))
    ipp = np.array([str(k) for k in range(len(expected))], dtype=object)
    curves = truth.curves(cohort, ipp)
    assert len(curves) == 30 * len(expected)
    assert curves.groupby("ipp").size().eq(30).all()
    rows = truth.patients(cohort, ipp)
    assert (rows["is_long_term_ge50"] <= rows["is_long_term_ge30"]).all()


# --- near the published clinic, on average over seeds ------------------------------------------


@pytest.mark.parametrize(
    ("what", "statistic", "published", "tolerance"),
    [
        ("sessions", lambda c: c.n_sessions.sum(), 4228, 400),
        ("analysed", lambda c: analysed(c).sum(), 193, 5),
        ("operated", lambda c: c.emcs["patient"].nunique(), 25, 6),
        ("ongoing", lambda c: (c.patients["stop_reason"] == "ongoing").sum(), 34, 9),
        ("central", lambda c: 100 * (c.patients["lesion_level"] == "central").mean(), 75.6, 4),
        ("age", lambda c: c.patients["age_years"].mean(), 56.2, 2),
        ("npsi available", lambda c: c.patients["npsi_baseline_total"].notna().mean(), 0.56, 0.06),
        ("responders", lambda c: c.reports.is_responder[analysed(c)].mean(), 0.585, 0.04),
    ],
)
def test_the_replica_resembles_the_published_clinic(cohorts, what, statistic, published, tolerance):
    assert average(cohorts, statistic) == pytest.approx(published, abs=tolerance), what


@pytest.mark.parametrize(("session", "published"), [(1, 12.0), (2, 16.0), (3, 21.6), (4, 27.2)])
def test_mean_relief_of_the_test_period_is_near_table_2(cohorts, session, published):
    mean = average(cohorts, lambda c: np.nanmean(c.pain_relief_pct[analysed(c), session - 1]))
    assert mean == pytest.approx(published, abs=3)


def test_status_is_another_measurement_than_session_4(cohorts):
    def below(cohort):
        return analysed(cohort) & ~cohort.reports.is_responder

    at_4 = np.concatenate([c.pain_relief_pct[below(c), 3] for c in cohorts])
    assert 5 < np.nanmean(at_4) < 12
    assert 13 < np.nanstd(at_4) < 24
    assert np.nanmax(at_4) >= 50


def test_session_noise_leaves_a_residual_of_18_to_23_points(cohorts):
    squares = [
        np.mean((c.reports.reported - c.reports.expected)[analysed(c), :4] ** 2) for c in cohorts
    ]
    assert 18 < np.sqrt(np.mean(squares)) < 23


def test_relief_is_more_frequent_with_central_lesions(replica):
    counts = np.zeros((2, 2))
    for replicate in range(20):
        reports = draw_reports(replica, 1, replicate, horizon=15)
        level = reports.patients["lesion_level"].to_numpy()
        for row, name in enumerate(("central", "peripheral")):
            of_level = reports.is_responder[level == name]
            counts[row] += of_level.sum(), (~of_level).sum()
    odds_ratio = counts[0, 0] * counts[1, 1] / (counts[0, 1] * counts[1, 0])
    assert 1.5 < odds_ratio < 2.7
