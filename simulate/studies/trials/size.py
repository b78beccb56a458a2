"""The size of a trial of a study: how many patients reach a power, in a world or over worlds.

Here: what a search has simulated and found, kept so that an interrupted one goes on where it was;
the questions of a study. Not here: the root finder (`search.py`), the trials (`rejections.py`).

    <root>/study=<name>/size=<question>/code=<code>/
        patients=120/replicates-FIRST-LAST.parquet    rejections and tests, with a manifest
        question.json                                 what the ids stand for
        power=0.8.json                                what was found, as in the table `study_size`

The search is a function of what it simulates, and every replicate has its number: read back from
disk or simulated, it takes the same steps to the same answer.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from simulate.studies.code import code_id
from simulate.studies.store import Shard, Store, StoreError, encode, write_whole
from simulate.studies.trials.rejections import ENTRY, Question
from simulate.studies.trials.search import Size, Steps, search
from simulate.studies.worlds import labels, worlds

if TYPE_CHECKING:
    from simulate.studies.trials.design import Design

KEPT = 250
"""Replicates a file: at most so many are lost."""
_NAMED = (
    *("study", "world", "trial", "method", "missing", "sessions"),
    *("endpoint", "estimand", "is_headline"),
)
ALL_WORLDS = "all worlds, by their weights"


class Attempts(Store):
    """Trials simulated for one question; what a study calls a scenario is a number of patients."""

    @property
    def partition(self) -> Path:
        """Folder of the question."""
        parts = f"study={self.study}", f"size={self.design_id}", f"code={self.code_id}"
        return self.root.joinpath(*parts)

    def folder(self, scenario_id: str) -> Path:
        """Folder of one number of patients."""
        return self.partition / f"patients={scenario_id}"

    def counted(self, question: Question, n_patients: int, replicates: range) -> tuple[int, int]:
        """Return rejections and tests of replicates, simulating what is not there.

        Raises
        ------
        StoreError
            A file cannot be written or must not be read; the message says which.
        """
        rejected = tested = 0
        for first in range(replicates.start, replicates.stop, KEPT):
            shard = Shard(str(n_patients), first, min(first + KEPT, replicates.stop))
            if not self.has(shard):
                start = time.perf_counter()
                found = question.count(n_patients, shard.replicates)
                table = pa.table({"n_rejected": [found[0]], "n_tested": [found[1]]})
                seconds = round(time.perf_counter() - start, 3)
                self.write(shard, encode(table), {"n_patients": n_patients, "seconds": seconds})
            row = self.read(shard).to_pylist()[0]
            rejected, tested = rejected + row["n_rejected"], tested + row["n_tested"]
        return rejected, tested


@dataclass(frozen=True)
class Answer:
    """What was found for one power.

    Attributes
    ----------
    power, tolerance
        As asked.
    n_patients, lo, hi
        As `search.Size`; None where the power is out of reach, and `reason` says how.
    n_replicates
        Trials simulated for it and for the smaller powers of the same command.
    """

    power: float
    tolerance: float
    n_patients: int | None = None
    lo: int | None = None
    hi: int | None = None
    n_replicates: int | None = None
    reason: str | None = None


def attempts(question: Question, root: Path) -> Attempts:
    """Return where the trials of a question are kept, under the code at work."""
    return Attempts(root, question.design.study, question.question_id, code_id(ENTRY))


def sizes(
    question: Question,
    root: Path,
    powers: Sequence[float],
    *,
    tolerance: float = 0.03,
    budget: int = 100_000,
    watch: Callable[[float, Steps], None] | None = None,
) -> Iterator[Answer]:
    """Yield how many patients reach each power, the smallest power first.

    A larger power begins with what the smaller ones simulated; a smaller one is answered the same
    with and without larger ones. Every file is kept at once, the answer as soon as it is known.

    Parameters
    ----------
    question
        Which trial and method, in which worlds.
    root
        Folder of all studies.
    powers, tolerance, budget
        As `search.search` takes them, the budget for each power.
    watch
        Called with the power and the steps so far, after every batch.

    Raises
    ------
    StoreError
        What is kept cannot be written or must not be read.
    """
    store = attempts(question, root)
    _keep(store.partition / "question.json", _described(question, store.code_id))
    before: Size | None = None
    for power in sorted(set(powers)):
        answer = Answer(power, tolerance)
        try:
            before = search(
                lambda n, replicates: store.counted(question, n, replicates),
                power,
                low=question.least,
                tolerance=tolerance,
                budget=budget,
                before=before,
                watch=None if watch is None else (lambda steps, at=power: watch(at, steps)),  # type: ignore[misc]
            )
        except LookupError as error:
            answer = replace(answer, reason=str(error))
        else:
            found = {name: getattr(before, name) for name in ("n_patients", "lo", "hi")}
            answer = replace(answer, **found, n_replicates=before.n_replicates)
        _keep(store.partition / f"power={power:g}.json", asdict(answer))
        yield answer


def questions(design: "Design", methods: Sequence[str] = ()) -> list[tuple[str, Question]]:
    """Return the headline's trial in every world and over all, each with its label.

    Parameters
    ----------
    methods
        Names of methods in place of the headline's.

    Raises
    ------
    ValueError
        A method is none of the study, or cannot analyse the headline's trial.
    """
    head = design.headline
    trial = next(t for t in design.data.trials if t.name == head.trial)
    fit = [m.name for m in design.methods if design.fits(m, trial)]
    for name in (m for m in methods if m not in fit):
        raise ValueError(
            f"no method {name!r} for {head.trial} in study {design.study}; there are: "
            + ", ".join(fit)
        )
    return [
        (label, Question(design, *where, head.trial, method, head.missing, head.sessions))
        for method in methods or (head.method,)
        for label, where in _places(design)
    ]


def answers(design: "Design", root: Path) -> pd.DataFrame:
    """Return what searches of a study have found, under its worlds and the code at work.

    Returns
    -------
    pandas.DataFrame
        One row a world (and all together), trial, missing law, number of sessions, method and
        power: study, world, trial, missing, sessions, method, endpoint, estimand, is_headline,
        power, tolerance, n_patients, lo, hi (95 % Monte Carlo limits), n_replicates, reason
        (why there is no number).
    """
    head, rows, places = design.headline, [], _places(design)
    for trial, missing, sessions, method in _headlines(design):
        own: tuple[str, str, str, int] = (trial.name, method.name, missing, sessions)
        is_headline = own == (head.trial, head.method, head.missing, head.sessions)
        words = (*own, method.endpoint, method.targets, is_headline)
        for label, (those, weights) in places:
            about = dict(zip(_NAMED, (design.study, label, *words), strict=True))
            question = Question(design, those, weights, *own)
            rows += [about | found for found in _found(question, root)]
    counts = dict.fromkeys(("n_patients", "lo", "hi", "n_replicates"), "Int64")
    return pd.DataFrame(rows, columns=[*_NAMED, *Answer.__dataclass_fields__]).astype(counts)


def _headlines(design: "Design") -> Iterator[tuple[Any, str, int, Any]]:
    """Every trial, missing law, number of sessions and method that could be a headline."""
    for trial in design.data.trials:
        methods = [method for method in design.methods if design.fits(method, trial)]
        yield from ((trial, *named) for named in product(trial.missing, trial.sessions, methods))


def _places(design: "Design") -> list[tuple[str, tuple[Any, Any]]]:
    """Every world alone, and all by their weights."""
    every, named, given = worlds(design), labels(design), design.data.weights
    weights = [1.0] * len(every) if given == "equal" else list(given)
    alone: list[tuple[str, tuple[Any, Any]]] = [
        (named[world.scenario_id], ([world], [1.0])) for world in every
    ]
    return alone + ([(ALL_WORLDS, (every, weights))] if len(every) > 1 else [])


def _found(question: Question, root: Path) -> list[dict[str, Any]]:
    paths = sorted(attempts(question, root).partition.glob("power=*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _described(question: Question, code: str) -> dict[str, Any]:
    asked = {name: getattr(question, name) for name in ("trial", "method", "missing", "sessions")}
    return {
        **asked,
        "weights": list(question.weights),
        "worlds": [world.model_dump(mode="json") for world in question.worlds],
        "design": question.design.model_dump(mode="json"),
        "code": code,
    }


def _keep(path: Path, what: dict[str, Any]) -> None:
    try:
        write_whole(path, json.dumps(what, indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}); what was simulated is kept: "
            "free space or rights, then run the same command again and it goes on here."
        ) from None
