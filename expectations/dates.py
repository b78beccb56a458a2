"""Dates and times as a French clinic writes them.

Belongs here: text to date, datetime and time of day. Day first, always: `03/04/2019` is 3 April
in whatever file. Clinic times stay local and naive. Does not: comparing dates of two cells.
"""

import re
from datetime import date, datetime, time
from functools import lru_cache

from expectations.columns import fold_accents
from expectations.outcomes import Bad, Cell, Ok, Repaired

EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
LONGEST_NAMED = 24  # characters of a date with its month in letters

_FRENCH = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_FRENCH_DATETIME = re.compile(r"([0-9./-]+)\s+([0-9]{1,2})[:hH]([0-9]{2})(?::([0-9]{2}))?")
_ISO_DATETIME = re.compile(r"([0-9-]{10})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?")
_NAMED = re.compile(r"([0-9]{1,2})(?:er)?[ .-]+([a-z]{3,9})\.?[ .-]+([0-9]{4})")
# Months that French and English write in letters; no word of one is another month of the other.
_MONTH_OF = {
    word: month
    for month, words in enumerate(
        [
            "janvier janv jan january",
            "fevrier fevr fev february feb",
            "mars march mar",
            "avril avr april apr",
            "mai may",
            "juin june jun",
            "juillet juil july jul",
            "aout august aug",
            "septembre sept september sep",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ],
        start=1,
    )
    for word in words.split()
}
_SPECIFIED_DATETIME = re.compile(r".{10} [0-9]{2}:[0-9]{2}")
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
        Ok for dd/mm/yyyy; Repaired for ISO, other separators, missing zeros, two-digit years and
        months in letters; Bad for a day that is in no calendar and for anything else.
    """
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
        return _calendar(year, month, day, None if native else "date_iso")
    if not (match := _FRENCH.fullmatch(text)):
        return _parse_month_in_letters(text)
    day_text, separator, month_text, year_text = match.groups()
    year = int(year_text)
    if len(year_text) == 2:
        year = pivot_year - (pivot_year - year) % 100
        return _calendar(year, int(month_text), int(day_text), "date_two_digit_year")
    as_specified = separator == "/" and len(day_text) == len(month_text) == 2
    return _calendar(year, int(month_text), int(day_text), None if as_specified else "date_variant")


def _parse_month_in_letters(text: str) -> Cell:
    """Read `3 avril 2019` or `03-Apr-2019`; a month in letters cannot be taken for a day."""
    match = _NAMED.fullmatch(fold_accents(text)) if len(text) <= LONGEST_NAMED else None
    month = _MONTH_OF.get(match[2]) if match else None
    if match is None or month is None:
        return Bad("date_format", "not a date dd/mm/yyyy")
    return _calendar(int(match[3]), month, int(match[1]), "date_month_name")


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
    day = _parse_day(day_text, pivot_year, native)
    if isinstance(day, Bad):
        return day
    assert isinstance(day.value, date)
    try:
        value = datetime.combine(day.value, time(int(hour), int(minute), int(second or 0)))
    except ValueError:
        return Bad("time_format", "no such time of day")
    if isinstance(day, Repaired):
        return Repaired(value, day.rule_id)
    as_specified = native or _SPECIFIED_DATETIME.fullmatch(text)
    return Ok(value) if as_specified else Repaired(value, "time_variant")


@lru_cache(maxsize=20_000)
def _parse_day(text: str, pivot_year: int, native: bool) -> Cell:
    # a day has hundreds of times
    return parse_date(text, pivot_year=pivot_year, native=native)


def parse_time(text: str, *, native: bool = False) -> Cell:
    """Read a local time of day as 'HH:MM'; `9h30` and seconds are repaired."""
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return Bad("time_format", "not a time HH:MM")
    value = f"{int(match[1]):02d}:{match[2]}"
    return Ok(value) if native or text == value else Repaired(value, "time_variant")


def skips_two_to_three(day: date) -> bool:
    """Whether clocks in France go from 02:00 to 03:00 on this day: the last Sunday of March."""
    return day.month == 3 and day.day >= 25 and day.weekday() == 6
