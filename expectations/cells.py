"""Text of one cell -> Ok, Repaired or Bad.

Belongs here: codes, booleans, identifiers, missing tokens, and the choice of parser for a column.
A repair changes spelling, never meaning; whatever would need a guess is Bad. Does not: anything
that needs a second cell, a second row or a file; numbers (`numbers`), dates (`dates`), warnings of
readable cells (`cell_warnings`).
"""

import re
from datetime import date, datetime

from expectations.columns import Column, fold_header
from expectations.dates import parse_date, parse_datetime, parse_time
from expectations.numbers import parse_decimal, parse_integer
from expectations.outcomes import FORMULA_NO_VALUE, Bad, Cell, Ok, Repaired, Value

__all__ = [
    "Bad",
    "Cell",
    "Ok",
    "Repaired",
    "Value",
    "parse_boolean",
    "parse_cell",
    "parse_code",
    "parse_date",
    "parse_datetime",
    "parse_decimal",
    "parse_identifier",
    "parse_integer",
    "parse_text",
    "parse_time",
]

LONGEST_CELL = 64_000  # characters; a longer one is a swallowed line, not a remark
LONGEST_TOKEN = 12  # of a missing value; longer cells are not folded to look
LOSSY = "\ufffd?"  # what an export puts in the place of an accented letter that it cannot write

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_FORMULA_ERRORS = frozenset(
    {"#N/A", "#REF!", "#DIV/0!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!"}
    | {"#VALUE!", "#NAME?", "#NUM!", "#NULL!"}
)
_YES = frozenset({"oui", "o", "1", "vrai", "true", "yes", "y"})
_NO = frozenset({"non", "n", "0", "faux", "false", "no"})


def parse_cell(
    text: str,
    column: Column,
    *,
    pivot_year: int,
    native: bool = False,
    not_after: date | None = None,
) -> Cell:
    """Read one cell of a column.

    Parameters
    ----------
    text, column
        The cell as written, outer spaces included, and its column of the dictionary.
    pivot_year
        Last year that a two-digit year can mean.
    native
        A workbook's numbers and dates, written as text: a point and an ISO date are no repair.
    not_after
        Delivery date, for columns that cannot lie after it.

    Returns
    -------
    Cell
        Ok(None) for an empty cell, Ok(None, 'missing_token') for a token such as `NR`. A missing
        value is never 0.
    """
    if (damaged := _damaged(text, column)) is not None:
        return damaged
    clean = text.strip()
    if not clean:
        return Ok(column.empty_code)
    if len(clean) <= LONGEST_TOKEN and fold_header(clean) in column.folded_tokens:
        return Ok(None, "missing_token")
    cell = _parse(clean, column, pivot_year, native)
    if not isinstance(cell, Bad) and column.not_after_delivery and _is_after(cell.value, not_after):
        return Bad("date_after_delivery", "later than the delivery")
    if isinstance(cell, Ok) and clean != text and column.type != "free_text":
        return Repaired(cell.value, "cell_whitespace")
    return cell


def _damaged(text: str, column: Column) -> Cell | None:
    """Return what comes of a cell that no person typed so; None for a whole one."""
    if text == FORMULA_NO_VALUE:
        return Bad("formula_no_value", "a formula whose result was not saved")
    if len(text) > LONGEST_CELL:
        return Bad("cell_too_long", f"longer than {LONGEST_CELL} characters")
    if text.isascii() and text.isprintable() and "#" not in text:
        return None
    if text.strip().upper() in _FORMULA_ERRORS:
        return Bad("formula_error", "an error of the spreadsheet")
    if _CONTROL.search(text) and column.type == "free_text":
        return Repaired(_CONTROL.sub("", text).strip() or None, "cell_control_characters")
    if _CONTROL.search(text):
        return Bad("cell_control_in_value", "control characters in the cell")
    return None


def _parse(clean: str, column: Column, pivot_year: int, native: bool) -> Cell:
    match column.type:
        case "decimal":
            return parse_decimal(clean, column, native=native)
        case "integer":
            return parse_integer(clean, column, native=native)
        case "code":
            return parse_code(clean, column)
        case "date":
            return parse_date(clean, pivot_year=pivot_year, native=native)
        case "datetime":
            return parse_datetime(clean, pivot_year=pivot_year, native=native)
        case "time":
            return parse_time(clean, native=native)
        case "boolean":
            return parse_boolean(clean)
        case "identifier":
            return parse_identifier(clean, column)
        case "text" | "free_text":
            return parse_text(clean, column)


def _is_after(value: Value, not_after: date | None) -> bool:
    day = value.date() if isinstance(value, datetime) else value
    return not_after is not None and isinstance(day, date) and day > not_after


def parse_code(text: str, column: Column) -> Cell:
    """Read a code of a list; other spellings, case and accents are repaired.

    A UTF-8 text that was decoded as cp1252 (`cÃ©phalÃ©e`) is put right if it then is in the list; a
    text that lost its accented letters (`c?phal?e`) if it can be one code of the list alone.
    """
    code = column.code_of.get(fold_header(text))
    if code is not None:
        return Ok(code) if text == column.codes[code][0] else Repaired(code, "code_synonym")
    try:
        decoded = text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        decoded = ""
    code = column.code_of.get(fold_header(decoded))
    if code is not None:
        return Repaired(code, "code_double_encoding")
    if any(mark in text for mark in LOSSY):
        code = column.code_behind(text.replace("\ufffd", "?"))
        if code is not None:
            return Repaired(code, "code_lossy_matched")
        return Bad("code_lossy", "accented letters are lost and no one code fits")
    return Bad("code_unknown", "not in the list of codes")


def parse_text(text: str, column: Column) -> Cell:
    """Read a text as it is; one that is not of its column's form, if it has one, is Bad.

    A row shifted by one field would otherwise carry a name or a remark into the warehouse.
    """
    if column.form is not None and not re.fullmatch(column.form, text):
        return Bad("text_form", f"not {column.form_said}")
    return Ok(text)


def parse_boolean(text: str) -> Cell:
    """Read oui or non; other spellings are repaired."""
    folded = fold_header(text)
    if folded not in _YES | _NO:
        return Bad("code_unknown", "neither oui nor non")
    value = folded in _YES
    return Ok(value) if text in ("oui", "non") else Repaired(value, "code_synonym")


def parse_identifier(text: str, column: Column) -> Cell:
    """Read a patient identifier: `column.width` to 10 digits, lost leading zeros put back.

    Scientific notation has lost digits and is Bad.
    """
    if _SCIENTIFIC.fullmatch(text):
        return Bad("ipp_scientific", "identifier in scientific notation, digits are lost")
    digits = "".join(text.split())
    digits = digits.removesuffix(".0").removesuffix(",0")
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        return Bad("ipp_format", f"not an identifier of {column.width} to 10 digits")
    if len(digits) < column.width:
        return Repaired(digits.zfill(column.width), "ipp_leading_zeros")
    return Ok(digits) if digits == text else Repaired(digits, "ipp_spelling")
