"""Trials simulated and analysed in a second of one core, beside statsmodels, lmerTest and simr.

One trial: 193 patients, four sessions, drop-out that depends on the last report, random intercept.
Ours draws, drops out, fits by REML and takes Satterthwaite's degrees of freedom; statsmodels and
lmerTest are only asked to fit trials that were drawn for them. Rates are per CPU second.
"""

import csv
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from classical.batched.mixed import fit
from classical.batched.trials import DropOut, Trial, analyse, seeded, simulate
from orchestration.benchmarks import Measured, Say

TRIAL = Trial(
    193, (1.0, 2.0, 3.0, 4.0), intercept=5, slope=5, tau=20, sigma=18, drop_out=DropOut(-2.5, -0.01)
)
SEED, N, N_PEER, REPEATS = 20261126, 25_600, 20, 5
UNIT = "trials per CPU second"
TASK = "193 x 4: simulate, drop-out, REML, Satterthwaite"
GOALS = {"statsmodels": 5000.0, "lmerTest": 1000.0, "simr": 2500.0}


def run(say: Say) -> list[Measured]:
    """Measure ours and every peer that is installed."""
    say("compiling, or taking what an earlier run compiled")
    started = time.perf_counter()
    analyse(TRIAL, seeded(SEED), 256)
    first = time.perf_counter() - started
    say(f"first call {first:.1f} s; {REPEATS} times {N:,} trials on one core")
    ours = max(N / _cpu(lambda: analyse(TRIAL, seeded(SEED), N)) for _ in range(REPEATS))
    drawn = max(N / _cpu(lambda: _draw(N)) for _ in range(REPEATS))
    measured = [
        Measured(
            TASK, ours, UNIT, goal=30_000, note=f"best of {REPEATS}; first call {first:.1f} s"
        ),
        Measured(TASK, ours, UNIT, "random numbers alone", drawn),
        _two_cores(say),
        _robust(say),
    ]
    return measured + [
        Measured(TASK, ours, UNIT, name, rate, GOALS[name], note)
        for name, (rate, note) in peers(say).items()
    ]


def peers(say: Say) -> dict[str, tuple[float | None, str]]:
    """Return trials a CPU second of every peer, or None, and what to know of it."""
    outcomes = simulate(TRIAL, seeded(SEED), N_PEER)
    say(f"statsmodels: {N_PEER} trials")
    looped = _statsmodels(outcomes), "fits by Powell; L-BFGS fails on such data"
    return {"statsmodels": looped} | _in_r(outcomes, say)


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _draw(n: int) -> None:
    """Take the normal and uniform numbers that n trials need."""
    normal = np.empty((256, TRIAL.n_patients, len(TRIAL.sessions) + 1))
    uniform = np.empty((256, TRIAL.n_patients))
    for block in range(n // 256):
        stream = seeded(SEED)(block)
        stream.standard_normal(out=normal)
        stream.random(out=uniform)


def _two_cores(say: Say) -> Measured:
    """Wall time of two threads against one, turn by turn, best of each."""
    say("two cores against one")
    best = {1: 0.0, 2: 0.0}
    for _ in range(REPEATS):
        for workers in best:
            started = time.perf_counter()
            analyse(TRIAL, seeded(SEED), N, workers=workers)
            best[workers] = max(best[workers], N / (time.perf_counter() - started))
    return Measured(
        TASK, best[2], "trials per second, two cores", "one core", best[1], 1.8, "wall time"
    )


def _statsmodels(outcomes: NDArray[np.float64]) -> float:
    """Fits a CPU second, estimates equal to ours."""
    import statsmodels.api as sm

    ours, design = fit(outcomes, TRIAL.design()), TRIAL.design()
    spent = 0.0
    for k, y in enumerate(outcomes):
        i, j = np.nonzero(np.isfinite(y))
        model = sm.MixedLM(y[i, j], design[i, j], groups=i)
        started = time.process_time()
        found = model.fit(reml=True, method=["powell"])
        spent += time.process_time() - started
        if not np.allclose(found.fe_params, ours.estimate[k], rtol=1e-4):
            raise ArithmeticError("statsmodels and the batched engine disagree on a slope.")
    return len(outcomes) / spent


def repeated(n_trials: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return trials of 120 x 6, one report in ten missing, and a mean for every arm and session."""
    rng = np.random.default_rng(SEED)
    level = 10 * rng.standard_normal((n_trials, 120, 1))
    y = 20 + level + 8 * rng.standard_normal((n_trials, 120, 6))
    y[rng.random(y.shape) < 0.1] = np.nan
    common = np.hstack([np.ones((6, 1)), np.eye(6)[:, :-1]])
    arms = [np.hstack([common, g * common]) for g in (0.0, 1.0)]
    return y, np.stack([arms[i % 2] for i in range(120)])


def _robust(say: Say) -> Measured:
    """Cluster-robust errors of one effect beside the model's own."""
    y, x = repeated(2000)
    say(f"{len(y)} fits with cluster-robust errors")

    def rate(robust: bool) -> float:
        fit(y[:2], x, robust=robust)  # compile
        work = partial(fit, y, x, robust=robust, effects=(6,))
        return max(len(y) / _cpu(work) for _ in range(REPEATS))

    task = "120 x 6, 12 columns: REML, CR2 of one effect"
    return Measured(task, rate(True), "fits per CPU second", "the model's own errors", rate(False))


def _in_r(outcomes: NDArray[np.float64], say: Say) -> dict[str, tuple[float | None, str]]:
    """Trials a CPU second of R's packages; None with the reason where they are not installed."""
    r = shutil.which("Rscript")
    if r is None:
        return dict.fromkeys(("lmerTest", "simr"), (None, "Rscript is not installed"))
    say(f"R: {len(outcomes)} trials")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trials.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(["id", "patient", "session", "y"])
            for k, i, j in np.argwhere(np.isfinite(outcomes)):
                lines.writerow([k, i, TRIAL.sessions[j], repr(float(outcomes[k, i, j]))])
        script = str(files("orchestration.benchmarks") / "peers.R")
        done = subprocess.run(
            [r, "--vanilla", script, str(path)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return dict.fromkeys(("lmerTest", "simr"), (None, f"R ended with {done.returncode}"))
    told = json.loads(done.stdout.strip().splitlines()[-1])
    absent = "the R package is not installed"
    return {name: (rate, "" if rate else absent) for name, rate in told.items()}
