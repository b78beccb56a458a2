"""Shards on a dask cluster that is already there: a laptop's, Kubernetes', SLURM's.

Here: submission in a window, and what goes wrong on clusters: workers die, the scheduler restarts,
single workers lag behind. Counts come back to this process, which alone writes: workers need no
shared disk, and a shard made twice is the same bytes.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from simulate.studies.shards import BackendError, Made, Work
from simulate.studies.store import Shard

TIMEOUT_SECONDS = 20
RECONNECT_SECONDS = 120
STRAGGLER_FACTOR = 4
LEAST_SECONDS = 1.0
MOST_ATTEMPTS = 3
_MENDABLE = ("KilledWorker", "CommClosedError")


def on_cluster(work: Work, shards: Sequence[Shard], address: str) -> Iterator[Made]:
    """Yield every shard once, whatever happens to workers and scheduler in between."""
    left = dict.fromkeys(shards)
    heard = None
    while left:
        try:
            for made in _while_connected(work, list(left), address):
                heard = time.monotonic()
                if left.pop(made[0], 0) is None:
                    yield made
        except (OSError, TimeoutError) as error:
            if heard is None or time.monotonic() - heard > RECONNECT_SECONDS:
                raise BackendError(
                    f"the scheduler at {address} does not answer; every finished shard is kept: "
                    "start it, or give another --scheduler, and run the same command again."
                ) from error
            time.sleep(1)


def _while_connected(work: Work, shards: Sequence[Shard], address: str) -> Iterator[Made]:
    """Yield shards until all are made; raise OSError or TimeoutError where the line is cut."""
    try:
        from distributed import Client
        from distributed.comm import parse_address
    except ModuleNotFoundError:
        raise BackendError(
            "--scheduler needs dask.distributed, which is not installed; install Plateau with its "
            "extra: uv sync --extra cluster."
        ) from None
    try:
        parse_address(address, strict=True)
    except ValueError:
        raise BackendError(
            f"--scheduler {address} is no address of a scheduler: write it as tcp://HOST:8786."
        ) from None
    client = Client(address, timeout=TIMEOUT_SECONDS, set_as_default=False)
    try:
        yield from _window(client, work, shards)
    finally:
        client.close(timeout=2)


def _window(client: Any, work: Work, shards: Sequence[Shard]) -> Iterator[Made]:
    """Keep two shards a thread submitted; near the end give laggards' work to idle workers too."""
    waiting: deque[Shard] = deque(shards)
    running: dict[Any, Shard] = {}
    started: dict[Shard, float] = {}
    seconds: list[float] = []
    attempts = dict.fromkeys(shards, 0)
    done: set[Shard] = set()

    def submit(shard: Shard) -> None:
        attempts[shard] += 1
        started.setdefault(shard, time.monotonic())
        running[client.submit(work, shard, pure=False, retries=2)] = shard

    while len(done) < len(attempts):
        threads = max(sum(client.nthreads().values()), 1)
        while waiting and len(running) < 2 * threads:
            submit(waiting.popleft())
        for future in _ended(running, client):
            shard = running.pop(future)
            if shard in done:
                continue
            made = _result(future, may_fail=attempts[shard] < MOST_ATTEMPTS)
            if made is None:
                waiting.append(shard)
                continue
            seconds.append(made[2])
            done.add(shard)
            yield made
        for shard in _late(started, seconds) if not waiting else ():
            if shard not in done and attempts[shard] < 2:
                submit(shard)


def _result(future: Any, *, may_fail: bool) -> Made | None:
    """Return what a worker made, None where it is worth another try."""
    from distributed import CancelledError

    try:
        made: Made = future.result()
    except CancelledError:
        raise OSError("the scheduler lost its tasks") from None
    except Exception as error:
        if not may_fail or type(error).__name__ not in _MENDABLE:
            raise
        return None
    return made


def _late(started: dict[Shard, float], seconds: list[float]) -> list[Shard]:
    """Return shards that have been at work for several times what others took."""
    if not seconds:
        return []
    limit = STRAGGLER_FACTOR * max(median(seconds), LEAST_SECONDS)
    return [shard for shard, since in started.items() if time.monotonic() - since > limit]


def _ended(running: dict[Any, Shard], client: Any) -> list[Any]:
    """Return futures that have ended; wait at most a second for the first one."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if client.status != "running":
            raise OSError("connection lost")
        ended = [future for future in running if future.done()]
        if ended:
            return ended
        time.sleep(0.005)
    return []
