"""Benchmark of the studies: cohorts through every cell, trials, shards on workers.

CPU seconds where one thread works, wall seconds where several do; each pair in one run.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from orchestration.benchmarks import Measured, Say

REPLICATES = 256
TRIALS = 10_000
ONE_SECOND_SHARDS = 24
NINE_TRUTHS = [
    {"name": name, "horizon_session": [15], "cut_pct": [10, 30, 50]}
    for name in ("hypothetical", "composite", "observable")
]
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
    found.append(_trials(say))
    say("busy shards of a second: one process, two, a cluster of two workers")
    one = _per_minute({"jobs": 1})
    two = _per_minute({"jobs": 2})
    with _cluster() as address:
        shared = _per_minute({"scheduler": address})
    note = f"{os.cpu_count()} cores, shared with whatever else runs; wall time"
    found += [
        Measured(
            "shards of one CPU second, two processes", two, "shards/min", "one process", one,
            goal=1.8, note=note,
        ),
        Measured(
            "the same, a cluster of two workers", shared, "shards/min", "two processes", two,
            goal=0.9, note=note,
        ),
    ]  # fmt: skip
    return found


def _trials(say: Say) -> Measured:
    """Trials of 193 patients and 4 sessions, drawn, with reports missing, by a mixed model."""
    from simulate.studies import files
    from simulate.studies.kinds import kind
    from simulate.studies.worlds import worlds

    trial: dict[str, Any] = {
        "name": "parallel",
        "design": "parallel",
        "n_patients": [193],
        "sessions": [4],
    }
    trial |= {"missing": ["usual"], "response": None, "second_share": 0.5}
    method = {"name": "lmm", "method": "lmm_slopes", "targets": "difference_of_slopes"}
    method |= {"endpoint": "relief"}
    changes = {
        "data.trials": [trial],
        "methods": [method | {"errors": "model"}],
        "headline.method": "lmm",
        "headline.sessions": 4,
    }
    design = files.load("sham_trial", changes)
    world, count = worlds(design)[0], kind(design.kind).count
    say(f"compiling, then {TRIALS} trials of 193 x 4, mixed model")
    count(design, world, range(2))
    rate = TRIALS / _cpu(partial(count, design, world, range(TRIALS)))
    task = "trials of 193 x 4 drawn, reports missing, mixed model with Satterthwaite"
    return Measured(task, rate, "trials/CPU s", goal=10_000)


def busy(shard: Any) -> Any:
    """Keep one core busy for a second of CPU time."""
    start = time.process_time()
    while time.process_time() - start < 1:
        pass
    return shard, b"0" * 1_000_000, 1.0


def _cpu(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _per_minute(where: dict[str, Any]) -> float:
    """Shards a minute of wall time after a first few, which pay for starting processes."""
    from simulate.studies.shards import map_shards
    from simulate.studies.store import Shard

    shards = [Shard("w", n, n + 1) for n in range(ONE_SECOND_SHARDS + 4)]
    made = map_shards(busy, shards, **where)
    for _ in range(4):
        next(made)
    start = time.perf_counter()
    for _ in made:
        pass
    return 60 * ONE_SECOND_SHARDS / (time.perf_counter() - start)


@contextmanager
def _cluster() -> Iterator[str]:
    """A scheduler and two workers on loopback."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m"]
        scheduler = [*base, "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
        worker = [*base, "distributed.cli.dask_worker", address, "--host", "127.0.0.1"]
        alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder]
        started = [
            _silent([*scheduler, "--port", str(port), "--no-dashboard"]),
            *(_silent([*worker, *alone]) for _ in range(2)),
        ]
        try:
            time.sleep(15)
            yield address
        finally:
            for process in reversed(started):  # a worker without scheduler waits for one
                process.kill()
            for process in started:
                process.wait()


def _silent(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
