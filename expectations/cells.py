"""Text of one cell -> Ok, Repaired or Bad.

Belongs here: numbers, codes, booleans, identifiers, missing tokens, and the choice of parser for a
column. A repair changes spelling, never meaning; whatever would need a guess is Bad. Does not:
anything that needs a second cell, a second row or a file.
"""

import math
import re
from datetime import date, datetime

from expectations.columns import Column, fold_header
from expectations.dates import parse_date, parse_datetime, parse_time
from expectations.outcomes import Bad, Cell, Ok, Repaired, Value

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
    "parse_time",
]

LONGEST_CELL = 64_000  # characters; a longer one is a swallowed line, not a remark
LONGEST_NUMBER = 30
LONGEST_TOKEN = 12  # of a missing value; longer cells are not folded to look

_NUMBER = re.compile(r"-?[0-9]+(?:([.,])[0-9]+)?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:\s[0-9]{3})+(?:[.,][0-9]+)?")
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
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
    clean = text.strip()
    if not clean:
        return Ok(column.empty_code)
    if len(text) > LONGEST_CELL:
        return Bad("cell_too_long", f"longer than {LONGEST_CELL} characters")
    if len(clean) <= LONGEST_TOKEN and fold_header(clean) in column.folded_tokens:
        return Ok(None, "missing_token")
    cell = _parse(clean, column, pivot_year, native)
    if not isinstance(cell, Bad) and column.not_after_delivery and _is_after(cell.value, not_after):
        return Bad("date_after_delivery", "later than the delivery")
    if isinstance(cell, Ok) and clean != text and column.type != "free_text":
        return Repaired(cell.value, "cell_whitespace")
    return cell


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
            return Ok(clean)


def _is_after(value: Value, not_after: date | None) -> bool:
    day = value.date() if isinstance(value, datetime) else value
    return not_after is not None and isinstance(day, date) and day > not_after


def parse_decimal(text: str, column: Column, *, native: bool = False) -> Cell:
    """Read a decimal with a comma; a point, a percent sign and grouping spaces are repaired.

    A value outside the column's range is Bad under `column.range_rule`, never clipped.
    """
    number, repair = text, None
    if column.unit == "pct" and number.endswith("%"):
        number, repair = number[:-1].rstrip(), "number_percent_sign"
    if len(number) <= LONGEST_NUMBER and _GROUPED.fullmatch(number):
        number, repair = "".join(number.split()), repair or "cell_whitespace"
    match = _NUMBER.fullmatch(number)
    if not match or len(number) > LONGEST_NUMBER:
        return Bad("number_format", "not a number")
    if match[1] == "." and not native:
        repair = repair or "number_decimal_point"
    return _in_range(float(number.replace(",", ".")) + 0.0, column, repair)  # no -0.0


def parse_integer(text: str, column: Column, *, native: bool = False) -> Cell:
    """Read a whole number; `30,0` is repaired, `30,5` is Bad."""
    cell = parse_decimal(text, column, native=native)
    if isinstance(cell, Bad):
        return cell
    assert isinstance(cell.value, float)
    if not cell.value.is_integer():
        return Bad("number_not_whole", "not a whole number")
    whole = int(cell.value)
    if isinstance(cell, Repaired):
        return Repaired(whole, cell.rule_id)
    written_whole = native or "," not in text
    return Ok(whole) if written_whole else Repaired(whole, "number_whole_decimals")


def _in_range(value: float, column: Column, repair: str | None) -> Cell:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    if not low <= value <= high:
        return Bad(column.range_rule, f"outside {low:g} to {high:g}")
    return Repaired(value, repair) if repair else Ok(value)


def parse_code(text: str, column: Column) -> Cell:
    """Read a code of a list; other spellings, case and accents are repaired.

    A UTF-8 text that was decoded as cp1252 (`cÃ©phalÃ©e`) is put right if it then is in the list.
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
    return Bad("code_unknown", "not in the list of codes")


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
