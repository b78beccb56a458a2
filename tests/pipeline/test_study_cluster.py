"""A real dask cluster on loopback: scheduler and workers are processes, and some of them die."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from simulate.studies import files, tables
from simulate.studies import run as runs
from simulate.studies.shards import map_shards
from simulate.studies.store import Shard

pytestmark = pytest.mark.slow


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Scheduler and workers as processes of their own."""

    def __init__(self, folder):
        self.folder, self.port, self.workers = folder, free_port(), []
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.start_scheduler()

    def start_scheduler(self):
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
        )

    def add_worker(self):
        worker = self._start(
            "worker", self.address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard",
            "--host", "127.0.0.1", "--no-nanny", "--local-directory", str(self.folder),
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )

    def close(self):
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    yield made
    made.close()


def slowly(shard):
    """Some work of a fifth of a second; module level, so that workers can import it by value."""
    time.sleep(0.2)
    return shard, str(shard.first).encode(), 0.2


def later(seconds, action):
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


@pytest.mark.filterwarnings("ignore")
def test_a_study_on_a_cluster_is_the_study_of_one_process(cluster, tmp_path):
    design = files.load("test_period_canary", {"data.n_patients": 20})
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    runs.run(design, alone, runs.Plan(24, shard_size=4))
    for _ in range(2):
        cluster.add_worker()
    plan = runs.Plan(24, shard_size=4, scheduler=cluster.address)
    runs.run(design, shared, plan)
    one, other = (tables.tables(design, runs.open_store(design, r)) for r in (alone, shared))
    assert one.study_cell.equals(other.study_cell)
    assert one.study_performance.equals(other.study_performance)


@pytest.mark.filterwarnings("ignore")
def test_worker_death_scheduler_restart_and_stragglers_are_survived(cluster):
    shards = [Shard("w", n, n + 1) for n in range(120)]
    first = cluster.add_worker()
    frozen = cluster.add_worker()
    cluster.add_worker()

    def restart():
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        cluster.start_scheduler()
        for _ in range(2):
            cluster.add_worker()

    timers = [
        later(12, first.kill),
        later(15, lambda: frozen.send_signal(signal.SIGSTOP)),
        later(18, restart),
    ]
    made = list(map_shards(_importable(), shards, scheduler=cluster.address))
    for timer in timers:
        timer.join()
    assert sorted(shard.first for shard, _, _ in made) == list(range(120))


def _importable():
    """A function that pickles by value: the workers do not know this file."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return slowly
