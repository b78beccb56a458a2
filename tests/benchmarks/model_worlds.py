"""Does the relief model hold in worlds whose truth is known? Coverage and predictions, resumable.

Worlds: `ensemble`, equal parts of the calibrated ensemble of the simulator, each a clinic of the
published size; or `own`, cohorts of the model itself, where intervals must hold. Every clinic is
fitted once. Its intervals are held to each patient's truth; then patients of the same world that
the fit has not seen are predicted after k sessions. One folder a clinic, none is done twice.

python tests/benchmarks/model_worlds.py --world ensemble --clinics 50 --seed 71 --out DIR
python tests/benchmarks/model_worlds.py --world own --clinics 50 --seed 71 --out DIR
python tests/benchmarks/model_worlds.py --world ensemble --clinics 400 --new 0 --out DIR
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from worlds_drawn import ensemble_world, own_world
from worlds_judged import LEVELS, coverage, population_rows, predictions
from worlds_told import coverage_table, pit_table, prediction_table

from bayes.fit import FitConfig, fit
from bayes.predict import Population
from bayes.replicate import covariates


def one_clinic(folder, world, number, asked):
    """Fit one clinic, judge it, and write its tables."""
    make = {"ensemble": ensemble_world, "own": own_world}[world]
    clinic, new = make(number, asked.clinics, asked.seed, asked.new)
    config = FitConfig(engine="marginal", marginal_draws=asked.draws, cores=1, seed=number)
    found = fit(clinic.sessions, config, patients=clinic.patients)
    verdict = found.diagnosis
    common = {"clinic": number, "family": clinic.family, "status": verdict.status,
              "pareto_k": verdict.pareto_k, "ess": verdict.ess_min}  # fmt: skip
    tables = {"patients": coverage(found, clinic), "population": population_rows(found, clinic)}
    if new is not None:
        population = Population(found.posterior.scores[0], found.posterior.covariates)
        rng = np.random.default_rng([asked.seed, number, 5])
        tables["predictions"] = predictions(population.thinned(asked.population), new, rng)
        if new.scores is not None:
            true = Population(np.repeat(new.scores[None], asked.population, 0), covariates())
            tables["predictions_true"] = predictions(true, new, rng)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.assign(**common).to_parquet(folder / f"{name}.parquet")
    (folder / "done").touch()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", choices=["ensemble", "own"], default="ensemble")
    parser.add_argument("--clinics", type=int, default=50)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of clinics to run, else all")
    parser.add_argument("--new", type=int, default=1000, help="new patients a clinic, 0: none")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--population", type=int, default=30, help="population draws a prediction")
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    base = asked.out / f"{asked.world}-{asked.clinics}-{asked.new}-{asked.draws}-{asked.seed}"
    for number in asked.only or range(asked.clinics):
        folder = base / f"clinic_{number:04d}"
        if not (folder / "done").exists():
            one_clinic(folder, asked.world, number, asked)
            print(folder.name, flush=True)
    summaries(base, asked)


def summaries(base, asked):
    """Write and print the tables over all clinics."""
    rng = np.random.default_rng([asked.seed, 9])
    read = {
        name: pd.concat(
            [pd.read_parquet(path) for path in sorted(base.glob(f"clinic_*/{name}.parquet"))]
        )
        for name in ("patients", "population", "predictions", "predictions_true")
        if list(base.glob(f"clinic_*/{name}.parquet"))
    }
    fits = read["population"].drop_duplicates("clinic")
    print(f"{len(fits)} fits, {(fits['status'] != 'converged').sum()} failed the gate")
    tables = {"coverage": coverage_table(read["patients"])}
    tables["coverage_population"] = pd.DataFrame([
        {"quantity": name, "clinics": len(part), "bias": (part["mean"] - part["truth"]).mean()}
        | {f"cov_{level}": 100 * part[f"in_{level}"].mean() for level in LEVELS}
        for name, part in read["population"].groupby("quantity", sort=False)
    ])  # fmt: skip
    for name in ("predictions", "predictions_true"):
        if name in read:
            tables[name] = prediction_table(read[name], rng)
            tables[f"{name}_pit"] = pit_table(read[name])
    for name, table in tables.items():
        table.to_csv(base / f"{name}.csv", index=False)
        print(name, table.round(3).to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()
