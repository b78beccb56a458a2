"""The PyMC model is the marginal engine's model: the same likelihood, patient by patient."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bayes import reporting, stopping
from bayes.cohort import MISSING, NOTHING, prepare
from bayes.coordinates import plain
from bayes.covariates import covariates_of
from bayes.curves import COURSES, ONSETS, kept_share, saturating
from bayes.heaping import cells, log_probability
from bayes.parameters import NAMES, values
from bayes.relief import build, patient_logs, terms_of


def by_hand(cohort, covariates, score, effect, start, plateau, rate):
    """Sum over kinds of course of likelihood times prior, written out, summed over patients."""
    p = dict(zip(NAMES, values(score), strict=True))
    share = (p["tens_share"], (1 - p["tens_share"]) * p["fives_share"])
    share = (*share, 1 - sum(share))
    logit = np.log(p["rising_share"] / (1 - p["rising_share"]))
    logit = logit + covariates.design(cohort) @ effect
    total = 0.0
    for i in range(len(cohort.patients)):
        mask = cohort.patient == i
        s = cohort.session[mask].astype(float)
        keeps = [np.zeros(len(s)), np.ones(len(s))]
        keeps += [kept_share(s, onset, p["relapse_rate"]) for onset in ONSETS]
        relapse = [1 - p["relapse_share"]] + [p["relapse_share"] / len(ONSETS)] * len(ONSETS)
        rises = 1 / (1 + np.exp(-logit[i]))
        logs = []
        for kept, chance in zip(keeps, [1 - rises, *(rises * np.array(relapse))], strict=True):
            z = (start[i] - p["start_mean"]) / p["start_sd"]
            level = p["start_mean"] + p["flat_shift"] + p["flat_spread"] * p["start_sd"] * z
            rising = saturating(s, start[i], plateau[i], rate[i], p["curve_shape"], kept)
            latent = rising if kept.any() else np.full(len(s), level)
            reported, known = cohort.kind[mask] != MISSING, cohort.fate[mask] != NOTHING
            cell = cells(cohort.relief[mask][reported]).as_dict()
            for score, scatters in zip((-(3**0.5), 0, 3**0.5), (1, 4, 1), strict=True):
                left = np.select([s == 1, s == 2, s == 3], [1, 0.5, 0.25], 0.0)
                noise = p["noise"] * np.exp(score * p["noise_spread"])
                noise = noise * (1 + left * (p["noise_first"] - 1))
                log = log_probability(cell, latent[reported], noise[reported], share).sum()
                log += stopping.log_probability(
                    cohort.fate[mask][known], s[known], latent[known], noise[known], p
                ).sum()
                fourth = s == 4
                log += reporting.log_probability(
                    cohort.asked[mask][fourth],
                    cohort.unreported[mask][fourth],
                    latent[fourth],
                    noise[fourth],
                    p,
                ).sum()
                logs.append(log + np.log(chance * scatters / 6))
        total += np.logaddexp.reduce(logs)
    return total


@pytest.mark.parametrize("decimals", [False, True])
def test_likelihood_sums_every_kind_of_course(make_cohort, make_lesions, decimals):
    data = make_cohort(4, 12)
    data.loc[5, "pain_relief_pct"] = 33.5 if decimals else 35
    data.loc[[9, 30], "pain_relief_pct"] = np.nan
    cohort = prepare(data, make_lesions(data))
    covariates = covariates_of(cohort)
    rng = np.random.default_rng(2)
    score, effect = 0.4 * rng.standard_normal((2, 30))
    score, effect = score[: len(NAMES)], effect[: len(covariates.labels)]
    start, plateau = np.array([-12.0, -30, 5, 0]), np.array([55.0, 20, 70, -5])
    rate = np.exp(np.array([-0.5, -1.0, 0.3, -2.0]))
    p = dict(zip(NAMES, values(score), strict=True))
    r = p["start_plateau_correlation"]
    z_start = (start - p["start_mean"]) / p["start_sd"]
    z_plateau = ((plateau - p["plateau_mean"]) / p["plateau_sd"] - r * z_start) / np.sqrt(1 - r**2)
    z_rate = (np.log(rate) - p["log_rate_mean"]) / p["log_rate_sd"]
    # Plain coordinates are standard scores; `by_hand` gives the level the start's.
    own = np.stack([z_start, z_plateau, z_rate, z_start], axis=1)
    logs, _ = patient_logs(
        cohort, covariates, plain(cohort, covariates), pt.constant(np.append(score, effect)),
        pt.constant(own),
    )  # fmt: skip
    found = np.logaddexp.reduce(logs.eval(mode="FAST_COMPILE"), axis=(0, 2)).sum()
    expected = by_hand(cohort, covariates, score, effect, start, plateau, rate)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_relapse_counts_the_sessions_before_it_once(make_cohort):
    cohort = prepare(make_cohort(3, 12))
    terms = terms_of(cohort)
    assert len(terms.term) == len(cohort.session) * len(COURSES)
    assert len(terms.row) < len(terms.term)


def test_model_carries_the_real_patient_ids(make_cohort):
    data = make_cohort(3, 4)
    cohort = prepare(data)
    coords = build(cohort, covariates_of(cohort)).coords
    assert list(coords["patient"]) == sorted(data["patient_id"].unique())
