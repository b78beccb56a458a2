"""Numbers as a French clinic writes them.

Belongs here: text to decimal and whole number, and the range of a column. Does not: the choice of
a parser for a column (`cells`), or what is unusual but possible.
"""

import math
import re

from expectations.columns import Column
from expectations.outcomes import Bad, Cell, Ok, Repaired

LONGEST_NUMBER = 30
_NUMBER = re.compile(r"-?[0-9]+(?:([.,])[0-9]+)?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:\s[0-9]{3})+(?:[.,][0-9]+)?")


def parse_decimal(text: str, column: Column, *, native: bool = False) -> Cell:
    """Read a decimal with a comma; a point, a percent sign and grouping spaces are repaired.

    A value outside the column's range is Bad under `column.range_rule`, never clipped; a negative
    one under `column.negative_rule` where the column has one.
    """
    number, repair = text, None
    if column.unit == "pct" and number.endswith("%"):
        number, repair = number[:-1].rstrip(), "number_percent_sign"
    if len(number) <= LONGEST_NUMBER and _GROUPED.fullmatch(number):
        number, repair = "".join(number.split()), repair or "number_grouped"
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
    if value < 0 and low >= 0 and column.negative_rule:
        return Bad(column.negative_rule, "below 0")
    if not low <= value <= high:
        return Bad(column.range_rule, f"outside {low:g} to {high:g}")
    return Repaired(value, repair) if repair else Ok(value)
