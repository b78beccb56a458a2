"""What every kind of study says: its name and aims, its worlds, its seed, how much of it to run.

Here: the words that all study files share, and identity by content. Not here: what one kind alone
says (`design.py` for test periods, `trials/design.py` for trials).
"""

import json
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from simulate.parts import Part
from simulate.studies.answer import Answer


def whole_range(value: Any) -> Any:
    """Read '1..15' as 1, 2, ... 15."""
    if isinstance(value, str) and ".." in value:
        first, _, last = value.partition("..")
        if not (first.strip().isdigit() and last.strip().isdigit()) or int(first) > int(last):
            raise ValueError(f"{value!r} is no range; write it as 1..15")
        return tuple(range(int(first), int(last) + 1))
    return value


class Misfit(ValueError):
    """A value that does not fit the rest of a study; `path` is its field, as keys and positions."""

    def __init__(self, message: str, *path: str | int):
        super().__init__(message)
        self.path = path


def distinct(values: tuple[Any, ...], *path: str | int) -> None:
    """Refuse values of a field, at `path`, of which one stands there twice.

    Raises
    ------
    Misfit
        It names them.
    """
    if len(set(values)) < len(values):
        raise Misfit(f"{list(values)} names a value twice; keep it once", *path)


Cut = Annotated[int, Field(ge=1, le=100)]
Session = Annotated[int, Field(ge=1, le=60)]
Sessions = Annotated[tuple[Session, ...], Field(min_length=1), BeforeValidator(whole_range)]
Cuts = Annotated[tuple[Cut, ...], Field(min_length=1), BeforeValidator(whole_range)]


class Worlds(Part):
    """Worlds of a study, what is changed in all of them, what varies between them."""

    worlds: Annotated[tuple[str, ...], Field(min_length=1)]
    what_if: dict[str, Any]
    vary: dict[str, Annotated[tuple[Any, ...], Field(min_length=1), BeforeValidator(whole_range)]]


class Study(Part):
    """One study; its kind adds data, estimands, methods and performance.

    `aims` is one question, `decision` what its answer informs; both and `assumptions` stand on the
    page as they are.
    """

    study: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: str
    title: Annotated[str, Field(min_length=1)]
    aims: Annotated[str, Field(min_length=1)]
    decision: Annotated[str, Field(min_length=1)]
    assumptions: Annotated[tuple[str, ...], Field(min_length=1)]
    data: Worlds
    answer: Answer
    seed: int
    replicates: Annotated[int, Field(ge=1, le=10_000_000_000)]


class Stop[Measure: str](Part):
    """When a run with a target ends: no error of a measure is larger than `mcse`.

    Which cells are watched is up to the kind of study (`error` in `kinds.py`).
    """

    measure: Measure
    mcse: Annotated[float, Field(gt=0)]


class Performance[Measure: str](Part):
    """What is made of the counts; changing it computes nothing again.

    A kind says which measures there are, in `every`.
    """

    every: ClassVar[tuple[str, ...]]
    measures: Literal["all"] | Annotated[tuple[Measure, ...], Field(min_length=1)]
    stop: Stop[Measure]

    @property
    def chosen_measures(self) -> tuple[str, ...]:
        """Names of measures; of all of them, in the order of the kind."""
        return self.every if self.measures == "all" else self.measures


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """Return sixteen hex digits of the BLAKE2 hash of the canonical JSON."""
    return blake2b(canonical(value).encode(), digest_size=8).hexdigest()
