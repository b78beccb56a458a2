"""Benchmark of the simulator: numbers at an address, cohorts, rows with all features, a file.

CPU seconds of one thread, so that other work on the machine counts less.
"""

from collections.abc import Callable
from hashlib import sha256
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from orchestration.benchmarks import Measured, Say

N_PATIENTS, HORIZON = 193, 15
FEATURES = (
    *("recorded", "latent", "expected", "truth", "covariates", "calendar", "surgery"),
    "demography",
)
N_NUMBERS = 4_000_000
FILE_PATIENTS = 2000


def run(say: Say) -> list[Measured]:
    """Measure the generator beside NumPy's normal numbers, best of three."""
    from simulate.batch import draw
    from simulate.parameters import of_scenario
    from simulate.scenario import load

    replica = of_scenario(load("replica"))
    say("compiling")
    for what in (("recorded", "latent"), FEATURES):
        draw(replica, 1, 20, N_PATIENTS, HORIZON, what)
    say("NumPy's normal numbers")
    stream = np.random.Generator(np.random.Philox(1))
    normals = _rate(N_NUMBERS, lambda: stream.standard_normal(N_NUMBERS))
    say("normal numbers at their addresses")
    ours = _rate(N_NUMBERS, lambda: _scores(N_NUMBERS))
    say("cohorts")
    cohorts = _rate(1000, lambda: draw(replica, 1, 1000, N_PATIENTS, HORIZON))
    say("rows with all features")
    size = 200 * N_PATIENTS * HORIZON
    rows = _rate(size, lambda: draw(replica, 1, 200, N_PATIENTS, HORIZON, FEATURES))
    say("rows of a file")
    in_file, by_pandas = _files()
    per_number = f"{100 * rows / ours:.0f} % of the rate of our random normal numbers alone"
    return [
        Measured("normal numbers by address", ours, "/s", "numpy Philox", normals),
        Measured(
            f"cohorts of {N_PATIENTS} x {HORIZON}: curves, reports, drop-out",
            cohorts, "cohorts/s", goal=15_000,
        ),
        Measured(
            "patient-sessions with all features but NPSI", rows, "/s", goal=5e6, note=per_number
        ),
        Measured(
            "session rows to the bytes of a file, with its hash", in_file, "rows/s", goal=200_000,
            note=f"pandas joins cells that are text already at {by_pandas:,.0f} rows/s",
        ),
    ]  # fmt: skip


def _files() -> tuple[float, float]:
    """Rows a second from a drawn clinic to a file's bytes; and of pandas, from text."""
    from simulate import text
    from simulate.cohort import generate
    from simulate.deliveries import plan
    from simulate.rows import session_rows
    from simulate.scenario import load
    from simulate.writing import draw_writing

    cohort = generate(load("replica"), 1, n_patients=FILE_PATIENTS)
    writing, delivery = draw_writing(cohort, 1), plan(1, cohort.scenario.clinic.emcs_end)[0]
    rows = session_rows(cohort, writing)
    names = delivery.header("sessions")
    cells = {name: rows.column(name).cast("large_string").to_pylist() for name in rows.column_names}
    frame = pd.DataFrame(cells)

    def whole() -> str:
        made = session_rows(cohort, writing)
        return sha256(text.csv_bytes(names, made, delivery.encoding)).hexdigest()

    ours = _rate(rows.num_rows, whole)
    return ours, _rate(rows.num_rows, lambda: frame.to_csv(None, sep=";", index=False))


def _rate(n: int, work: Callable[[], Any]) -> float:
    best = np.inf
    for _ in range(3):
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return n / float(best)


def _scores(n: int) -> Any:
    from simulate.engine.numbers import normal_sum

    return normal_sum((np.uint64(1), np.uint64(2)), n)
