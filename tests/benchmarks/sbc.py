"""Simulation-based calibration of either engine, resumable: one CSV a fit, none done twice.

python tests/benchmarks/sbc.py --fits 1000 --seed 7 --out DIR
python tests/benchmarks/sbc.py --fits 50 --seed 7 --noise-factor 1.3 --out DIR    (a wrong model)
python tests/benchmarks/sbc.py --engine nuts --fits 100 --draws 1500 --seed 7 --out DIR

Several processes may share the fits: --shard 0/2 does the even numbers, --shard 1/2 the odd ones,
and whichever finds all of them done judges.
"""

import argparse
from pathlib import Path

import pandas as pd

from bayes.sbc import one_fit, uniformity


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--sessions", type=int, default=12)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--noise-factor", type=float, default=1.0, help="not 1: a wrong model")
    parser.add_argument("--engine", choices=("marginal", "nuts"), default="marginal")
    parser.add_argument("--shard", default="0/1", help="number/of: the fits that this process does")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    size = f"{asked.patients}x{asked.sessions}-{asked.draws}-{asked.noise_factor}-{asked.seed}"
    size += "-nuts" if asked.engine == "nuts" else ""
    folder = asked.out / size  # another design is another folder: nothing is mixed
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"fit_{number:05d}.csv" for number in range(asked.fits)]
    shard, shards = (int(part) for part in asked.shard.split("/"))
    for number, path in enumerate(files):
        if path.exists() or number % shards != shard:
            continue
        rows = one_fit(
            number, asked.seed, n_patients=asked.patients, n_sessions=asked.sessions,
            draws=asked.draws, noise_factor=asked.noise_factor, engine=asked.engine,
        )  # fmt: skip
        half = path.with_suffix(".part")
        rows.to_csv(half, index=False)
        half.replace(path)
        if number % 20 == 19:
            print(f"fit {number + 1} of {asked.fits}", flush=True)
    if not all(path.exists() for path in files):
        print("other shards are not done yet")
        return
    ranks = pd.concat([pd.read_csv(path) for path in files])
    fits = ranks.drop_duplicates("number")
    print(f"{len(fits)} fits, {(fits['status'] != 'converged').sum()} failed the gate")
    for name, kept in (("all", ranks), ("passed", ranks[ranks["status"] == "converged"])):
        table = uniformity(kept)
        table.to_csv(folder / f"uniformity_{name}.csv", index=False)
        print(name, table.round(4).to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()
