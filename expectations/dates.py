"""Dates and times as a French clinic writes them.

Belongs here: text to date, datetime and time of day. Day first, always: `03/04/2019` is 3 April
in whatever file. Does not: comparing dates, time zones (clinic times stay local and naive).
"""

import re
from datetime import date, datetime

from expectations.outcomes import Bad, Cell, Ok, Repaired

EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)

_FRENCH = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_FRENCH_DATETIME = re.compile(r"([0-9./-]+)\s+([0-9]{1,2})[:hH]([0-9]{2})(?::([0-9]{2}))?")
_ISO_DATETIME = re.compile(r"([0-9-]{10})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?")
_TIME = re.compile(r"([0-9]{1,2})\s*[:hH]\s*([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?")


def parse_date(text: str, *, pivot_year: int, native: bool = False) -> Cell:
    """Read a date dd/mm/yyyy.

    Parameters
    ----------
    text
        Cell without outer spaces.
    pivot_year
        Two-digit years fall in the hundred years that end with this year.
    native
        The cell was a date object that the reader wrote in ISO form, so ISO needs no repair.

    Returns
    -------
    Cell
        Ok for dd/mm/yyyy; Repaired for ISO, other separators, missing zeros and two-digit years;
        Bad for a day that is in no calendar and for anything else.
    """
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
        return _calendar(year, month, day, None if native else "date_iso")
    if not (match := _FRENCH.fullmatch(text)):
        return Bad("date_format", "not a date dd/mm/yyyy")
    day_text, separator, month_text, year_text = match.groups()
    year = int(year_text)
    if len(year_text) == 2:
        year = pivot_year - (pivot_year - year) % 100
        return _calendar(year, int(month_text), int(day_text), "date_two_digit_year")
    as_specified = separator == "/" and len(day_text) == len(month_text) == 2
    return _calendar(year, int(month_text), int(day_text), None if as_specified else "date_variant")


def _calendar(year: int, month: int, day: int, repair: str | None) -> Cell:
    try:
        value = date(year, month, day)
    except ValueError:
        return Bad("date_impossible", "no such day in the calendar")
    if not EARLIEST <= value <= LATEST:
        return Bad("date_impossible", f"year outside {EARLIEST.year} to {LATEST.year}")
    return Repaired(value, repair) if repair else Ok(value)


def parse_datetime(text: str, *, pivot_year: int, native: bool = False) -> Cell:
    """Read a local date and time dd/mm/yyyy HH:MM; arguments and outcomes as for `parse_date`."""
    match = _ISO_DATETIME.fullmatch(text) or _FRENCH_DATETIME.fullmatch(text)
    if not match:
        return Bad("date_format", "not a date and time dd/mm/yyyy HH:MM")
    day_text, hour, minute, second = match.groups()
    day = parse_date(day_text, pivot_year=pivot_year, native=native)
    if isinstance(day, Bad):
        return day
    assert isinstance(day.value, date)
    try:
        value = datetime(
            day.value.year, day.value.month, day.value.day, int(hour), int(minute), int(second or 0)
        )
    except ValueError:
        return Bad("time_format", "no such time of day")
    if isinstance(day, Repaired):
        return Repaired(value, day.rule_id)
    as_specified = native or re.fullmatch(r".{10} [0-9]{2}:[0-9]{2}", text)
    return Ok(value) if as_specified else Repaired(value, "time_variant")


def parse_time(text: str, *, native: bool = False) -> Cell:
    """Read a local time of day as 'HH:MM'; `9h30` and seconds are repaired."""
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return Bad("time_format", "not a time HH:MM")
    value = f"{int(match[1]):02d}:{match[2]}"
    return Ok(value) if native or text == value else Repaired(value, "time_variant")
