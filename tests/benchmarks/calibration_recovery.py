"""Recovery of known truth at full size, resumable: one CSV a trial, none is done twice.

python tests/benchmarks/calibration_recovery.py --trials 200 --each 1500 --seed 11 --out DIR
"""

import argparse
import pickle
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from simulate.calibration.prior import DECLARED
from simulate.calibration.recovery import coverage, first_look, trial
from simulate.calibration.targets import calibration_rows, target_hash, targets
from simulate.scenario import load


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--each", type=int, default=1500, help="prior clinics of a combination")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    chosen, scenario = targets(calibration_rows()), load("replica")
    priors = blake2b(DECLARED.read_bytes(), digest_size=4).hexdigest()
    design = f"{target_hash(chosen)}-{scenario.scenario_id}-{priors}-{asked.each}-{asked.seed}"
    folder = asked.out / design  # another design is another folder: nothing is mixed
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "look.pickle"
    if not kept.exists():
        print(f"simulating {asked.each} clinics of every combination", flush=True)
        kept.write_bytes(pickle.dumps(first_look(chosen, scenario, asked.each, asked.seed)))
    look = pickle.loads(kept.read_bytes())
    for number in range(asked.trials):
        path = folder / f"trial_{number:05d}.csv"
        if not path.exists():
            half = path.with_suffix(".part")
            trial(look, scenario, number, asked.seed).to_csv(half, index=False)
            half.replace(path)
            print(f"trial {number + 1} of {asked.trials}", flush=True)
    files = [folder / f"trial_{number:05d}.csv" for number in range(asked.trials)]
    table = coverage(pd.concat([pd.read_csv(path) for path in files]))
    table.to_csv(folder / "coverage.csv", index=False)
    print(table.groupby("level")[["share", "within", "within_all"]].mean().to_string())
    print(table[~table["within"]].to_string(index=False))


if __name__ == "__main__":
    main()
