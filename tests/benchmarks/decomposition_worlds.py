"""The split of accumulation and selection against the simulator's truth, resumable.

Simulated clinics of several worlds, each fitted once; one CSV a clinic, none is done twice. Truth
is the same split with each patient's true expected report. MNAR: stops depend on what was not
reported (`structure.drop_out`).

python tests/benchmarks/decomposition_worlds.py --clinics 10 --seed 61 --out DIR
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.decomposition import FROM, TERMS, TO, observed, responders, split
from bayes.fit import FitConfig, fit
from bayes.quantities import SESSIONS
from bayes.tables import fit_tables
from orchestration.benchmarks.bayes import clinic_of
from simulate.cohort import generate
from simulate.scenario import load

MNAR = {"curve": "exponential", "noise": "constant", "drop_out": "mnar"}
WORLDS = {
    "replica": ("replica", None),
    "replica_mnar": ("replica", {"structure": MNAR}),
    "no_accumulation": ("no_accumulation", None),
    "saturated_by_4": ("saturated_by_4", None),
    "accumulation_only": ("accumulation_only", None),
}


def one_clinic(world, seed, replicate, draws):
    """Rows definition x term: estimate, interval and truth of one clinic."""
    name, changes = WORLDS[world]
    drawn = generate(load(name, changes), seed, replicate=replicate)
    sessions, patients = clinic_of(drawn)
    config = FitConfig(engine="marginal", marginal_draws=draws, cores=1, seed=replicate)
    found = fit(sessions, config, patients=patients)
    cohort = found.posterior.cohort
    table = fit_tables(found)["decomposition"]
    table = table[(table["delta_pct"] == 0) & table["term"].isin([*TERMS, "mean_4", "mean_15"])]
    true = drawn.batch.expected[0, cohort.patients.astype(int), : len(SESSIONS)]
    truth = []
    for definition, members in responders(cohort).items():
        seen, _ = observed(cohort, members)
        means = [true[members, session - 1].mean() for session in (FROM, TO)]
        terms = split(*seen, *means) | {"mean_4": means[0], "mean_15": means[1]}
        truth += [(definition, term, value) for term, value in terms.items()]
    truth = pd.DataFrame(truth, columns=["status_definition", "term", "truth_pct"])
    verdict = found.diagnosis
    return table.merge(truth, on=["status_definition", "term"]).assign(
        world=world, replicate=replicate, status=verdict.status, pareto_k=verdict.pareto_k,
        ess=verdict.ess_min,
    )  # fmt: skip


def summary(rows):
    """Bias and coverage by world, definition and term, with their Monte Carlo errors."""
    error = rows["mean_pct"] - rows["truth_pct"]
    inside = rows["truth_pct"].between(rows["q05_pct"], rows["q95_pct"])
    keyed = rows.assign(error=error, inside=inside, width=rows["q95_pct"] - rows["q05_pct"])
    by = keyed.groupby(["world", "status_definition", "term"], sort=False)
    n = by.size()
    return pd.DataFrame(
        {
            "clinics": n,
            "truth": by["truth_pct"].mean(),
            "bias": by["error"].mean(),
            "mcse": by["error"].std() / np.sqrt(n),
            "covered": by["inside"].mean(),
            "width": by["width"].mean(),
            "not_converged": by["status"].agg(lambda s: (s != "converged").sum()),
        }
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=10, help="of each world")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    files = []
    for replicate in range(asked.clinics):
        for world in asked.worlds:
            path = asked.out / f"{world}_{asked.seed}_{asked.draws}_{replicate:05d}.csv"
            files.append(path)
            if not path.exists():
                half = path.with_suffix(".part")
                one_clinic(world, asked.seed, replicate, asked.draws).to_csv(half, index=False)
                half.replace(path)
                print(path.name, flush=True)
    table = summary(pd.concat([pd.read_csv(path) for path in files]))
    table.to_csv(asked.out / "summary.csv")
    print(table.round(2).to_string())


if __name__ == "__main__":
    main()
