"""The marginal engine against differences, a dense grid, and the model written for NUTS."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from bayes import diagnostics, reporting, stopping
from bayes.cohort import MISSING, NOTHING, prepare
from bayes.covariates import covariates_of
from bayes.curves import COURSES, ONSETS, kept_share, saturating
from bayes.diagnostics import diagnose_importance, diagnose_marginal_chains
from bayes.fit import FitConfig, fit
from bayes.heaping import cells, log_probability
from bayes.marginal import mode
from bayes.marginal.chains import _moved, begin, go_on
from bayes.marginal.evaluate import log_at, log_sum
from bayes.marginal.grid import make_nodes
from bayes.marginal.importance import draw_population, smoothed, systematic
from bayes.marginal.mode import find_mode
from bayes.marginal.proposals import measure
from bayes.marginal.tables import rows_seen
from bayes.marginal.target import Target
from bayes.parameters import NAMES, PARAMETERS, scores_of, values
from bayes.scatter import NOISE, SHARES, noise_of
from bayes.tables import fit_tables

RISING = NAMES.index("rising_share")


def mixed_cohort(make_cohort, make_lesions, n_patients=8, n_sessions=12):
    """Every kind of report and of fate, gaps, and sessions beyond two onsets of a relapse."""
    data = make_cohort(n_patients, n_sessions, seed=5)
    data.loc[[3, 20, 41], "pain_relief_pct"] = np.nan
    data.loc[[5, 17, 30, 52], "pain_relief_pct"] = [35, 33, 33.5, 100]
    data = data[(data["session_no"] <= 3) | (data["patient_id"] != f"{1:032x}")]
    return prepare(data, make_lesions(data))


def some_point(target, seed=1):
    return 0.4 * np.random.default_rng(seed).standard_normal(target.size)


def log_of_course(cohort, mask, p, latent):
    """Reports and fates of one patient along one latent curve, by the NumPy functions."""
    session = cohort.session[mask]
    return log_sum(np.array([
        np.log(share) + log_at_noise(
            cohort, mask, p, latent, noise_of([p[name] for name in NOISE], k, session)
        )
        for k, share in enumerate(SHARES)
    ]))  # fmt: skip


def log_at_noise(cohort, mask, p, latent, noise):
    """The same, the scatter of the patient's reports given."""
    share = (p["tens_share"], (1 - p["tens_share"]) * p["fives_share"])
    share = (*share, 1 - sum(share))
    reported = cohort.kind[mask] != MISSING
    cell = cells(cohort.relief[mask][reported]).as_dict()
    total = log_probability(cell, latent[reported], noise[reported], share).sum()
    asked = cohort.asked[mask] > 0
    total += np.sum(
        reporting.log_probability(
            cohort.asked[mask][asked],
            cohort.unreported[mask][asked],
            latent[asked],
            noise[asked],
            p,
        )
    )
    known = cohort.fate[mask] != NOTHING
    return total + np.sum(
        stopping.log_probability(
            cohort.fate[mask][known], cohort.session[mask][known], latent[known], noise[known], p
        )
    )


def dense(cohort, i, p, rising):
    """One patient's log marginal by a fine grid over all three effects of every course."""
    mask = cohort.patient == i
    s = cohort.session[mask].astype(float)
    z = np.linspace(-5, 5, 61)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    flat_mean = p["start_mean"] + p["flat_shift"]
    flat_sd = p["start_sd"] * p["flat_spread"]
    flat = sum(
        w * np.exp(log_of_course(cohort, mask, p, np.full(len(s), flat_mean + flat_sd * x)))
        for w, x in zip(weight, z, strict=True)
    )
    total = flat / (1 + np.exp(rising))
    r = p["start_plateau_correlation"]
    coarse = np.linspace(-4.5, 4.5, 25)
    w3 = np.exp(-(coarse**2) / 2)
    w3 /= w3.sum()
    for c, onset in enumerate((np.inf, *ONSETS)):
        share = p["relapse_share"] / len(ONSETS) if c else 1 - p["relapse_share"]
        kept = kept_share(s, onset, p["relapse_rate"]) if c else np.ones(len(s))
        part = 0.0
        for wk, zk in zip(w3, coarse, strict=True):
            rate = np.exp(p["log_rate_mean"] + p["log_rate_sd"] * zk)
            for wb, zb in zip(w3, coarse, strict=True):
                start = p["start_mean"] + p["start_sd"] * zb
                for wa, za in zip(w3, coarse, strict=True):
                    score = r * zb + np.sqrt(1 - r**2) * za
                    plateau = p["plateau_mean"] + p["plateau_sd"] * score
                    latent = saturating(s, start, plateau, rate, p["curve_shape"], kept)
                    part += wk * wb * wa * np.exp(log_of_course(cohort, mask, p, latent))
        total += share * part / (1 + np.exp(-rising))
    return np.log(total)


def test_slopes_are_the_differences_of_the_density(make_cohort, make_lesions):
    cohort = mixed_cohort(make_cohort, make_lesions)
    target = Target(cohort, covariates_of(cohort), threads=1)
    point, places = some_point(target), target.new_places()
    target.adapt(point, places, 8)
    _, slope = target.density_and_slope(point, places)
    step = 1e-5
    found = [
        (target.density(point + step * e, places) - target.density(point - step * e, places))
        / (2 * step)
        for e in np.eye(target.size)
    ]
    assert slope == pytest.approx(found, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("noise", [3.0, 11.0, 30.0])
def test_pieces_are_the_laws_they_stand_for(noise):
    """Every report and fate, at 200 latent values from far below to far above the scale."""
    reports = np.array([0, 100, 40, 35, 33, 33.5, 33.25, 33.125, np.nan])
    one = pd.DataFrame({"patient_id": "a", "session_no": range(1, 10), "pain_relief_pct": reports})
    cohort = prepare(one, pd.DataFrame({"patient_id": ["a"], "stop_reason": ["emcs_surgery"]}))
    target = Target(cohort, covariates_of(cohort), threads=1)
    natural = values(some_point(target)[: len(NAMES)])
    p = dict(zip(NAMES, natural, strict=True)) | {"noise": noise}
    point = np.concatenate([scores_of(np.array(list(p.values()))), np.zeros(0)])
    tables, every = target.tables(point)[1], np.ones(len(reports), dtype=bool)
    for k, latent in product(range(len(SHARES)), np.linspace(-200, 300, 100)):
        _, *seen = rows_seen(target.rows, tables, 0, k)
        found = sum(log_at(tables.pieces.log[k], *row, latent) for row in zip(*seen, strict=True))
        noise = noise_of([p[name] for name in NOISE], k, cohort.session)
        exact = log_at_noise(cohort, every, p, np.full(len(reports), latent), noise)
        assert found == pytest.approx(exact, abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("i", [0, 1, 2, 5])
def test_a_patients_marginal_is_that_of_a_dense_grid(make_cohort, make_lesions, i):
    """Claim: within 0.01 of three-dimensional sums of 15,625 points a course; about 60 s each."""
    cohort = mixed_cohort(make_cohort, make_lesions, n_sessions=7)
    target = Target(cohort, covariates_of(cohort), threads=1)
    point, places = some_point(target), target.new_places()
    target.adapt(point, places, 8)
    found = target.log_marginals(point, places)[0][i]
    p = dict(zip(NAMES, values(point[: len(NAMES)]), strict=True))
    assert found == pytest.approx(dense(cohort, i, p, target.rising(point)[i]), abs=0.01)


def test_more_nodes_change_nothing_that_matters(make_cohort, make_lesions):
    """The shipped grid is within 0.01 of one of 32 x 9 x 9 nodes, patient by patient."""
    cohort = mixed_cohort(make_cohort, make_lesions, 20)
    found = []
    for nodes in (make_nodes(), make_nodes(32, 9, 9, 15, 0.22)):
        target = Target(cohort, covariates_of(cohort), nodes=nodes, threads=1)
        point, places = some_point(target), target.new_places()
        target.adapt(point, places, 10)
        found.append(target.log_marginals(point, places)[0])
    assert found[0] == pytest.approx(found[1], abs=0.01)


def test_weights_with_a_heavy_tail_fail_the_gate():
    """Pareto weights of shape 1 are named as such, near-equal ones pass."""
    rng = np.random.default_rng(2)
    heavy, light = np.log(rng.pareto(1.0, 2000)), 0.3 * rng.standard_normal(2000)
    assert smoothed(heavy)[1] > 0.7 > smoothed(light)[1]
    assert diagnose_importance(smoothed(heavy)[1], 500, 2000, True).status == "not_converged"
    assert diagnose_importance(smoothed(light)[1], 1900, 2000, True).status == "converged"
    assert "mode" in diagnose_importance(0.1, 1900, 2000, False).reason
    assert "worth 40" in diagnose_importance(0.1, 40, 2000, True).reason


def test_resampling_keeps_to_the_weights():
    weight = np.array([0.5, 0.3, 0.2])
    kept = systematic(weight, 1000, np.random.default_rng(0))
    assert np.bincount(kept) == pytest.approx(1000 * weight, abs=1)


def test_scores_and_values_are_inverse():
    point = np.linspace(-1, 1, len(NAMES))
    assert scores_of(values(point)) == pytest.approx(point)
    assert len({p.name for p in PARAMETERS}) == len(PARAMETERS)
    assert all(p.reason for p in PARAMETERS)


def test_a_small_clinic_tells_the_two_kinds_of_course_apart(make_cohort, make_lesions):
    data = make_cohort(40, 8, seed=4)
    found = fit(data, FitConfig(engine="marginal", marginal_draws=300), patients=make_lesions(data))
    assert found.engine == "marginal"
    assert found.diagnosis.status == "converged", found.diagnosis.reason
    tables = fit_tables(found)
    table = tables["patient_plateau"]
    rises = np.arange(40) % 2 == 0
    assert table.loc[rises, "p_plateau_ge_30"].mean() > 0.9
    assert table.loc[~rises, "p_plateau_ge_30"].mean() < 0.3
    assert table.loc[rises, "plateau_mean_pct"].mean() == pytest.approx(60, abs=12)
    assert len(tables["patient_curve"]) == 40 * 15
    terms = tables["population_estimate"]["term"].tolist()
    assert {"noise", "saturation_mean_curve_all", "new_patient_plateau_pct"} <= set(terms)
    tree = found.posterior.tree()
    assert set(tree.children) == {"posterior", "sample_stats", "observed_data", "constant_data"}
    kinds = found.posterior.effects[..., 0]
    assert kinds.min() >= 0 and kinds.max() < len(COURSES)


def test_chains_draw_what_importance_sampling_draws(make_cohort):
    """Means and spreads of every parameter, within five Monte Carlo errors of both."""
    cohort = prepare(make_cohort(24, 5))
    target = Target(cohort, covariates_of(cohort), threads=2)
    proposals = measure(target, find_mode(target))
    weighed = draw_population(target, proposals, 2000, seed=3)
    assert weighed.pareto_k < 0.7 and weighed.effective_size > 500
    chains = go_on(target, proposals, begin(target, proposals, weighed.scores[:4], 3), 300, 3)
    moved, still = chains.points.reshape(-1, target.size), proposals.points(weighed.scores)
    ess = diagnose_marginal_chains(chains.points, [str(k) for k in range(target.size)], 0.0).table
    spread = still.std(axis=0)
    error = spread * np.sqrt(1 / ess["ess_bulk"].to_numpy() + 1 / weighed.effective_size)
    away = moved.mean(axis=0) - still.mean(axis=0)
    assert (np.abs(away) < 5 * error).all()
    assert (np.abs(away + 0.5 * spread) > 5 * error).mean() > 0.5, "half a spread off is seen"
    assert moved.std(axis=0) == pytest.approx(spread, rel=0.25)


def test_a_chain_draws_from_its_density():
    """Normal(1, 0.5) in one direction and Normal(0, 2) in another, from a standard normal."""
    mean, sd = np.array([1.0, 0.0]), np.array([0.5, 2.0])

    def factor(x):
        return float(-(((x - mean) / sd) ** 2).sum() / 2 + x @ x / 2)

    rng, x = np.random.default_rng(4), np.zeros(2)
    log, kept = factor(x), []
    for _ in range(20_000):
        x, log = _moved(factor, x, log, rng)
        kept.append(x)
    assert np.mean(kept, axis=0) == pytest.approx(mean, abs=0.15)
    assert np.std(kept, axis=0) == pytest.approx(sd, rel=0.08)


def test_where_the_weights_do_not_do_chains_are_run(make_cohort, monkeypatch):
    monkeypatch.setattr(diagnostics, "PARETO_K_BELOW", -1.0)
    found = fit(make_cohort(30, 6), FitConfig(engine="marginal", marginal_draws=120, seed=3))
    assert found.posterior.scores.shape[1] == 120
    assert found.diagnosis.status == "converged", found.diagnosis.reason
    assert "so chains were run" in found.diagnosis.reason


def test_a_curvature_that_is_no_number_fails_the_gate_and_nothing_else(make_cohort, monkeypatch):
    nothing = lambda target, point, places: np.full((len(point), len(point)), np.nan)  # noqa: E731
    monkeypatch.setattr(mode, "_curvature", nothing)
    found = fit(make_cohort(6, 4), FitConfig(engine="marginal", marginal_draws=30))
    assert found.diagnosis.status == "not_converged"
    assert np.isfinite(found.posterior.scores).all()


def test_a_warm_start_ends_where_a_cold_one_does(make_cohort):
    data = make_cohort(20, 5)
    config = FitConfig(engine="marginal", marginal_draws=30)
    cold = fit(data, config)
    warm = fit(data, config, warm=cold.mode)
    for name, score in cold.mode.items():
        assert warm.mode[name] == pytest.approx(score, abs=0.1), name


@pytest.mark.parametrize(
    ("n_patients", "relief"),
    [(1, None), (6, 0.0), (6, 100.0), (6, 50.0)],
)
def test_a_cohort_that_says_little_gives_wide_intervals_not_an_error(
    make_cohort, n_patients, relief
):
    data = make_cohort(n_patients, 1 if relief is None else 4)
    if relief is not None:
        data = data.assign(pain_relief_pct=relief)
    found = fit(data, FitConfig(engine="marginal", marginal_draws=90))
    table = fit_tables(found)["patient_plateau"]
    numbers = table.drop(columns=table.filter(like="saturation").columns)
    assert numbers.notna().all(axis=None)
    assert found.diagnosis.reason
    if relief is None:
        assert (table["plateau_q95_pct"] - table["plateau_q05_pct"] > 30).all()


def test_without_any_stop_nothing_breaks_and_hazards_are_low(make_cohort):
    data = make_cohort(6, 5)
    config = FitConfig(engine="marginal", marginal_draws=60)
    found = fit(data, config, patients=stay(data))
    by = dict(zip(NAMES, found.posterior.flat[0].T, strict=True))
    prior = dict(zip(NAMES, values(np.zeros(len(NAMES))), strict=True))
    assert np.isfinite(found.posterior.scores).all()
    assert np.median(by["stop_test_low"]) < prior["stop_test_low"]
    assert found.diagnosis.status == "not_converged", "60 draws are not shown"


def test_constant_reports_of_patients_who_all_stay_leave_no_draw_without_a_number(make_cohort):
    data = make_cohort(6, 5).assign(pain_relief_pct=40.0)
    config = FitConfig(engine="marginal", marginal_draws=60)
    found = fit(data, config, patients=stay(data))
    assert np.isfinite(found.posterior.scores).all()
    assert found.diagnosis.status == "not_converged", "60 draws are not shown"


def stay(data):
    """Patients who had one more session than is listed: all went on."""
    ids = data["patient_id"].unique()
    more = int(data["session_no"].max()) + 1
    return pd.DataFrame({"patient_id": ids, "n_sessions": more, "stop_reason": "ongoing"})


def test_order_of_rows_changes_nothing(make_cohort):
    data = make_cohort(6, 4)
    first, second = prepare(data), prepare(data.sort_values(["patient_id", "session_no"]))
    assert first.relief.tolist() == second.relief.tolist()
    assert isinstance(data, pd.DataFrame)


@pytest.mark.slow
def test_the_two_engines_agree(make_cohort, make_lesions):
    """Claim: 30 patients x 6 sessions, means within 0.25 SD, plateau widths within 15 % at the
    median; Monte Carlo error of 1,000 weighted draws is most of that. Minutes."""
    data = make_cohort(30, 6, seed=8, noise=11.0)
    who = make_lesions(data)
    quick = fit(data, FitConfig(engine="marginal", marginal_draws=2000), patients=who)
    audit = fit(data, FitConfig(engine="nuts", draws=2000, tune=700), patients=who)
    assert quick.diagnosis.status == "converged", quick.diagnosis.reason
    for k, name in enumerate(NAMES):
        a, b = quick.posterior.scores[..., k], audit.posterior.scores[..., k]
        assert a.mean() == pytest.approx(b.mean(), abs=0.25 * b.std()), name
        assert a.std() == pytest.approx(b.std(), rel=0.2), name
    widths = []
    for one in (quick, audit):
        table = fit_tables(one)["patient_plateau"]
        widths.append(table["plateau_q95_pct"] - table["plateau_q05_pct"])
    assert np.median(widths[0] / widths[1]) == pytest.approx(1, abs=0.15)


def test_a_marginal_is_a_probability_wherever_the_population_is(make_cohort):
    """Reports are counted, so that no population makes them more than certain; 30 far out."""
    cohort = prepare(make_cohort(6, 4).assign(pain_relief_pct=50.0))
    target = Target(cohort, covariates_of(cohort), threads=1)
    for point in 3 * np.random.default_rng(6).standard_normal((30, target.size)):
        places = target.new_places()
        target.adapt(point, places, 8)
        logs, _, _ = target.log_marginals(point, places)
        assert np.isfinite(logs).all()
        assert logs.max() < 1e-3
