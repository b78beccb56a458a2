"""A clinic with defects: chooses them, writes the files that hold them, and the ledger.

Here: how many of which class, the days of small deliveries, the order of work. Not here: the
defects (`cells.py`, `records.py`, `lines.py`, `files.py`, `books.py`, `habits.py`), their way into
a delivery (`spoiling.py`).
"""

from collections.abc import Iterable, Sequence
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
from simulate.defects.changes import Injected
from simulate.defects.files import LATE, SPOILERS
from simulate.defects.source import Source, TooFew, source_of
from simulate.defects.spoiled import Spoiled, spoiled_delivery
from simulate.defects.spoiling import Lined, spoil
from simulate.defects.words import own_words, rows_of
from simulate.deliveries import Between
from simulate.streams import Stream, generator

ROW_INJECTORS = records.INJECTORS | lines.INJECTORS | cells.INJECTORS
"""In the order of work: what needs a patient of its own comes first."""
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


@dataclass(frozen=True)
class Occurrence:
    """A numbered defect in the clinic's own rows."""

    defect_id: int
    kind: Class
    variant: Variant
    injected: Injected


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
    held = _in_rows(source, wanted, short)
    small = _in_files(source, planned, wanted, short, first_id=len(held) + 1)
    changes = [change for one in held for change in one.injected.changes]
    names, lined = [], []
    for delivery in planned:
        files = spoil(clinic.batch(delivery), changes)
        folder = out / "deliveries" / delivery.name
        extracts.write_folder(folder, [one.file for one in files], delivery.on)
        names.append(delivery.name)
        lined += [(delivery.name, one) for one in files]
    for one in small:
        names += one.write(out)
    told = [*_told(held, lined, options.mechanism), *_told_small(small, lined, options.mechanism)]
    told += _writers_own(lined, small)
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


def _in_rows(source: Source, wanted: dict[int, int], short: dict[int, int]) -> list[Occurrence]:
    held: list[Occurrence] = []
    for number, many in wanted.items():
        injector = (ROW_INJECTORS | habits.INJECTORS).get(number)
        if injector is None:
            continue
        kind = catalogue.load()[number]
        for turn in range(many):
            variant = _variant(kind, source, turn)
            try:
                injected = injector(source, variant.name)
            except TooFew:
                short[number] = short.get(number, 0) + 1
                continue
            held.append(Occurrence(len(held) + 1, kind, variant, injected))
    return held


def _variant(kind: Class, source: Source, turn: int) -> Variant:
    """Variants take turns, so that equal counts of a class are equal counts of its variants."""
    if len(kind.variants) > 1 and turn == 0:
        kind_offset = int(source.rng.integers(len(kind.variants)))
        source.offsets[kind.defect] = kind_offset
    return kind.variants[(source.offsets.get(kind.defect, 0) + turn) % len(kind.variants)]


def _in_files(
    source: Source,
    planned: Sequence[planning.Delivery],
    wanted: dict[int, int],
    short: dict[int, int],
    *,
    first_id: int,
) -> list[Spoiled]:
    """Small deliveries before the last of the clinic's own; late ones between it and a closing."""
    last = planned[-1].on
    earliest = planned[-2].on if len(planned) > 1 else last - timedelta(days=4 * 365)
    turns = [
        (n, k) for n, many in wanted.items() for k in range(many) if n in SPOILERS | books.MAKERS
    ]
    before = [turn for turn in turns if turn[0] not in LATE]
    after = [turn for turn in turns if turn[0] in LATE]
    if last - SLOT * (len(before) + 1) <= earliest or SLOT * (len(after) + 1) >= CLOSING:
        raise ValueError(
            f"{len(turns)} spoilt deliveries do not fit between the clinic's own: fewer per class, "
            "fewer classes, or fewer deliveries"
        )
    made: list[Spoiled] = []
    if after:
        made.append(spoiled_delivery(source, last + CLOSING))
    for days, group in ((-SLOT, before), (SLOT, after)):
        for number, (defect, turn) in enumerate(group, start=1):
            kind = catalogue.load()[defect]
            variant = _variant(kind, source, turn)
            try:
                one = spoiled_delivery(source, last + number * days, kind, variant)
            except TooFew:
                short[defect] = short.get(defect, 0) + 1
                continue
            made.append(one)
    numbered = (one for one in made if one.kind is not None)
    for defect_id, one in enumerate(numbered, start=first_id):
        one.defect_id = defect_id
    return made


def _told(
    held: list[Occurrence], lined: list[tuple[str, Lined]], mechanism: str
) -> Iterable[dict[str, object]]:
    """Ledger lines of the defects in the clinic's rows, one a delivery and place."""
    for one in held:
        innocents = [
            f"{name}/{file.file.name}:{file.lines[row]}"
            for name, file in lined
            for row in one.injected.innocents
            if row in file.lines
        ]
        for found in one.injected.found:
            for name, file in lined:
                table_here = _table_of(file)
                if found.row[0] != table_here:
                    continue
                if found.row[1] >= 0 and found.row not in file.lines:
                    continue
                yield ledger.line_of(
                    one.defect_id, one.kind, one.variant, mechanism,
                    delivery=name, file=file.file.name, line=file.lines.get(found.row),
                    column=found.column, true=found.true, injected=found.injected,
                    innocents=innocents,
                )  # fmt: skip


def _table_of(file: Lined) -> str:
    prefixes = {"patients": "patients", "seances": "sessions", "emcs": "emcs"}
    return prefixes[file.file.name.split("_")[0]]


def _told_small(
    small: list[Spoiled], lined: list[tuple[str, Lined]], mechanism: str
) -> Iterable[dict[str, object]]:
    """Ledger lines of the spoilt deliveries; the row's lines elsewhere are innocent."""
    for one in small:
        if one.kind is None or one.variant is None:
            continue
        place = one.place
        row = ("sessions", place.session if place.session is not None else -1)
        innocents = [
            f"{name}/{file.file.name}:{file.lines[row]}"  # type: ignore[index]
            for name, file in lined
            if row in file.lines
        ]
        innocents += [
            f"{other.name}/{other.small.sessions.name}:{other.line_of(place.session)}"
            for other in small
            if other is not one and place.session in other.small.places.tolist()
        ]
        yield ledger.line_of(
            one.defect_id, one.kind, one.variant, mechanism,
            delivery=one.name, file=place.file, line=place.line, column=place.column,
            true=place.true, injected=place.injected, innocents=innocents, arrival=one.arrival,
        )  # fmt: skip


def _writers_own(
    lined: list[tuple[str, Lined]], small: list[Spoiled]
) -> Iterable[dict[str, object]]:
    """What the clean writer does that is in the catalogue too, under the defect number 0.

    Its workbook has a title and merges what a patient's visits repeat, and it writes NR and ND.
    """
    titled, merged, words = (catalogue.load()[number] for number in (19, 59, 28))
    workbooks = [(name, file.file.name) for name, file in lined if _table_of(file) == "emcs"]
    workbooks += [(one.name, one.small.book_name) for one in small if one.small.book is not None]
    for name, file_name in workbooks:
        for kind in (titled, merged):
            yield ledger.line_of(0, kind, kind.variants[0], "writer", delivery=name, file=file_name)
    tables = [(1, name, file.file.name, rows_of(file.file)) for name, file in lined]
    for one in small:
        parts = [(one.arrival, one.small), *([(1, one.before)] if one.before else [])]
        for arrival, part in parts:
            damaged = set() if one.is_read_whole else part.absent | set(part.bytes_of)
            for sheet in (part.patients, part.sessions):
                if sheet.name in damaged:
                    continue
                rows = [*[[""]] * len(sheet.above), sheet.header, *sheet.rows]
                tables.append((arrival, part.delivery.name, sheet.name, rows))
    for arrival, name, file_name, rows in tables:
        for line, column, word in own_words(rows):
            yield ledger.line_of(
                0, words, words.variants[0], "writer", delivery=name, file=file_name,
                line=line, column=column, true="", injected=word, arrival=arrival,
            )  # fmt: skip
