"""Benchmark of where shards are made: two processes beside one, a cluster beside two processes.

Other work on the machine moves wall times more than what is measured. So every round has all three
in turn, the order reversed each time; a ratio is taken within a round, and the median of the rounds
is told with the least and the largest, and with the load average before and after. Let a quiet
machine measure: with two cores and a load beyond 0.2 from other work the ratios say little.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from orchestration.benchmarks import Measured, Say

ROUNDS = 5
SHARDS = 30
"""Shards of one CPU second a turn, after a few that pay for starting processes."""
WARM = 4


def run(say: Say) -> list[Measured]:
    """Measure busy shards of a second on one process, two, and a cluster of two workers."""
    load = _load()
    say(f"busy shards: {ROUNDS} rounds of one process, two, a cluster; load average {load}")
    with _cluster() as address:
        where: dict[str, dict[str, Any]] = {
            "one": {"jobs": 1},
            "two": {"jobs": 2},
            "cluster": {"scheduler": address},
        }
        rounds = []
        for number in range(ROUNDS):
            order = list(where) if number % 2 == 0 else list(where)[::-1]
            rounds.append({name: _per_minute(where[name]) for name in order})
            told = ", ".join(f"{name} {rounds[-1][name]:.1f}" for name in where)
            say(f"round {number + 1} of {ROUNDS}: {told} shards/min; load average {_load()}")
    load = f"{os.cpu_count()} cores, load average {load} before, {_load()} after; wall time"
    return [
        _paired("shards of one CPU second, two processes", rounds, "two", "one", 1.8, load),
        _paired("the same, a cluster of two workers", rounds, "cluster", "two", 0.9, load),
    ]


def _paired(
    task: str, rounds: list[dict[str, float]], ours: str, peer: str, goal: float, load: str
) -> Measured:
    """Return the median ratio within rounds, as a rate beside the peer's median."""
    ratios = sorted(rates[ours] / rates[peer] for rates in rounds)
    beside = median(rates[peer] for rates in rounds)
    note = f"median of {len(ratios)} paired ratios, {ratios[0]:.2f} to {ratios[-1]:.2f}; {load}"
    name = {"one": "one process", "two": "two processes"}[peer]
    return Measured(task, median(ratios) * beside, "shards/min", name, beside, goal, note)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def busy(shard: Any) -> Any:
    """Keep one core busy for a second of CPU time."""
    start = time.process_time()
    while time.process_time() - start < 1:
        pass
    return shard, b"0" * 1_000_000, 1.0


def _per_minute(where: dict[str, Any]) -> float:
    """Shards a minute of wall time after a first few, which pay for starting processes."""
    from simulate.studies.shards import map_shards
    from simulate.studies.store import Shard

    made = map_shards(busy, [Shard("w", n, n + 1) for n in range(SHARDS + WARM)], **where)
    for _ in range(WARM):
        next(made)
    start = time.perf_counter()
    for _ in made:
        pass
    return 60 * SHARDS / (time.perf_counter() - start)


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
