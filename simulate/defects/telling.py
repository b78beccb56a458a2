"""What the ledger is told: one line a defect, delivery and place.

Here: the lines of defects in rows, of spoilt deliveries, and of the clean writer's own habits. Not
here: choosing and placing defects (`inject.py`), the ledger's columns and files (`ledger.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulate.defects import catalogue, ledger
from simulate.defects.catalogue import Class, Variant
from simulate.defects.changes import Injected
from simulate.defects.spoiled import Spoiled
from simulate.defects.spoiling import Lined
from simulate.defects.words import own_words, rows_of


@dataclass(frozen=True)
class Occurrence:
    """A numbered defect in the clinic's own rows."""

    defect_id: int
    kind: Class
    variant: Variant
    injected: Injected


def told_of_rows(
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
                    one.defect_id, one.kind, one.variant, _chosen_by(mechanism, found.row[1] >= 0),
                    delivery=name, file=file.file.name, line=file.lines.get(found.row),
                    column=found.column, true=found.true, injected=found.injected,
                    innocents=innocents,
                )  # fmt: skip


def _chosen_by(mechanism: str, is_row: bool) -> str:
    """Whole files and habits fall where they fall."""
    return mechanism if is_row else "mcar"


def _table_of(file: Lined) -> str:
    prefixes = {"patients": "patients", "seances": "sessions", "emcs": "emcs"}
    return prefixes[file.file.name.split("_")[0]]


def told_of_files(
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
            one.defect_id, one.kind, one.variant, _chosen_by(mechanism, place.line is not None),
            delivery=one.name, file=place.file, line=place.line, column=place.column,
            true=place.true, injected=place.injected, innocents=innocents, arrival=one.arrival,
        )  # fmt: skip


def told_of_writer(
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
