"""1,000 random designs of repeated measures: unbalanced, with drop-out, holes and tau near 0.

Run with a path it writes one row an observation, which `designs.R` fits with lme4 and lmerTest.
"""

import sys
from pathlib import Path

import numpy as np

SEED, N_DESIGNS = 20261126, 1000


def designs():
    """Yield (outcome (patients, sessions) with NaN, session numbers, group (patients,) or None)."""
    for k in range(N_DESIGNS):
        rng = np.random.default_rng([SEED, k])
        patients, sessions = int(rng.integers(8, 61)), int(rng.integers(3, 8))
        at = np.cumsum(rng.integers(1, 4, sessions)).astype(float)
        group = (np.arange(patients) % 3 == 0).astype(float) if k % 2 else None
        tau, sigma = rng.choice([0.0, 2.0, 10.0, 25.0]), rng.uniform(3, 20)
        slope = rng.normal(0, 3) + (0 if group is None else rng.normal(0, 3) * group[:, None])
        level = rng.uniform(-50, 50) + rng.normal(0, 1, (patients, 1)) * tau
        y = level + slope * at + rng.normal(0, 1, (patients, sessions)) * sigma
        stop = rng.uniform(0, 0.3)
        stopped = np.cumsum(rng.random((patients, sessions - 1)) < stop, axis=1) > 0
        hole = rng.random((patients, sessions)) < rng.choice([0.0, 0.1])
        hole[:, 1:] |= stopped
        hole[:4] = False  # so that every design carries its model
        yield np.where(hole, np.nan, np.round(y, 3)), at, group


def write(path):
    with Path(path).open("w", encoding="utf-8") as file:
        file.write("id,effects,patient,session,group,y\n")
        for k, (y, at, group) in enumerate(designs()):
            for i, j in np.argwhere(np.isfinite(y)):
                member = 0 if group is None else int(group[i])
                effects = 2 if group is None else 4
                file.write(f"{k},{effects},{i},{at[j]:.0f},{member},{y[i, j]:.3f}\n")


if __name__ == "__main__":
    write(sys.argv[1])
