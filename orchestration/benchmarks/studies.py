"""Benchmark of the studies: cohorts through every cell, trials through an analysis, workers.

CPU seconds where one thread works, wall seconds where several do (`workers.py`); each pair in one
run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.benchmarks import Measured, Say, classical, workers

REPLICATES = 256
TRIALS = 10_000
NINE_TRUTHS = [
    {"name": name, "horizon_session": [15], "cut_pct": [10, 30, 50]}
    for name in ("hypothetical", "composite", "observable")
]
TRIAL_TASKS = (
    ("lmm_slopes", 193, 4, "model", TRIALS, 10_000),
    ("lmm_slopes", 193, 4, "robust", TRIALS, None),
    ("lmm_end", 120, 6, "robust", TRIALS // 2, None),
)
"""Method, patients, sessions, errors, how many trials, goal."""
GOAL_COHORTS_PER_CPU_SECOND = 1_000_000 / (30 * 60 * 2)


def run(say: Say) -> list[Measured]:
    """Measure counting, scaling from one process to two, and what a cluster costs."""
    from simulate.studies import files, grid
    from simulate.studies.counting import count
    from simulate.studies.worlds import worlds

    found = []
    for label, changes in (("9 truths", {"estimands": NINE_TRUTHS}), ("36 truths", {})):
        design = files.load("test_period_length", changes)
        (world,) = worlds(design)
        say(f"compiling, then {REPLICATES} cohorts, {label}")
        count(design, world, range(2))
        rate = REPLICATES / _cpu(partial(count, design, world, range(REPLICATES)))
        cells = grid.lay_out(design).n_decisions
        goal = GOAL_COHORTS_PER_CPU_SECOND if label == "9 truths" else None
        task = f"cohorts of 193 drawn and put through {cells} cells, {label}"
        found.append(Measured(task, rate, "cohorts/CPU s", goal=goal))
    return found + _trials(say) + workers.run(say)


def _trials(say: Say) -> list[Measured]:
    """Trials drawn in a world, reports missing, by mixed models; and as a cell of a study."""
    from simulate.studies.kinds import kind
    from simulate.studies.run import Plan
    from simulate.studies.run import run as run_study
    from simulate.studies.worlds import worlds

    found = []
    for method, n, sessions, errors, replicates, goal in TRIAL_TASKS:
        design = _one_cell(method, n, sessions, errors)
        world, count = worlds(design)[0], kind(design.kind).count
        task = f"trials of {n} x {sessions} drawn, reports missing, {method}, errors {errors}"
        say(f"compiling, then {replicates} {task}")
        count(design, world, range(2))
        rate = replicates / _cpu(partial(count, design, world, range(replicates)))
        found.append(Measured(task, rate, "trials/CPU s", goal=goal))
    design = _one_cell("lmm_slopes", 193, 4, "model")
    say(f"the first of them as a cell of a study: {TRIALS} trials, their shards on disk")
    with TemporaryDirectory() as folder:
        run_study(design, Path(folder) / "first", Plan(2))
        rate = TRIALS / _cpu(partial(run_study, design, Path(folder), Plan(TRIALS)))
        whole = _command_cpu(folder)
    note = f"`plateau study run` from its start to its end {whole:.2f} CPU s, imports included"
    task = f"a cell of {TRIALS} trials of 193 x 4 by `run`, truth and shards included"
    found.append(Measured(task, rate, "trials/CPU s", goal=10_000, note=note))
    beside = (
        Measured(task, rate, "trials/CPU s", name, peer, note=said)
        for name, (peer, said) in classical.peers(say).items()
    )
    return [*found, *beside]


def _one_cell(method: str, n: int, sessions: int, errors: str) -> Any:
    from simulate.studies import files

    return files.load("sham_trial", _changes(method, n, sessions, errors))


def _changes(method: str, n: int, sessions: int, errors: str) -> dict[str, Any]:
    """What makes one cell of the shipped study of trials."""
    trial: dict[str, Any] = {"name": "parallel", "design": "parallel"}
    trial |= {"n_patients": [n], "sessions": [sessions], "missing": ["usual"]}
    trial |= {"response": None, "second_share": 0.5}
    targets = "difference_at_end" if method == "lmm_end" else "difference_of_slopes"
    own = {"name": "lmm", "method": method, "targets": targets, "errors": errors}
    return {
        "data.vary": {},
        "data.trials": [trial],
        "methods": [own | {"endpoint": "relief"}],
        "headline.method": "lmm",
        "headline.sessions": sessions,
    }


def _command_cpu(folder: str) -> float:
    """CPU seconds of `plateau study run` of one cell, in a process of its own."""
    import json

    changes = _changes("lmm_slopes", 193, 4, "model")
    words = [word for k, v in changes.items() for word in ("--set", f"{k}={json.dumps(v)}")]
    start = "import sys; from orchestration.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "study", "run", "sham_trial", *words]
    process = _silent([*command, "--replicates", str(TRIALS), "--data", folder])
    _, code, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise ArithmeticError(f"plateau study run ended with {process.returncode}.")
    return used.ru_utime + used.ru_stime


def _silent(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _cpu(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
