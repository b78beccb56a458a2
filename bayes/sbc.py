"""Simulation-based calibration: whether the posterior means what it says.

A truth drawn from the prior, data drawn from the truth, a fit of the data: the rank of the truth
among posterior draws is uniform if model and engine are right (Talts et al. 2018; test quantities
that look at the data, Modrak et al. 2023). Here: one such fit, and the joint test of many. Not
here: the loop (`tests/benchmarks/sbc.py`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.decomposition import FROM, RESPONDER_PCT, TO, report_at
from bayes.fit import Engine, Fit, FitConfig, fit
from bayes.heaping import probability_table
from bayes.marginal.grid import Places
from bayes.marginal.target import Target
from bayes.parameters import NAMES, values
from bayes.posterior import latent_reliefs, mean_reports, noises
from bayes.quantities import SESSIONS, plateau_pct, saturation_session
from bayes.replicate import draw_from_prior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_RANKED = 49
"""Draws ranked against, so that ranks are 0..49; fewer than the fits' effective draws."""
NUTS_CHAINS = 2


def one_fit(
    number: int,
    seed: int,
    *,
    n_patients: int = 40,
    n_sessions: int = 12,
    draws: int = 400,
    noise_factor: float = 1.0,
    engine: Engine = "marginal",
) -> pd.DataFrame:
    """Return the ranks of one truth: number, quantity, rank (0..49), truth, status, pareto_k, ess.

    A fit that fails its gate is kept: `status` says so. `draws` are those of the marginal engine,
    or of each of NUTS's `NUTS_CHAINS` chains.
    """
    rng = np.random.default_rng([seed, number])
    drawn = draw_from_prior(n_patients, n_sessions, rng, noise_factor=noise_factor)
    config = FitConfig(
        engine=engine, marginal_draws=draws, draws=draws, chains=NUTS_CHAINS, cores=1, seed=number
    )
    found = fit(drawn.sessions, config, patients=drawn.patients)
    size = found.posterior.scores.shape[-1]
    scores, effects = found.posterior.scores.reshape(-1, size), found.posterior.flat[1]
    # Those of NUTS are thinned evenly: draws beside one another are alike.
    of_chains = np.linspace(0, len(scores) - 1, N_RANKED).round().astype(int)
    chosen = of_chains if engine == "nuts" else rng.choice(len(scores), N_RANKED, replace=False)
    scores, effects = scores[chosen], effects[chosen]
    kept = found.posterior.cohort.patients.astype(int)
    labels = found.posterior.covariates.labels
    true_scores = drawn.scores[: len(NAMES) + len(labels)]
    truth = quantities(found, true_scores[None], drawn.effects[None, kept])
    held = quantities(found, scores, effects)
    rows = []
    for name, draw in held.items():
        below, equal = (draw < truth[name][0]).sum(), (draw == truth[name][0]).sum()
        rows.append((name, int(below + rng.integers(equal + 1)), float(truth[name][0])))
    verdict = found.diagnosis
    return pd.DataFrame(rows, columns=["quantity", "rank", "truth"]).assign(
        number=number, status=verdict.status, pareto_k=verdict.pareto_k, ess=verdict.ess_min
    )


def quantities(found: Fit, scores: FloatArray, effects: FloatArray) -> dict[str, FloatArray]:
    """Return what is ranked, by draw: parameters and effects, then the test quantities.

    log_likelihood (patients summed out); of the first patient plateau, S90 (0 where undefined)
    and P(PR_15 >= 30); M4 and M15 - M4 of those who report at least 10 % at session 4 (of all
    if none does), which decide the split.
    """
    cohort, covariates = found.posterior.cohort, found.posterior.covariates
    natural = values(scores[:, : len(NAMES)])
    result = {name: scores[:, k] for k, name in enumerate([*NAMES, *covariates.labels])}
    target = Target(cohort, covariates, threads=1)
    places = target.new_places()
    target.adapt(scores[0], places, 8)
    result["log_likelihood"] = np.array([_log_likelihood(target, s, places) for s in scores])
    course = mean_reports(natural, effects, SESSIONS)
    first = course[:, 0]
    result["plateau_first"] = plateau_pct(first)
    result["saturation_first"] = np.nan_to_num(saturation_session(first))
    result["p_reported_15_ge_30_first"] = _reported_at_least_30(natural, effects[:, 0])
    members = np.nan_to_num(report_at(cohort, FROM)) >= RESPONDER_PCT
    members = members if members.any() else ~members
    means = course[:, members].mean(axis=1)
    result["mean_4"] = means[:, FROM - 1]
    result["accumulation"] = means[:, TO - 1] - means[:, FROM - 1]
    return result


def _log_likelihood(target: Target, score: FloatArray, places: Places) -> float:
    target.adapt(score, places, 3)
    return target.density(score, places) + float(score @ score / 2)


def _reported_at_least_30(natural: FloatArray, effects: FloatArray) -> FloatArray:
    column = {name: natural[:, k] for k, name in enumerate(NAMES)}
    at = np.array([float(TO)])
    latents = latent_reliefs(natural, effects[:, None], at)[:, 0, 0]
    noise = noises(natural, effects[:, None], at)[:, 0, 0]
    result = []
    for d, latent in enumerate(latents):
        tens, fives = column["tens_share"][d], column["fives_share"][d]
        share = (tens, (1 - tens) * fives, (1 - tens) * (1 - fives))
        result.append(probability_table(float(latent), float(noise[d]), share)[30:].sum())
    return np.array(result)


def uniformity(ranks: pd.DataFrame, seed: int = 1, n_null: int = 4000) -> pd.DataFrame:
    """Test the ranks of every quantity against uniformity, over all rank thresholds at once.

    The statistic is the least two-sided binomial tail probability over thresholds of the empirical
    distribution (Sailynoja et al. 2022); its null distribution is simulated.

    Returns
    -------
    pandas.DataFrame
        quantity, n, mean_rank (0-1, 0.5 if calibrated), p (simultaneous over thresholds), p_joint
        (Holm, over the quantities too), sorted by p.
    """
    by = ranks.groupby("quantity", sort=False)["rank"].apply(lambda r: r.to_numpy())
    rng = np.random.default_rng(seed)
    null: dict[int, FloatArray] = {}
    rows = []
    for name, found in by.items():
        n = len(found)
        if n not in null:
            drawn = rng.integers(0, N_RANKED + 1, (n_null, n))
            null[n] = np.sort(_least_tail(drawn))
        least = _least_tail(found[None])[0]
        p = (1 + np.searchsorted(null[n], least, side="right")) / (1 + n_null)
        rows.append((name, n, (found.mean() + 0.5) / (N_RANKED + 1), p))
    table = pd.DataFrame(rows, columns=["quantity", "n", "mean_rank", "p"]).sort_values("p")
    holm = table["p"].to_numpy() * np.arange(len(table), 0, -1)
    return table.assign(p_joint=np.minimum(np.maximum.accumulate(holm), 1)).reset_index(drop=True)


def _least_tail(ranks: IntArray) -> FloatArray:
    """Return the statistic of every row of ranks, shape (sets, n)."""
    from scipy.stats import binom

    sets, n = ranks.shape
    chance = np.arange(1, N_RANKED + 1)[:, None] / (N_RANKED + 1)
    count = np.arange(n + 1)
    tail = 2 * np.minimum(binom.cdf(count, n, chance), binom.sf(count - 1, n, chance))
    place = ranks + (N_RANKED + 1) * np.arange(sets)[:, None]
    each = np.bincount(place.ravel(), minlength=sets * (N_RANKED + 1)).reshape(sets, -1)
    at_most = np.cumsum(each, axis=1)[:, :-1]
    return np.asarray(tail[np.arange(N_RANKED), at_most].min(axis=1))
