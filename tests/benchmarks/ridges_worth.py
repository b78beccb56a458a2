"""What proposals along ridges are worth, beside proposals along straight lines from the mode.

Effective draws and Pareto k of 1,000 proposals, for simulated clinics (all sessions, test period)
and for small cohorts drawn from the prior. About ten CPU seconds a line for clinics, four for
cohorts.

python tests/benchmarks/ridges_worth.py --clinics 3 --cohorts 10
"""

import argparse
from dataclasses import replace

import numpy as np

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.marginal.importance import smoothed
from bayes.marginal.mode import find_mode
from bayes.marginal.proposals import measure
from bayes.marginal.ridges import measure_ridges
from bayes.marginal.target import Target
from bayes.replicate import draw_from_prior
from orchestration.benchmarks.bayes import clinic_of
from simulate.cohort import generate
from simulate.scenario import load

PROPOSALS, SEED, PRIOR_SEED, FIRST_COHORT = 1000, 7, 9, 31


def worth(target, mode, ridges):
    """Return effective draws and Pareto k of the proposals along these ridges."""
    proposals = measure(target, mode, ridges)
    half = np.random.default_rng(SEED).random((PROPOSALS // 2, target.size))
    scores = proposals.scores_below(np.concatenate([half, 1 - half]))
    weight, k = smoothed(proposals.log_posterior(target, scores) - proposals.log_density(scores))
    return 1 / (weight**2).sum(), k


def cohorts(n_clinics, n_cohorts):
    """Yield name, sessions and patients."""
    for seed in range(1, n_clinics + 1):
        sessions, patients = clinic_of(generate(load("replica"), seed))
        yield f"clinic {seed}", sessions, patients
        yield f"its test period {seed}", sessions[sessions["session_no"] <= 4], patients
    for number in range(FIRST_COHORT, FIRST_COHORT + n_cohorts):
        drawn = draw_from_prior(40, 12, np.random.default_rng([PRIOR_SEED, number]))
        yield f"prior {number}", drawn.sessions, drawn.patients


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=3)
    parser.add_argument("--cohorts", type=int, default=10)
    asked = parser.parse_args()
    print("cohort: effective draws (Pareto k) straight, along ridges")
    for name, sessions, patients in cohorts(asked.clinics, asked.cohorts):
        cohort = prepare(sessions, patients)
        target = Target(cohort, covariates_of(cohort))
        mode = find_mode(target)
        ridges = measure_ridges(target, mode)
        straight = replace(ridges, bend=np.zeros_like(ridges.bend))
        found = (worth(target, mode, each) for each in (straight, ridges))
        told = (f"{n:.0f} ({k:.2f})" for n, k in found)
        print(f"{name}: {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
