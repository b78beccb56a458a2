"""Words for codes and texts for numbers.

Belongs here: everything that turns a cell into what a clinician reads. Does not: HTML.
Of a person the page never says more than what was reported: relief below 10 % is called that.
"""

from datetime import date, datetime
from typing import Any

from report.codes import CODES, FIELDS, MISSING_REPORTS
from report.frames import is_missing

MISSING = "–"
SIMULATED = "SIMULATED DATA"
MINUS = "\N{MINUS SIGN}"


def words(code: Any) -> str:
    """Return the reader's words for a code of the data dictionary.

    Codes without an entry are spelled out: underscores become spaces, first letter upper case.
    """
    if is_missing(code):
        return "Missing"
    text = str(code)
    if text in CODES:
        return CODES[text]
    text = text.replace("_pct", " %").replace("_", " ")
    return text[:1].upper() + text[1:]


def world_words(label: Any) -> str:
    """Return the reader's words for the label of a world: 'noise 15 points, half ...'.

    A label is the world's name, then what tells it from the others of its study: field and value
    (`simulate.studies.worlds.labels`). What has no entry stays as it is.
    """
    return ", ".join(_part(part) for part in str(label).split(", "))


def _part(text: str) -> str:
    field, _, value = text.rpartition(" ")
    if field not in FIELDS:
        return CODES.get(text.replace(" ", "_"), text).replace("Replica", "replica")
    template, scale = FIELDS[field]
    if scale is None:
        return template.format(value)
    if float(value) == 0 and f"{field} 0" in CODES:
        return CODES[f"{field} 0"]
    return template.format(f"{scale * float(value):g}".replace("-", MINUS))


def reports_words(law: Any) -> str:
    """Return what a law of missing reports does, as it follows 'reports:'."""
    return MISSING_REPORTS.get(str(law), words(law).lower())


def number(value: Any, digits: int = 1) -> str:
    """Write a number with thousands separated by thin spaces and a true minus sign."""
    if is_missing(value):
        return MISSING
    if abs(float(value)) >= 1e9:
        return f"{float(value):.3g}".replace("-", MINUS)
    text = f"{float(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", MINUS)


def count(value: Any) -> str:
    """Write a count."""
    return number(value, 0)


def share(n: Any, of: Any) -> str:
    """Write n of N with its percentage: '113 of 193 (58.5 %)'."""
    if is_missing(n) or is_missing(of):
        return MISSING
    if float(of) == 0:
        return f"{count(n)} of {count(of)}"
    return f"{count(n)} of {count(of)} ({number(100 * float(n) / float(of))}\N{NO-BREAK SPACE}%)"


def of_n(n: Any) -> str:
    """Write a number of patients in brackets, never broken over lines."""
    return f"(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{count(n)})"


def plus_minus(value: Any, spread: Any, digits: int = 1, spread_digits: int = 1) -> str:
    """Write a value with its SD or standard error, never broken over lines."""
    if is_missing(value):
        return MISSING
    text = number(value, digits)
    if is_missing(spread):
        return text
    return f"{text}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{number(spread, spread_digits)}"


def rate(share: Any, error: Any, n: Any, digits: int = 1) -> str:
    """Write a share of n simulated as percent with its Monte Carlo error: '70.0 ± 10.2 %'.

    Where it is of all or of none, ± would pass its bounds, and it is told with n: '100 % of 20'.
    """
    if is_missing(share):
        return MISSING
    if share in (0, 1):
        return f"{count(100 * share)} % of {count(n)}"
    return plus_minus(100 * share, 100 * error, digits, 1) + " %"


def interval(lo: Any, hi: Any, digits: int = 1) -> str:
    """Write an interval, '[3.1; 6.0]', or the missing mark if a bound is missing."""
    if is_missing(lo) or is_missing(hi):
        return MISSING
    return f"[{number(lo, digits)};\N{NO-BREAK SPACE}{number(hi, digits)}]"


def with_interval(value: Any, lo: Any, hi: Any, digits: int = 1) -> str:
    """Write an estimate with its interval."""
    if is_missing(value):
        return MISSING
    if is_missing(lo) or is_missing(hi):
        return number(value, digits)
    return f"{number(value, digits)} {interval(lo, hi, digits)}"


def p_value(value: Any) -> str:
    """Write a p value with two to three digits, never as 0."""
    if is_missing(value):
        return MISSING
    if value < 0.001:
        return "<\N{NO-BREAK SPACE}0.001"
    return number(value, 3 if value < 0.1 else 2)


def day(value: Any) -> str:
    """Write a date in ISO order; a warehouse may hand it over as midnight of that day."""
    if is_missing(value):
        return MISSING
    return value.strftime("%Y-%m-%d") if isinstance(value, date) else str(value)


def moment(value: Any) -> str:
    """Write date and time in UTC, which is what every stamp of Plateau is in."""
    if is_missing(value):
        return MISSING
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    return day(value)


def pseudonym(patient_id: Any) -> str:
    """Return the first six characters of a pseudonym, which is what the page shows."""
    return str(patient_id)[:6]


def plural(n: int, noun: str) -> str:
    """Write a count with its noun: '1 patient', '12 patients'."""
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"
