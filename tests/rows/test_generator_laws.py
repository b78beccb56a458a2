"""Each law of the generator against its closed form or brute force, with Monte Carlo error."""

import numpy as np
import pytest
from scipy import stats

from simulate.batch import draw
from simulate.engine import calendar, curve, expected, normal, report, stopping
from simulate.engine.records import Stop
from simulate.parameter_table import Curve, Noise
from simulate.parameters import of_scenario
from simulate.scenario import load

CURVES = [code.name.lower() for code in Curve]


@pytest.fixture(scope="module")
def replica():
    return of_scenario(load("replica"))


def within(estimate, truth, error, errors=4.5):
    assert abs(estimate - truth) < errors * error, (estimate, truth, error)


# --- numbers ----------------------------------------------------------------------------------


def test_scores_are_normal_quantiles():
    tail = 2.0**-33 * np.array([1, 1.5, 2, 3, 1e3, 1e6])  # from the least number that is drawn on
    u = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 20_001), tail, 1 - tail])
    error = [normal.score(x) - stats.norm.ppf(x) for x in u]
    assert np.abs(error).max() < 2e-5


def test_tabled_areas_and_densities_are_those_of_the_normal_law():
    z = np.linspace(-12, 12, 5001)
    area, density = np.array([normal.area_and_density(x) for x in z]).T
    np.testing.assert_allclose(area, z * stats.norm.cdf(z) + stats.norm.pdf(z), atol=1e-10)
    np.testing.assert_allclose(density, stats.norm.pdf(z), atol=1e-10)


def test_the_bound_that_spares_an_exponential_is_one():
    x = np.linspace(-40, 40, 8001)
    bound = np.array([stopping.exp_at_most(value) for value in x])
    assert (bound >= np.exp(x)).all()
    near = (x >= -4) & (x <= 2)
    assert (bound[near] < 1.1 * np.exp(x[near])).all()


# --- curves -----------------------------------------------------------------------------------


def drawn_curve(row, sessions, start, asymptote, half, relapse=np.inf):
    """The engine's curve of one patient."""
    powers, latent = np.empty(sessions), np.empty((sessions, 1))
    curve.fill_powers(row, powers)
    one = (np.array([value]) for value in (start, asymptote, half, relapse))
    curve.fill_curves(row, powers, 1, *one, latent)
    return latent[:, 0]


def plain_curve(name, s, start, gain, half, row):
    lag = row["delay_share"] * half
    progress = {
        "exponential": 1 - 0.5 ** (s / half),
        "emax": s ** row["hill"] / (s ** row["hill"] + half ** row["hill"]),
        "delayed": np.where(s > lag, 1 - 0.5 ** np.maximum((s - lag) / (half - lag), 0), 0),
        "early_step": (s >= np.floor(half + 0.5)).astype(float),
        "flat": np.ones_like(s),
    }[name]
    return start + gain * progress


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("half", [0.7, 3.0, 9.4])
def test_curves_are_their_formulas_and_halve_at_the_same_session(replica, name, half):
    row = replica.with_values(curve=name).rows[0]
    s = np.arange(1.0, 31.0)
    drawn = drawn_curve(row, 30, -20.0, 50.0, half)
    np.testing.assert_allclose(drawn, plain_curve(name, s, -20.0, 70.0, half, row))
    if name in ("exponential", "emax", "delayed"):
        assert plain_curve(name, np.array([half]), 0.0, 1.0, half, row) == pytest.approx(0.5)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("half", [1e-6, 0.01, 1e7])
def test_curves_that_rise_at_once_or_never_are_numbers(replica, name, half):
    row = replica.with_values(curve=name, delay_share=0.95).rows[0]
    s = np.arange(1.0, 31.0)
    drawn = drawn_curve(row, 30, -20.0, 50.0, half)
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(drawn, plain_curve(name, s, -20.0, 70.0, half, row), atol=1e-6)


def test_what_is_no_number_reads_no_table_beyond_its_end():
    assert all(np.isnan(x) for x in normal.area_and_density(np.nan))


def test_nothing_is_gained_after_the_last_gain_session_and_relapse_decays(replica):
    row = replica.with_values(last_gain_session=4, relapse_loss=0.1).rows[0]
    latent = drawn_curve(row, 12, 0.0, 100.0, 3.0, relapse=8.0)
    np.testing.assert_array_equal(latent[3:8], latent[3])
    np.testing.assert_allclose(latent[8:], latent[3] * 0.9 ** np.arange(1, 5))


# --- reports ----------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [10.0, 5.0, 1.0])
def test_heaps_lie_at_the_middle_of_their_interval(grid):
    values = np.linspace(-30, 130, 3201)
    said = np.array([report.heaped(v, grid) for v in values])
    inside = np.clip(values, 0, 100)
    assert (np.abs(said - inside) <= grid / 2 + 1e-9).all()
    assert (said % grid == 0).all()
    assert report.heaped(grid / 2, grid) == grid  # halves go up
    assert report.heaped(grid / 2 - 1e-9, grid) == 0


@pytest.mark.parametrize("grid", [10.0, 5.0, 1.0])
@pytest.mark.parametrize("sd", [1.0, 7.0, 9.0, 24.0])
def test_the_expected_report_is_the_sum_over_the_heaps(replica, grid, sd):
    row = replica.with_values(outlier_share=0.1, outlier_factor=2.5, zero_share=0.05).rows[0]
    edges = (np.arange(1, round(100 / grid) + 1) - 0.5) * grid
    for latent in (-60.0, -3.0, 0.0, 4.9, 33.0, 71.0, 100.0, 140.0):
        usual, wide = (
            grid * stats.norm.cdf((latent - edges) / scale).sum() for scale in (sd, 2.5 * sd)
        )
        exact = 0.95 * (0.9 * usual + 0.1 * wide)
        assert expected.expected_report(row, latent, sd, grid) == pytest.approx(exact, abs=0.006)


@pytest.mark.parametrize("name", CURVES)
def test_expected_reports_are_the_means_of_reports(replica, name):
    """Residuals average to 0 at every session, for early and late stoppers alike."""
    parameters = replica.with_values(curve=name, noise="by_patient", zero_share=0.03)
    batch = draw(parameters, 3, 150, what=("expected", "reported"))
    rest = (batch.reported - batch.expected).astype(float)
    error = rest.std(axis=(0, 1)) / np.sqrt(rest[..., 0].size)
    assert (np.abs(rest.mean(axis=(0, 1))) < 4.5 * error).all()
    planted = rest + 0.01 * batch.expected  # an error of one percent is seen
    assert (np.abs(planted.mean(axis=(0, 1))) > 3 * error).any()


def test_the_expected_report_holds_among_those_still_treated(replica):
    batch = draw(replica, 5, 300, what=("expected", "reported"))
    treated = batch.n_sessions >= 10
    rest = (batch.reported - batch.expected)[treated][:, 9].astype(float)
    within(rest.mean(), 0, rest.std() / np.sqrt(rest.size))


def test_the_pmf_of_heaped_reports(replica):
    flat = replica.with_values(
        curve="flat", rise_share=0.0, still_mean=30.0, still_sd=0.0, outlier_share=0.0,
        noise="constant", noise_sd=20.0, heap_10=1.0, heap_5=0.0,
    )  # fmt: skip
    said = draw(flat, 1, 100, what=("reported",)).reported.ravel()
    edges = np.array([-np.inf, *np.arange(5, 100, 10), np.inf])
    chance = np.diff(stats.norm.cdf((edges - 30) / 20))
    counts = np.bincount((said / 10).astype(int), minlength=11)
    assert stats.chisquare(counts, chance * said.size).pvalue > 1e-4
    assert stats.chisquare(counts, np.roll(chance, 1) * said.size).pvalue < 1e-9


@pytest.mark.parametrize("law", ["constant", "by_session", "by_patient"])
def test_noise_differs_by_session_or_patient_as_named(replica, law):
    wide = replica.with_values(
        noise=law, curve="flat", rise_share=0.0, still_mean=50.0, still_sd=0.0, noise_sd=4.0,
        noise_first_factor=2.0, noise_log_sd=0.5, outlier_share=0.1, outlier_factor=2.0,
        heap_10=0.0, heap_5=0.0,
    )  # fmt: skip
    said = draw(wide, 2, 100, what=("reported",)).reported.astype(float) - 50
    usual = 16 * (0.9 + 0.1 * 4)
    by_session = (said**2).mean(axis=(0, 1)) - 1 / 12
    factor = 1 + 0.5 ** np.arange(15.0) if law == "by_session" else np.ones(15)
    mean_square = np.exp(2 * 0.5**2) if law == "by_patient" else 1.0
    np.testing.assert_allclose(by_session, usual * factor**2 * mean_square, rtol=0.06)
    of_patient = np.log((said**2).mean(axis=2))
    assert (of_patient.std() > 0.8) == (law == "by_patient")
    assert Noise[law.upper()] == wide.rows["noise"][0]


# --- missing, stops, assessments --------------------------------------------------------------


def test_reports_are_missing_by_status(replica):
    batch = draw(replica, 1, 300, what=("uninterrupted",))
    missing = np.isnan(batch.uninterrupted)
    for is_responder, prefix in ((True, "responder"), (False, "other")):
        who = batch.is_responder == is_responder
        for k in (1, 2, 3):
            p = replica[f"missing_{prefix}_{k}"][0]
            within(missing[who][:, k - 1].mean(), p, np.sqrt(p * (1 - p) / who.sum()))
    assert not (missing[..., 3] & np.isnan(batch.assessment)).any(), "status is always known"


def test_hazards_after_the_test_period(replica):
    world = replica.with_values(
        efficacy_per_point=0.0, efficacy_at_zero=np.log(0.05 / 0.95), surgery_hazard=0.02,
        surgery_per_point=0.0, other_hazard=0.03, other_log_sd=0.0, extra_share=0.4,
        extra_stop=0.3,
    )  # fmt: skip
    batch = draw(world, 1, 400)
    at_5 = batch.is_responder & (batch.n_sessions >= 5)
    stopped = at_5 & (batch.n_sessions == 5)
    n = at_5.sum()
    for reason, p in ((Stop.LOSS_OF_EFFICACY, 0.05), (Stop.EMCS_SURGERY, 0.02)):
        share = (stopped & (batch.stop_reason == reason)).sum() / n
        within(share, p, np.sqrt(p * (1 - p) / n))
    others = ~batch.is_responder
    went_on = (batch.n_sessions > 4)[others].mean()
    within(went_on, 0.4 * (1 - 0.05), np.sqrt(0.24 / others.sum()))


def test_under_mar_a_stop_reads_the_record_and_under_mnar_the_latent_state(replica):
    """Among equal records, unrecorded relief predicts a stop under MNAR and not under MAR."""
    found = {}
    for law in ("mar", "mnar"):
        world = replica.with_values(
            drop_out=law, missing_later=1.0, missing_last=0.0, surgery_hazard=0.0,
            other_hazard=0.0, efficacy_at_zero=0.5, efficacy_per_point=-0.05,
            **{f"missing_responder_{k}": 1.0 for k in (1, 2, 3, 4)},
        )  # fmt: skip
        batch = draw(world, 9, 400, what=("latent", "reported"))
        alike = batch.is_responder & (batch.assessment == 40) & (batch.n_sessions >= 5)
        assert np.isnan(batch.recorded[alike]).all()
        stops = (batch.n_sessions == 5)[alike]
        assert len(stops) > 1000
        latent, said = batch.latent[alike][:, 4], batch.reported[alike][:, 4]
        found[law] = [stats.pearsonr(stops, x)[0] for x in (latent, said)]
    assert max(np.abs(found["mar"])) < 0.06
    assert found["mnar"][0] < -0.3


def test_the_assessment_is_another_measurement_of_session_4(replica):
    flat = replica.with_values(
        curve="flat", rise_share=0.0, still_mean=50.0, still_sd=0.0, noise="constant",
        noise_sd=6.0, outlier_share=0.0, assessment_sd=8.0, assessment_shared=0.5, heap_10=0.0,
        heap_5=0.0, missing_assessment=0.0,
    )  # fmt: skip
    batch = draw(flat, 1, 200, what=("reported",))
    pair = np.cov(batch.reported[..., 3].ravel(), batch.assessment.ravel())
    np.testing.assert_allclose(pair[0, 1], 0.5 * 36, rtol=0.1)
    np.testing.assert_allclose(pair[1, 1], 64 + 0.25 * 36, rtol=0.05)


# --- days, surgery ----------------------------------------------------------------------------


def test_days_of_relief_are_weibull_with_the_mean_of_the_line(replica):
    row = replica.with_values(duration_base=8.0, duration_per_point=0.1).rows[0]
    u = (np.arange(20_000) + 0.5) / 20_000
    unit = calendar.pace(row)[1]
    days = np.array([calendar.relief_days(row, unit, 50.0, x) for x in u])
    assert days.mean() == pytest.approx(13.0, abs=0.1)
    assert calendar.relief_days(row, unit, 0.0, 0.5) == 0


def test_intervals_weekends_august_and_closure(replica):
    batch = draw(replica, 1, 60, horizon=30, what=("calendar",))
    days = batch.session_day[batch.session_day >= 0].astype("datetime64[D]")
    assert np.is_busday(days).all()
    closed = (days >= np.datetime64("2020-03-17")) & (days <= np.datetime64("2020-05-11"))
    assert not closed.any()
    months = np.bincount(days.astype("datetime64[M]").astype(int) % 12, minlength=12)
    assert months[7] < 0.9 * months[[5, 6, 9]].mean(), "sessions of August put off"
    gap = batch.interval_14_15_days[np.isfinite(batch.interval_14_15_days)]
    assert 22 < gap.mean() < 28
    test = np.diff(batch.session_day[..., :4], axis=2)[batch.n_sessions >= 4]
    assert np.median(test) in (17, 18)


def test_surgery_follows_the_last_relief(replica):
    many = replica.with_values(surgery_hazard=0.2, surgery_per_point=0.02)
    batch = draw(many, 1, 100, what=("surgery", "latent"))
    operated = batch.stop_reason == Stop.EMCS_SURGERY
    np.testing.assert_array_equal(operated, np.isfinite(batch.emcs_first))
    first, last = batch.emcs_first[operated], batch.last_relief[operated]
    assert stats.spearmanr(first, last).statistic > 0.6
    asked = batch.n_sessions >= 4
    assert batch.latent[operated][:, 3].mean() > batch.latent[asked][:, 3].mean()
    share = np.isnan(batch.emcs_last[operated]).mean()
    within(share, 0.24, np.sqrt(0.24 * 0.76 / operated.sum()))
