"""The surgery model on simulated clinics: their own correlation, and Table 3 held out.

Whole chain: a clinic of the simulator, the relief curves, the surgery model. The simulator's own
correlation is that of each patient's true expected report at the last session with first relief
after surgery before it is rounded, which in that world follows the last *recorded report*: not
what the model assumes. World `ensemble` draws a member of `thomas2024` a clinic; the replicates
of its evaluated patients are the model's prediction of figures of Table 3 and Figure 3 that the
ensemble was not calibrated to (`usable_for` = validation). One CSV a clinic, none is done twice.

The gate of the curves is not asked: population draws are those of importance sampling.

python tests/benchmarks/surgery_worlds.py --world ensemble --clinics 10 --seed 81 --out DIR
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.marginal.importance import draw_courses, draw_population
from bayes.marginal.mode import find_mode
from bayes.marginal.proposals import measure
from bayes.marginal.target import Target
from bayes.posterior import Posterior
from bayes.quantities import HORIZON
from bayes.surgery.records import candidates
from bayes.surgery.tables import surgery_tables
from orchestration.benchmarks.bayes import clinic_of
from simulate.cohort import generate
from simulate.scenario import load

WORLDS = {
    "replica": {},
    "ensemble": {"population.ensemble": "thomas2024"},
}
DAYS_A_MONTH = 30.4375
# Table 3 and Figure 3, validation rows, as counts of 25.
HELD_OUT = {
    "failure.n": 3, "poor.n": 8, "good.n": 5, "excellent.n": 9,
    "higher_before.n": 6, "higher_after.n": 10,
}  # fmt: skip


def posterior_of(sessions, patients, draws, seed):
    """Draws of the relief model by importance sampling, whatever its gate would say."""
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    target = Target(cohort, covariates, threads=1)
    mode = find_mode(target, np.zeros(target.size), None)
    proposals = measure(target, mode)
    drawn = draw_population(target, proposals, draws, seed, None)
    points = proposals.points(drawn.scores)
    effects = draw_courses(target, mode, points, seed, None)
    fitted = Posterior(cohort, covariates, "marginal", points[None], effects[None], seed)
    return fitted, drawn.pareto_k


def operated_of(drawn):
    """The mart `emcs` of a simulated clinic, as far as the model reads it."""
    first = drawn.emcs.drop_duplicates("patient")
    patient = first["patient"].to_numpy()
    months = (first["visit_day"] - first["surgery_day"]).dt.days / DAYS_A_MONTH
    return pd.DataFrame(
        {
            "patient_id": patient.astype(str),
            "n_sessions_before": drawn.n_sessions[patient],
            "emcs_first_relief_pct": first["pain_relief_pct"].to_numpy(dtype=float),
            "is_first_in_window": months.between(2, 12).to_numpy(),
            "is_first_conventional": (first["stimulation"] == "conventional").to_numpy(),
        }
    )


def truth_of(drawn, who):
    """Correlation of true expected relief with first relief after surgery, by group, two ways.

    `truth`: equation (17) with the world's own numbers, slope and carry both `emcs_slope`.
    `realised`: with the covariance that these patients' last reports happen to have.
    """
    row = drawn.batch.parameters.rows[0]
    slope, sd = float(row["emcs_slope"]), float(row["emcs_sd"])
    index = who.patients.astype(int)
    at = np.minimum(drawn.n_sessions[index], HORIZON) - 1
    x = drawn.batch.expected[0, index, at].astype(float)
    last = drawn.batch.last_relief[0, index].astype(float)
    rows = []
    for name, group in {"operated": who.is_used, "candidates": np.isfinite(last)}.items():
        a, b = x[group], last[group]
        beyond = np.sqrt(np.nanmean((b - a) ** 2))
        signal = slope * a.std()
        whole = np.sqrt(signal**2 + (slope * beyond) ** 2 + sd**2)
        realised = slope * np.cov(a, b, ddof=0)[0, 1] / (a.std() * np.hypot(slope * b.std(), sd))
        rows.append((name, signal / whole, realised))
    return pd.DataFrame(rows, columns=["population", "truth", "realised"])


def one_clinic(world, seed, replicate, draws):
    """Rows of correlations and of held-out figures of one clinic."""
    drawn = generate(load("replica", WORLDS[world]), seed, replicate=replicate)
    sessions, patients = clinic_of(drawn)
    fitted, k = posterior_of(sessions, patients, draws, replicate)
    who = candidates(fitted.cohort.patients, *fitted.flat, sessions, operated_of(drawn))
    tables = surgery_tables(who, replicate)
    rho = tables["surgery_estimate"]
    rho = rho[rho["term"].str.startswith("correlation") & (rho["surgeon_knew"] == 0)]
    rho = rho.merge(truth_of(drawn, who), on="population").assign(kind="correlation")
    figures = tables["surgery_agreement"].assign(kind="figure").rename(columns={"figure": "term"})
    both = pd.concat([rho, figures])
    return both.assign(world=world, replicate=replicate, pareto_k=k, evaluated=who.is_used.sum())


def summary(rows):
    """Coverage of the simulator's own correlations; figures as predicted, observed, published."""
    rho = rows[(rows["kind"] == "correlation") & rows["mean"].notna()]
    rho = rho.assign(
        error=rho["mean"] - rho["truth"],
        covered=rho["truth"].between(rho["q05"], rho["q95"]),
        realised_covered=rho["realised"].between(rho["q05"], rho["q95"]),
    )
    by = rho.groupby(["world", "population", "term"], sort=False)
    first = (
        by[["truth", "realised", "mean", "error", "covered", "realised_covered"]]
        .mean()
        .assign(clinics=by.size())
    )
    first["error_mcse"] = by["error"].std() / np.sqrt(by.size())
    shown = rows[(rows["kind"] == "figure") & (rows["n"] > 0)]
    per = shown["term"].str.endswith(".n").map({True: 1.0, False: np.nan}) * 100 / shown["n"]
    shares = shown.assign(
        **{c: shown[c] * per.fillna(1) for c in ("mean", "q05", "q95", "observed")}
    )
    inside = shown["observed"].between(shown["q05"], shown["q95"])
    by = shares.assign(inside=inside).groupby(["world", "term"], sort=False)
    second = by[["observed", "mean", "q05", "q95", "inside"]].mean()
    second["lowest_mean"], second["highest_mean"] = by["mean"].min(), by["mean"].max()
    published = {term: 4.0 * n for term, n in HELD_OUT.items()}
    second["published"] = second.index.get_level_values("term").map(published)
    return first, second


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", choices=list(WORLDS), default="ensemble")
    parser.add_argument("--clinics", type=int, default=10)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=81)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    files = []
    for replicate in range(asked.clinics):
        path = asked.out / f"{asked.world}_{asked.seed}_{asked.draws}_{replicate:05d}.csv"
        files.append(path)
        if not path.exists():
            half = path.with_suffix(".part")
            one_clinic(asked.world, asked.seed, replicate, asked.draws).to_csv(half, index=False)
            half.replace(path)
    for table in summary(pd.concat([pd.read_csv(path) for path in files])):
        print(table.round(2).to_string())


if __name__ == "__main__":
    main()
