"""A clinic with defects: chooses them, writes the files that hold them, and the ledger.

Here: how many of which class, the days of small deliveries, the order of work. Not here: the
defects (`cells.py`, `records.py`, `lines.py`, `files.py`, `books.py`, `habits.py`), their way into
a delivery (`spoiling.py`), what the ledger is told of them (`telling.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simulate import deliveries as planning
from simulate import extracts
from simulate.cohort import Cohort
from simulate.defects import books, catalogue, cells, habits, ledger, lines, records
from simulate.defects.catalogue import Class, Variant
from simulate.defects.files import LATE, SPOILERS
from simulate.defects.source import Source, TooFew, source_of
from simulate.defects.spoiled import Spoiled, spoiled_delivery
from simulate.defects.spoiling import spoil
from simulate.defects.telling import Occurrence, told_of_files, told_of_rows, told_of_writer
from simulate.deliveries import Between
from simulate.streams import Stream, generator

ROW_INJECTORS = records.INJECTORS | lines.INJECTORS | cells.INJECTORS
"""In the order of work: what needs a patient of its own comes first."""
type Turn = tuple[Class, Variant]
SLOT = timedelta(days=2)
CLOSING = timedelta(days=120)
"""From the last delivery to the closing increment, between which late deliveries fall."""


@dataclass(frozen=True)
class Options:
    """What is to go wrong.

    Attributes
    ----------
    preset
        `none`, `typical`, `heavy`: rates of the catalogue.
    per_class
        Instead of rates, as many of every class of rows, cells and files.
    classes
        Only these classes; a class of habits is injected only where it is named here.
    mechanism
        'mcar', 'mar' or 'mnar': see `source.MECHANISMS`.
    """

    preset: str = "none"
    per_class: int | None = None
    classes: tuple[int, ...] | None = None
    mechanism: str = "mcar"

    def require_valid(self) -> None:
        """Refuse, before any work, what cannot be meant.

        Raises
        ------
        ValueError
            Naming the field and what is allowed.
        """
        presets = catalogue.presets()
        if self.preset not in presets:
            raise ValueError(f"no defects preset {self.preset!r}; there are: {', '.join(presets)}")
        if self.per_class is not None and self.per_class < 1:
            raise ValueError(f"per_class must be 1 or more, got {self.per_class}")
        catalogue.chosen(self.classes)
        habit = [one for one in self.classes or () if one in habits.INJECTORS]
        if len(habit) > 1:
            raise ValueError(f"one habit to a clinic, got the classes {habit}")


def write(
    cohort: Cohort,
    out_dir: str | Path,
    options: Options,
    *,
    deliveries: int | Sequence[date] = 3,
    seed: int,
    between: Between | None = None,
) -> dict[str, Any]:
    """Write a clinic with defects, its truth and its ledger.

    Parameters
    ----------
    cohort, deliveries, seed, between
        As `extracts.write`.
    out_dir
        Receives ``deliveries/AAAAMMJJ/``, ``truth/`` with ``defects.parquet`` and ``.csv``, and
        ``later/AAAAMMJJ/`` for what is to arrive after a first night (classes 4, 73).
    options
        What is to go wrong. The same seed gives the same files, whatever order they are made in.

    Returns
    -------
    dict
        As `extracts.write`, with the number of defects, and `short`: class -> how many could not
        be placed because the clinic has too few rows for them.

    Raises
    ------
    ValueError
        Options that cannot be meant, or more small deliveries than days for them.
    """
    options.require_valid()
    out = Path(out_dir)
    planned = planning.plan(deliveries, cohort.scenario.clinic.emcs_end)
    clinic = planning.clinic(cohort, planned, seed, between)
    rng = generator(cohort.scenario, seed, Stream.DEFECTS, cohort.replicate)
    source = source_of(clinic, rng, options.mechanism)
    wanted = _wanted(options, len(source.sessions), rng)
    short: dict[int, int] = {}
    turns = [*_turns(source, wanted)]
    held = _in_rows(source, turns, short)
    small = _in_files(source, planned, turns, short, first_id=len(held) + 1)
    changes = [change for one in held for change in one.injected.changes]
    names, lined = [], []
    for delivery in planned:
        files = spoil(clinic.carried(delivery), changes)
        folder = out / "deliveries" / delivery.name
        extracts.write_folder(folder, [one.file for one in files], delivery.on)
        names.append(delivery.name)
        lined += [(delivery.name, one) for one in files]
    for one in small:
        names += one.write(out)
    told = [*told_of_rows(held, lined, options.mechanism)]
    told += [*told_of_files(small, lined, options.mechanism), *told_of_writer(lined, small)]
    extracts.write_truth(out / "truth", clinic)
    ledger.write(out / "truth", told)
    n_defects = len(held) + sum(one.kind is not None for one in small)
    counts = extracts.summary(cohort, sorted(set(names)), defects=n_defects)
    return counts | {"short": short}


def _wanted(options: Options, n_rows: int, rng: np.random.Generator) -> dict[int, int]:
    """How many of each class, in the order of work."""
    chosen = {one.defect: one for one in catalogue.chosen(options.classes)}
    order = [*ROW_INJECTORS, *SPOILERS, *books.MAKERS, *habits.INJECTORS]
    in_order = [chosen[number] for number in order if number in chosen]
    if options.per_class is not None:
        many = {one.defect: options.per_class for one in in_order}
    else:
        preset = catalogue.presets()[options.preset]
        rows = {one.defect for one in in_order if one.level in ("row", "cell")}
        mean = preset.per_1000_rows * n_rows / 1000
        many = {one.defect: int(rng.poisson(mean)) if one.defect in rows else 0 for one in in_order}
        files = [one.defect for one in in_order if one.level == "file"]
        if files and preset.deliveries:
            for number in rng.choice(files, size=preset.deliveries).tolist():
                many[number] += 1
    named = set(options.classes or ())
    return {
        number: min(n, 1) if number in habits.INJECTORS else n
        for number, n in many.items()
        if n and (number not in habits.INJECTORS or number in named)
    }


def _turns(source: Source, wanted: dict[int, int]) -> Iterator[Turn]:
    """Variants take turns, so that equal counts of a class are equal counts of its variants."""
    for number, many in wanted.items():
        kind = catalogue.load()[number]
        offset = int(source.rng.integers(len(kind.variants))) if len(kind.variants) > 1 else 0
        for turn in range(many):
            yield kind, kind.variants[(offset + turn) % len(kind.variants)]


def _in_rows(source: Source, turns: Iterable[Turn], short: dict[int, int]) -> list[Occurrence]:
    held: list[Occurrence] = []
    for kind, variant in turns:
        if variant.level == "file":
            continue
        injector = (ROW_INJECTORS | habits.INJECTORS)[kind.defect]
        try:
            injected = injector(source, variant.name)
        except TooFew:
            short[kind.defect] = short.get(kind.defect, 0) + 1
            continue
        held.append(Occurrence(len(held) + 1, kind, variant, injected))
    return held


def _in_files(
    source: Source,
    planned: Sequence[planning.Delivery],
    turns: Iterable[Turn],
    short: dict[int, int],
    *,
    first_id: int,
) -> list[Spoiled]:
    """Small deliveries before the last of the clinic's own; late ones between it and a closing."""
    last = planned[-1].on
    earliest = planned[-2].on if len(planned) > 1 else last - timedelta(days=4 * 365)
    mine = [(kind, variant) for kind, variant in turns if variant.level == "file"]
    before = [turn for turn in mine if turn[0].defect not in LATE]
    after = [turn for turn in mine if turn[0].defect in LATE]
    if last - SLOT * (len(before) + 1) <= earliest or SLOT * (len(after) + 1) >= CLOSING:
        raise ValueError(
            f"{len(mine)} spoilt deliveries do not fit between the clinic's own: fewer per class, "
            "fewer classes, or fewer deliveries"
        )
    made: list[Spoiled] = []
    if after:
        try:
            made.append(spoiled_delivery(source, last + CLOSING))
        except TooFew:
            for kind, _ in after:
                short[kind.defect] = short.get(kind.defect, 0) + 1
            after = []
    for days, group in ((-SLOT, before), (SLOT, after)):
        for number, (kind, variant) in enumerate(group, start=1):
            try:
                one = spoiled_delivery(source, last + number * days, kind, variant)
            except TooFew:
                short[kind.defect] = short.get(kind.defect, 0) + 1
                continue
            made.append(one)
    numbered = (one for one in made if one.kind is not None)
    for defect_id, one in enumerate(numbered, start=first_id):
        one.defect_id = defect_id
    return made
