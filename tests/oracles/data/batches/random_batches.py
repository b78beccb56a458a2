"""Random two-by-two tables and samples for rank tests, ties, zeros and separation among them.

    python tests/oracles/data/batches/random_batches.py FOLDER

writes tables.csv and samples.csv, which `batches.R` gives to R's own tests.
"""

import sys
from pathlib import Path

import numpy as np

SEED, N_TABLES, N_SAMPLES = 20261126, 600, 400
MISSING = 0.1


def tables():
    """Counts (4, 600): events and total of group a, of group b; a fifth have an empty cell."""
    rng = np.random.default_rng([SEED, 0])
    total_a, total_b = rng.integers(1, 220, (2, N_TABLES))
    share_a, share_b = rng.choice([0.0, 0.02, 0.3, 0.5, 0.8, 1.0], (2, N_TABLES))
    return np.stack(
        [rng.binomial(total_a, share_a), total_a, rng.binomial(total_b, share_b), total_b]
    )


def samples():
    """Two groups (400, 60), NaN for missing: no ties, rounded, in heaps, or nearly all the same."""
    rng = np.random.default_rng([SEED, 1])
    a, b = rng.normal(0, 10, (2, N_SAMPLES, 60))
    b += 4
    step = np.arange(N_SAMPLES) % 4  # 0: as drawn, no ties
    for width in (1, 2, 3):
        heaps = 10.0 ** (width - 1)
        chosen = step == width
        a[chosen], b[chosen] = (np.round(x[chosen] / heaps) * heaps for x in (a, b))
    size_a, size_b = rng.integers(1, 61, (2, N_SAMPLES, 1))
    place = np.arange(60)
    for values, size in ((a, size_a), (b, size_b)):
        absent = rng.random(values.shape) < MISSING
        absent[:, 0] = False
        values[absent | (place >= size)] = np.nan
    return a, b


def write(folder):
    folder = Path(folder)
    np.savetxt(folder / "tables.csv", tables().T, "%d", ",")
    with (folder / "samples.csv").open("w", encoding="utf-8") as file:
        file.write("id,group,value\n")
        for group, values in zip("ab", samples(), strict=True):
            for k, j in np.argwhere(np.isfinite(values)):
                file.write(f"{k},{group},{float(values[k, j])!r}\n")


if __name__ == "__main__":
    write(sys.argv[1])
