"""The marginal engine against long NUTS chains on the same clinic, resumable: a file a run.

Means of the population in posterior SDs, ratios of SDs, ratios of the patients' 90 % plateau
widths; each with its Monte Carlo error. NUTS runs until its effective size is what is asked.

python tests/benchmarks/engines_agree.py --sessions 30 --runs 8 --out DIR
python tests/benchmarks/engines_agree.py --sessions 4 --runs 8 --out DIR
"""

import argparse
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.fit import FitConfig, fit
from bayes.nuts import sample
from bayes.parameters import NAMES
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, plateau_pct
from orchestration.benchmarks.bayes import clinic

CHAINS, TUNE, THIN = 2, 800, 5


def one_run(cohort, covariates, number, draws):
    """Return population scores (chains, draws, size) and thinned plateaus of one run of NUTS."""
    found = sample(
        cohort, covariates, draws=draws, tune=TUNE, chains=CHAINS, cores=1, target_accept=0.85,
        seed=1000 + number,
    )  # fmt: skip
    thin = found.effects[:, ::THIN], found.natural[:, ::THIN]
    plateau = [
        plateau_pct(mean_reports(natural, effects, SESSIONS))
        for effects, natural in zip(*thin, strict=True)
    ]
    return {
        "scores": found.scores, "plateau": np.stack(plateau).astype(np.float32),
        "diverging": found.stats["diverging"].sum(),
    }  # fmt: skip


def effective(draws):
    """Return the bulk effective size of every column, shape (chains, draws, columns)."""
    data = xr.Dataset({"x": (("chain", "draw", "column"), draws)})
    return az.ess(data, method="bulk")["x"].to_numpy()


def compared(names, reference, ess, found, found_ess):
    """Rows by parameter: difference of means in SDs, ratio of SDs, and their errors."""
    flat = reference.reshape(-1, reference.shape[-1])
    sd = flat.std(axis=0)
    return pd.DataFrame({
        "term": names, "ess_nuts": ess,
        "mean_in_sd": (found.mean(axis=0) - flat.mean(axis=0)) / sd,
        "mean_mcse": np.sqrt(1 / ess + 1 / found_ess),
        "sd_ratio": found.std(axis=0) / sd,
        "sd_mcse": np.sqrt(1 / (2 * ess) + 1 / (2 * found_ess)),
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, help="of each patient at most")
    parser.add_argument("--runs", type=int, default=8, help=f"of {CHAINS} chains")
    parser.add_argument("--draws", type=int, default=5000, help="of each chain")
    parser.add_argument("--marginal-draws", type=int, default=8000)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    folder = asked.out / f"sessions_{asked.sessions}-{asked.draws}"
    folder.mkdir(parents=True, exist_ok=True)
    sessions, patients = clinic()
    sessions = sessions[sessions["session_no"] <= asked.sessions]
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    for number in range(asked.runs):
        path = folder / f"nuts_{number:02d}.npz"
        if not path.exists():
            half = path.with_suffix(".part.npz")
            np.savez(half, **one_run(cohort, covariates, number, asked.draws))
            half.replace(path)
            print(path.name, flush=True)
    runs = [np.load(path) for path in sorted(folder.glob("nuts_??.npz"))]
    scores = np.concatenate([run["scores"] for run in runs])
    plateau = np.concatenate([run["plateau"] for run in runs])
    config = FitConfig(engine="marginal", marginal_draws=asked.marginal_draws, cores=1)
    found = fit(sessions, config, patients=patients)
    n = found.diagnosis.ess_min
    names = [*NAMES, *covariates.labels]
    r_hat = az.rhat(xr.Dataset({"x": (("chain", "draw", "column"), scores)}))["x"].to_numpy()
    table = compared(names, scores, effective(scores), found.posterior.scores[0], n)
    table = table.assign(r_hat=r_hat)
    table.to_csv(folder / "population.csv", index=False)
    print(found.diagnosis.reason, f"{sum(int(r['diverging']) for r in runs)} divergent draws")
    print(table.round(3).to_string(index=False))
    mine = plateau_pct(found.posterior.mean_reports(SESSIONS))
    ends = [np.quantile(x.reshape(-1, x.shape[-1]), [0.05, 0.95], axis=0) for x in (plateau, mine)]
    width = [high - low for low, high in ends]
    ratio = width[1] / width[0]
    ess = effective(plateau)
    print(f"plateaus: ESS {ess.min():.0f} at least, {np.median(ess):.0f} median; ratio of widths "
          f"median {np.median(ratio):.3f}, 95 % of |ratio - 1| below "
          f"{np.quantile(np.abs(ratio - 1), 0.95):.3f}")  # fmt: skip
    columns = {"ess": ess, "width_nuts": width[0], "width_marginal": width[1]}
    pd.DataFrame({"patient": cohort.patients} | columns).to_csv(
        folder / "plateaus.csv", index=False
    )


if __name__ == "__main__":
    main()
