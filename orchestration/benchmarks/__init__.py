"""Benchmarks that `plateau bench ROOM` runs: one module a room, with the peers that are installed.

A room's module has `run(say) -> list[Measured]`: `say` takes a line of progress; one of `LONG` also
`run(say, full=True)`, which takes many minutes. To add a room, write its module and name it here.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from orchestration.errors import WrongUse

ROOMS = {
    "bayes": "bayes",
    "classical": "classical",
    "simulate": "simulate",
    "study": "studies",
}
LONG = ("bayes",)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """A task, ours beside a peer's, in one run.

    Attributes
    ----------
    task
        What was done, with its size.
    ours, peer
        Rates, in `unit`; None where the peer is not installed or there is none.
    peer_name
        What ours is compared with.
    unit
        Of both rates.
    goal
        The ratio, or without a peer the rate, that is asked for; None: only reported.
    note
        Why there is no peer's figure, or what to know of ours.
    """

    task: str
    ours: float
    unit: str
    peer_name: str = ""
    peer: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return None if self.peer is None else self.ours / self.peer

    def as_json(self) -> dict[str, Any]:
        """The fields and the ratio."""
        return asdict(self) | {"ratio": self.ratio}


def run(room: str, say: Say, *, full: bool = False) -> list[Measured]:
    """Run a room's benchmark; its packages load here.

    Raises
    ------
    WrongUse
        A long one is asked of a room that has none.
    """
    if full and room not in LONG:
        raise WrongUse(f"bench {room} has one length only: leave out --full.")
    module = import_module(f"orchestration.benchmarks.{ROOMS[room]}")
    measured: list[Measured] = module.run(say, full=True) if full else module.run(say)
    return measured
