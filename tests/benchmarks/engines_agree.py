"""The marginal engine against long NUTS chains on the same clinic, resumable: a file a run.

Means of the population in posterior SDs, ratios of SDs, ratios of the patients' 90 % plateau
widths; each with its Monte Carlo error. Every run adds chains of its own seed and tuning, so that
a reference grows until its effective size is what is asked. The folder is named by the model's
code: runs of two models are never mixed.

python tests/benchmarks/engines_agree.py --sessions 4 --runs 25 --out DIR
python tests/benchmarks/engines_agree.py --sessions 30 --runs 12 --out DIR
"""

import argparse
import time
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.fit import FitConfig, fit
from bayes.nuts import compiled_model, sample
from bayes.parameters import NAMES
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, plateau_pct
from orchestration.benchmarks.bayes import clinic
from orchestration.model_store import model_code

CHAINS, TUNE, THIN = 2, 400, 4
SEED = 1000
ENDS = [0.05, 0.95]


def one_run(cohort, covariates, compiled, number, draws):
    """Return scores (chains, draws, size) and thinned plateaus of one run of NUTS."""
    began = time.process_time()
    found = sample(
        cohort, covariates, draws=draws, tune=TUNE, chains=CHAINS, cores=1,
        target_accept=FitConfig.target_accept, seed=SEED + number, compiled=compiled,
    )  # fmt: skip
    seconds = time.process_time() - began
    thin = found.natural[:, ::THIN], found.effects[:, ::THIN]
    plateau = [plateau_pct(mean_reports(*chain, SESSIONS)) for chain in zip(*thin, strict=True)]
    return {
        "scores": found.scores, "plateau": np.stack(plateau).astype(np.float32),
        "diverging": found.stats["diverging"].sum(), "steps": found.stats["n_steps"].sum(),
        "seconds": seconds,
    }  # fmt: skip


def judged(draws):
    """Bulk effective size, R-hat and relative error of the SD of every column of chains."""
    data = xr.Dataset({"x": (("chain", "draw", "column"), draws)})
    sd = draws.reshape(-1, draws.shape[-1]).std(axis=0)
    found = az.ess(data, method="bulk"), az.rhat(data), az.mcse(data, method="sd")
    ess, r_hat, error = (x["x"].to_numpy() for x in found)
    return ess, r_hat, error / sd


def compared(names, reference, found, n_found):
    """Rows by parameter: difference of means in SDs, ratio of SDs, and their errors."""
    ess, r_hat, sd_error = judged(reference)
    flat = reference.reshape(-1, reference.shape[-1])
    sd = flat.std(axis=0)
    bent = ((found - found.mean(axis=0)) ** 4).mean(axis=0) / found.var(axis=0) ** 2
    return pd.DataFrame({
        "term": names, "ess_nuts": ess, "r_hat": r_hat,
        "mean_in_sd": (found.mean(axis=0) - flat.mean(axis=0)) / sd,
        "mean_mcse": np.sqrt(1 / ess + 1 / n_found),
        "sd_ratio": found.std(axis=0) / sd,
        "sd_mcse": np.sqrt(sd_error**2 + (bent - 1) / (4 * n_found)),
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, help="of each patient at most")
    parser.add_argument(
        "--runs", type=int, default=8, help=f"of {CHAINS} chains; 0: those there are"
    )
    parser.add_argument("--draws", type=int, default=4000, help="of each chain")
    parser.add_argument("--marginal-draws", type=int, default=8000)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    folder = asked.out / f"sessions_{asked.sessions}-{asked.draws}-{model_code()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    sessions, patients = clinic()
    sessions = sessions[sessions["session_no"] <= asked.sessions]
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    compiled = None
    for number in range(asked.runs):
        path = folder / f"nuts_{number:02d}.npz"
        if not path.exists():
            compiled = compiled or compiled_model(cohort, covariates, SEED)
            half = path.with_suffix(".part.npz")
            np.savez(half, **one_run(cohort, covariates, compiled, number, asked.draws))
            half.replace(path)
            print(path.name, flush=True)
    runs = [np.load(path) for path in sorted(folder.glob("nuts_??.npz"))]
    scores = np.concatenate([run["scores"] for run in runs])
    plateau = np.concatenate([run["plateau"] for run in runs])
    config = FitConfig(engine="marginal", marginal_draws=asked.marginal_draws, cores=1)
    found = fit(sessions, config, patients=patients)
    names = [*NAMES, *covariates.labels]
    table = compared(names, scores, found.posterior.scores[0], found.diagnosis.ess_min)
    table.to_csv(folder / "population.csv", index=False)
    divergent, steps, seconds = (
        sum(float(run[name]) for run in runs) for name in ("diverging", "steps", "seconds")
    )
    print(
        f"{len(scores)} chains of {scores.shape[1]}: {divergent:.0f} divergent draws, "
        f"{steps / scores[..., 0].size:.1f} slopes a draw, {seconds:.0f} CPU seconds; worst "
        f"quantity {1000 * table['ess_nuts'].min() / scores[..., 0].size:.0f} effective of 1,000, "
        f"{table['ess_nuts'].min() / seconds:.1f} a CPU second"
    )
    print(f"marginal: {found.diagnosis.reason}")
    print(table.round(3).to_string(index=False))
    mine = plateau_pct(found.posterior.mean_reports(SESSIONS))
    ends = [np.quantile(x.reshape(-1, x.shape[-1]), ENDS, axis=0) for x in (plateau, mine)]
    width = [high - low for low, high in ends]
    ratio = width[1] / width[0]
    ess = judged(plateau.astype(float))[0]
    print(f"plateaus: ESS {ess.min():.0f} at least, {np.median(ess):.0f} median; ratio of widths "
          f"median {np.median(ratio):.3f}, 95 % of |ratio - 1| below "
          f"{np.quantile(np.abs(ratio - 1), 0.95):.3f}")  # fmt: skip
    columns = {"ess": ess, "width_nuts": width[0], "width_marginal": width[1]}
    pd.DataFrame({"patient": cohort.patients} | columns).to_csv(
        folder / "plateaus.csv", index=False
    )


if __name__ == "__main__":
    main()
