"""One cell of a worksheet's XML: text, number, date or percent, as stored.

Belongs here: shared and inline strings, saved results of formulas, serial dates by number format.
Does not: rows and ranges (`sheets`), what a column means (`sheet_columns`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Literal

from expectations.outcomes import FORMULA_NO_VALUE

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_WHOLE = 1e15  # beyond, a spreadsheet no longer holds every whole number

Kind = Literal["text", "number", "date", "percent"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as stored; `number` is its value where it is one, whatever its format."""

    text: str
    kind: Kind = "text"
    number: float | None = None


EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Styles:
    """What the cells of a workbook share: strings, kinds of number formats, the day 0."""

    strings: Sequence[str]
    kinds: Sequence[Kind]
    epoch: datetime


def local(element: Element) -> str:
    """Name of an element without its namespace, which differs between transitional and strict."""
    return str(element.tag).rpartition("}")[2]


def string_of(element: Element) -> str:
    """Text of a shared or inline string: its runs, without phonetic readings."""
    parts = []
    for child in element:
        if local(child) == "t":
            parts.append(child.text or "")
        elif local(child) == "r":
            parts.extend(t.text or "" for t in child if local(t) == "t")
    return "".join(parts)


def read_cell(element: Element, styles: Styles) -> Cell:
    """Read a `c` element.

    Raises
    ------
    ValueError, IndexError
        It names a string or a style that is not there.
    """
    value: str | None = None
    is_formula, inline = False, ""
    for child in element:
        match local(child):
            case "v":
                value = child.text or ""
            case "f":
                is_formula = True
            case "is":
                inline = string_of(child)
    kind = element.get("t", "n")
    if is_formula and (value is None or (not value and kind != "str")):
        return Cell(FORMULA_NO_VALUE)
    if kind == "inlineStr":
        return Cell(inline)
    if not value:
        return EMPTY
    if kind == "n":
        return _number(value, styles, int(element.get("s") or 0))
    return Cell(_text(value, kind, styles))


def _text(value: str, kind: str, styles: Styles) -> str:
    match kind:
        case "s":
            index = int(value)
            if index < 0:
                raise ValueError("a string has no place")
            return styles.strings[index]
        case "b":
            return "FALSE" if value == "0" else "TRUE"
        case "d":
            return value.removesuffix("Z").removesuffix("T00:00:00").replace("T", " ")
    return value  # a formula's text, or an error such as #N/A


def _number(value: str, styles: Styles, style: int) -> Cell:
    try:
        number = float(value)
    except ValueError:
        return Cell(value)
    if not math.isfinite(number):
        return Cell(value)
    kind = styles.kinds[style] if 0 <= style < len(styles.kinds) else "number"
    if kind == "date" and (written := date_text(number, styles.epoch)):
        return Cell(written, "date", number)
    return Cell(number_text(number), "number" if kind == "date" else kind, number)


def number_text(number: float) -> str:
    """A stored number as a French clinic writes it: decimal comma, the 15 digits of Excel."""
    if number.is_integer() and abs(number) < _WHOLE:
        return str(int(number))
    return f"{number:.15g}".replace(".", ",")


def date_text(serial: float, epoch: datetime) -> str:
    """ISO text of a serial date, date and time, or time of day; '' where there is no such day."""
    from openpyxl.utils.datetime import from_excel

    try:
        moment = from_excel(serial, epoch)
    except (OverflowError, ValueError):
        return ""
    if isinstance(moment, time):
        return moment.isoformat("minutes")
    if moment.time() == time():
        return moment.date().isoformat()
    return moment.isoformat(" ", "minutes")
