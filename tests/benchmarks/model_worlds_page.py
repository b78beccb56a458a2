"""Calibration plots of the predictions that `model_worlds.py` has written, on one page.

python tests/benchmarks/model_worlds.py --world ensemble --clinics 50 --new 600 --out DIR
python tests/benchmarks/model_worlds_page.py DIR/ensemble-50-600-500-71 --out calibration.html
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.scoring import calibration_bands, ici, ici_if_true
from report.model_calibration import EVENTS, REPORTS, build

BINS = 10


def curves(told, rng):
    """Curve, counts and scores by event, group and landmark."""
    found = {}
    for (group, k), part in told.groupby(["group", "k"]):
        for event in EVENTS:
            p, y = part[f"p_{event}"].to_numpy(), part[event].to_numpy(bool)
            bands = calibration_bands(p, y, part["clinic"].to_numpy(), rng)
            n, edges = np.histogram(p, bins=2 * BINS, range=(0, 1))
            counts = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "n": n})
            said = {"ici": ici(p, y), "ici_if_true": ici_if_true(p, rng, 5), "n": len(p)}
            found[event, group, int(k)] = pd.DataFrame(bands), counts, said
    return found


def pits(told):
    """Histogram of PITs, and how many they are, by report and landmark."""
    found = {}
    for k, part in told.groupby("k"):
        for report in REPORTS:
            known = part.dropna(subset=[f"pit_{report}"])
            if known.empty:
                continue
            place = np.minimum((known[f"pit_{report}"] * BINS).astype(int), BINS - 1)
            by = pd.crosstab(known["clinic"], place).reindex(columns=range(BINS), fill_value=0)
            size = by.sum(axis=1).to_numpy()[:, None]
            share = by.sum(axis=0).to_numpy() / size.sum()
            off, n = by.to_numpy() - share * size, len(by)
            error = np.sqrt(n / max(n - 1, 1) * (off**2).sum(axis=0)) / size.sum()
            left = np.arange(BINS) / BINS
            bins = {"left": left, "right": left + 1 / BINS, "share": BINS * share}
            bins |= {"low": BINS * (share - 2 * error), "high": BINS * (share + 2 * error)}
            found[report, int(k)] = pd.DataFrame(bins), len(known)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="what model_worlds.py wrote: clinic_*/")
    parser.add_argument("--table", default="predictions", help="or predictions_true")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    paths = sorted(asked.folder.glob(f"clinic_*/{asked.table}.parquet"))
    if not paths:
        parser.error(f"{asked.folder} holds no clinic_*/{asked.table}.parquet: run model_worlds.py")
    told = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    world, _, new, draws, seed = asked.folder.resolve().name.split("-")
    basis = (
        f"{len(paths)} simulated clinics, world {world}, {new} new patients a clinic, {draws} draws"
        f" a fit, seed {seed}"
    )
    page = build(curves(told, np.random.default_rng(int(seed))), pits(told), basis)
    asked.out.write_text(page, encoding="utf-8")
    print(asked.out)


if __name__ == "__main__":
    main()
