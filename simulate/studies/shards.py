"""Where shards are made: in this process, in processes of this machine, on a dask cluster.

Here: `map_shards`, one loop over three backends, which differ in nothing but where a function runs.
Not here: what a shard is (`store.py`), the cluster's own troubles (`cluster.py`), job arrays, which
are the first backend many times over (`--shard i/n`).
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from simulate.studies.store import Shard

Made = tuple[Shard, bytes, float]
"""A shard, its counts as Parquet, the seconds that they took."""
Work = Callable[[Shard], Made]
MOST_DEATHS = 5
SECONDS_BETWEEN_LOOKS = 2.0
"""How often a worker looks whether anybody still waits for its work."""


class BackendError(Exception):
    """The place where shards are made does not answer; what is done is kept."""


def map_shards(
    work: Work, shards: Sequence[Shard], *, jobs: int = 1, scheduler: str | None = None
) -> Iterator[Made]:
    """Yield every shard once made, in the order in which they are ready.

    Parameters
    ----------
    work
        Makes one shard; it must pickle, and the same shard must always give the same bytes.
    jobs
        Processes of this machine; 1 stays in this process.
    scheduler
        Address of a dask scheduler, such as ``tcp://127.0.0.1:8786``; then `jobs` says nothing.

    Raises
    ------
    BackendError
        Workers die again and again, or the scheduler does not answer.
    """
    if scheduler is not None:
        from simulate.studies.cluster import on_cluster

        yield from on_cluster(work, shards, scheduler)
    elif jobs == 1 or len(shards) < 2:
        yield from map(work, shards)
    else:
        yield from _in_processes(work, shards, jobs)


def _leave_with(parent: int) -> None:
    """Let this worker end soon after the process that it works for: a killed one cannot say so."""

    def watch() -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _in_processes(work: Work, shards: Sequence[Shard], jobs: int) -> Iterator[Made]:
    """Keep the processes busy; what a dead one held is given to new ones."""
    waiting, deaths = deque(shards), 0
    while waiting:
        pool = ProcessPoolExecutor(
            min(jobs, len(waiting)), get_context("forkserver"), _leave_with, (os.getpid(),)
        )
        running: dict = {}
        try:
            while waiting or running:
                while waiting and len(running) < 2 * jobs:
                    shard = waiting.popleft()
                    running[pool.submit(work, shard)] = shard
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    made = future.result()
                    running.pop(future)
                    yield made
        except BrokenProcessPool:
            deaths += 1
            waiting.extendleft(running.values())
            if deaths >= MOST_DEATHS:
                raise BackendError(
                    f"worker processes died {deaths} times (memory?); every finished shard is "
                    "kept: run again with fewer --jobs or a smaller --shard-size."
                ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
