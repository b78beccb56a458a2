"""The simulator keeps its promises: addressable, bounded, near the published clinic."""

import numpy as np
import pytest

from simulate import scenario, truth
from simulate.cohort import generate
from simulate.streams import Stream, generator

SEEDS = range(1, 11)


@pytest.fixture(scope="module")
def replica():
    return scenario.load("replica")


@pytest.fixture(scope="module")
def cohorts(replica):
    return [generate(replica, seed) for seed in SEEDS]


def analysed(cohort):
    return cohort.patients["is_analysed"].to_numpy()


def average(cohorts, statistic):
    return float(np.mean([statistic(cohort) for cohort in cohorts]))


# --- identity and streams -------------------------------------------------------------------


def test_a_world_is_named_by_its_values_and_not_by_its_name(replica):
    renamed = replica.model_copy(update={"name": "elsewhere", "description": "same"})
    assert renamed.scenario_id == replica.scenario_id
    assert scenario.load("no_accumulation").scenario_id != replica.scenario_id
    louder = scenario.load("replica", {"measurement.noise_sd": 30.0})
    assert louder.scenario_id != replica.scenario_id


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("paradise", {}, "no scenario 'paradise'; there are: .*no_accumulation, .*replica"),
        ("replica", {"response.plateau": 1}, "no field response.plateau; response has: rise_share"),
        ("replica", {"weather": 1}, "no field weather; the scenario has: name, description"),
        ("replica", {"clinic.n_patients": 0}, "field clinic.n_patients: .* greater than or equal"),
        ("replica", {"clinic.n_patients": 1}, "field clinic.n_patients: .* greater than or equal"),
        ("replica", {"clinic.horizon": 3}, "field clinic.horizon: .* greater than or equal to 15"),
        ("replica", {"structure.curve": "sudden"}, "'emax', 'delayed', 'early_step' or 'flat'"),
        ("replica", {"course.other_hazard": -0.1}, "course.other_hazard: -0.1 lies outside 0 to 1"),
        ("replica", {"measurement.heap_5": 0.6}, r"heap_10 \+ heap_5 must not exceed 1 together"),
        ("replica", {"course.test_gap_low": 30}, "test_gap_low 30 must lie below test_gap_high 21"),
        ("replica", {"clinic.rtms_end": "2001-01-01"}, "must follow each other, got 2010-10-01"),
        ("replica", {"clinic.closed_to": None}, "closed_from and closed_to stand together"),
        (
            "replica",
            {"visits.delay_months": {"mean": 5, "sd": 1, "shape": 2}},
            "unknown field visits.delay_months.shape; allowed: mean, sd",
        ),
    ],
)
def test_an_unknown_or_impossible_world_is_refused_in_one_sentence(name, overrides, message):
    with pytest.raises(ValueError, match=message) as error:
        scenario.load(name, overrides)
    assert "\n" not in str(error.value)


def test_a_file_of_ones_own_extends_another_and_names_what_differs(tmp_path):
    mine, next_one = tmp_path / "mine.yaml", tmp_path / "next.yaml"
    mine.write_text("extends: covid\nmeasurement: {noise_sd: 12}\n", encoding="utf-8")
    next_one.write_text("extends: mine.yaml\nresponse: {rise_share: 0.3}\n", encoding="utf-8")
    one = scenario.load(str(mine))
    assert one.name == "mine"
    assert one.scenario_id == scenario.load("covid", {"measurement.noise_sd": 12}).scenario_id
    both = {"measurement.noise_sd": 12, "response.rise_share": 0.3}
    assert scenario.load(str(next_one)).scenario_id == scenario.load("covid", both).scenario_id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: replica\nweather: {rain: 1}\n", "unknown field weather; allowed: name"),
        ("extends: replica\nresponse: {rise: 1}\n", "unknown field response.rise; allowed: rise_"),
        ("extends: nowhere\n", "no scenario 'nowhere'; there are: accumulation_only"),
        ("extends: mine.yaml\n", "scenario mine.yaml extends itself"),
        ("name: half\n", "field structure: Field required"),
        ("response: [1,\n", "scenario mine.yaml, line 2, column 1: this is no readable YAML"),
        ("just words\n", "scenario mine.yaml: a scenario is a list of fields"),
    ],
)
def test_a_file_of_ones_own_is_refused_by_field_or_line(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as error:
        scenario.load(str(tmp_path / "mine.yaml"))
    assert "\n" not in str(error.value)


def test_any_replicate_and_stream_can_be_made_alone_and_in_any_order(replica):
    def draw(stream, replicate):
        return generator(replica, 5, stream, replicate).random(4).tolist()

    places = [(stream, replicate) for stream in Stream for replicate in range(3)]
    forwards = {place: draw(*place) for place in places}
    backwards = {place: draw(*place) for place in reversed(places)}
    assert forwards == backwards
    assert len({tuple(numbers) for numbers in forwards.values()}) == len(places)


def test_the_same_seed_makes_the_same_clinic_and_another_does_not(replica):
    first, again, other = (generate(replica, seed, n_patients=30) for seed in (1, 1, 2))
    assert first.patients.equals(again.patients)
    assert first.emcs.equals(again.emcs)
    np.testing.assert_array_equal(first.pain_relief_pct, again.pain_relief_pct)
    assert not first.patients.equals(other.patients)


# --- what is reported -----------------------------------------------------------------------


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
    expected = cohort.batch.expected[0]
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
        ("responders", lambda c: c.batch.is_responder[0][analysed(c)].mean(), 0.585, 0.04),
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
        return analysed(cohort) & ~cohort.batch.is_responder[0]

    at_4 = np.concatenate([c.pain_relief_pct[below(c), 3] for c in cohorts])
    assert 5 < np.nanmean(at_4) < 12
    assert 13 < np.nanstd(at_4) < 24
    assert np.nanmax(at_4) >= 50


def test_session_noise_leaves_a_residual_of_18_to_23_points(cohorts):
    squares = [
        np.mean((c.batch.reported - c.batch.expected)[0][analysed(c), :4] ** 2) for c in cohorts
    ]
    assert 18 < np.sqrt(np.mean(squares)) < 23
