"""What modelling the stops is worth: the same clinics with stops modelled and with stops ignored.

Worlds: stops that follow the hidden mean of the last three latent states (`mnar`), a logistic
law that is not the model's own, or the last three reports (`mar`). Ignored: the model is told
nothing of what followed a session, so that a patient's later reports are missing at random given
the earlier ones. Truth: what each patient would have reported had none stopped. One CSV a clinic,
none is done twice.

python tests/benchmarks/joint_worth.py --clinics 20 --seed 83 --out DIR
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.fit import FitConfig, fit
from bayes.quantities import SESSIONS, plateau_pct
from orchestration.benchmarks.bayes import clinic_of
from simulate.cohort import generate
from simulate.scenario import load

STRUCTURE = {"curve": "exponential", "noise": "constant"}
LATE = 15
FITS = ("modelled", "ignored")


def one_clinic(drop_out, seed, replicate, draws):
    """Rows fit x patients x quantity: mean of the estimates and of the truth."""
    world = load("replica", {"structure": STRUCTURE | {"drop_out": drop_out}})
    drawn = generate(world, seed, replicate=replicate)
    sessions, patients = clinic_of(drawn)
    rows = []
    for stops in FITS:
        told = patients if stops == "modelled" else patients.drop(columns="stop_reason")
        config = FitConfig(engine="marginal", marginal_draws=draws, cores=1, seed=replicate)
        found = fit(sessions, config, patients=told)
        cohort = found.posterior.cohort
        true = drawn.batch.expected[0][cohort.patients.astype(int), : len(SESSIONS)].astype(float)
        course = found.posterior.mean_reports(SESSIONS)
        stopped = patients.set_index("patient_id").loc[cohort.patients]
        is_lost = (stopped["stop_reason"] == "loss_of_efficacy").to_numpy()
        long = is_lost & (cohort.n_sessions > 4)
        for name, members in {"all": ~np.zeros_like(is_lost), "lost after 4": long}.items():
            rows += [
                {
                    "drop_out": drop_out, "replicate": replicate, "stops": stops, "of": name,
                    "n": int(members.sum()), "status": found.diagnosis.status, **row,
                }
                for row in compared(course[:, members], true[members])
            ]  # fmt: skip
    return pd.DataFrame(rows)


def compared(course, true):
    """Yield by quantity the mean estimate and truth, and the share of 90 % intervals that hold."""
    pairs = {
        f"mean_{LATE}": (course[..., LATE - 1], true[:, LATE - 1]),
        "plateau": (plateau_pct(course), plateau_pct(true)),
    }
    for quantity, (draws, truth) in pairs.items():
        low, high = np.quantile(draws, (0.05, 0.95), axis=0)
        low_mean, high_mean = np.quantile(draws.mean(axis=1), (0.05, 0.95))
        yield {
            "quantity": quantity, "mean": draws.mean(), "truth": truth.mean(),
            "square": float(((draws.mean(axis=0) - truth) ** 2).mean()),
            "held": float(((low <= truth) & (truth <= high)).mean()),
            "mean_held": float(low_mean <= truth.mean() <= high_mean),
        }  # fmt: skip


def summary(rows):
    """Bias, root mean square error of patients and coverage, and the paired gain, with MCSE."""
    keyed = rows.assign(bias=rows["mean"] - rows["truth"], rmse=np.sqrt(rows["square"]))
    keys = ["drop_out", "of", "quantity"]
    table = keyed.groupby([*keys, "stops"]).agg(
        clinics=("bias", "size"), truth=("truth", "mean"), bias=("bias", "mean"),
        mcse=("bias", lambda x: x.std() / np.sqrt(len(x))), rmse=("rmse", "mean"),
        held=("held", "mean"), mean_held=("mean_held", "mean"),
    )  # fmt: skip
    wide = keyed.pivot_table(index=[*keys, "replicate"], columns="stops", values="rmse")
    gain = (wide["ignored"] - wide["modelled"]).groupby(keys)
    return table, pd.DataFrame(
        {"less_rmse": gain.mean(), "mcse": gain.std() / np.sqrt(gain.size())}
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=20, help="of each law of stopping")
    parser.add_argument("--draws", type=int, default=250)
    parser.add_argument("--seed", type=int, default=83)
    parser.add_argument("--drop-out", nargs="+", choices=["mnar", "mar"], default=["mnar", "mar"])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    files = []
    for replicate in range(asked.clinics):
        for law in asked.drop_out:
            path = asked.out / f"{law}_{asked.seed}_{asked.draws}_{replicate:05d}.csv"
            files.append(path)
            if not path.exists():
                half = path.with_suffix(".part")
                one_clinic(law, asked.seed, replicate, asked.draws).to_csv(half, index=False)
                half.replace(path)
                print(path.name, flush=True)
    for table in summary(pd.concat([pd.read_csv(path) for path in files])):
        print(table.round(2).to_string())


if __name__ == "__main__":
    main()
