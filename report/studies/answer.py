"""The answer of a study in one sentence: the words of its file, with every number in its place.

Belongs here: how a number is told with its uncertainty, and what its signs mean. Does not: any
number, or any sentence of a study's own.
"""

import math
from collections.abc import Mapping
from string import Formatter
from typing import Any

import pandas as pd

from report.frames import is_missing, records
from report.wording import (
    MISSING,
    count,
    number,
    plural,
    plus_minus,
    reports_words,
    words,
    world_words,
)

NO_NUMBER = "no number"


def sentence(says: str, figures: pd.DataFrame, about: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the sentence.

    Parameters
    ----------
    says
        Its words, with places `{figure}` and `{figure.column}`.
    figures
        One row a figure: name, is_share, how (`one`, `spread`, `range`, `absent`), estimate, mcse,
        lo, hi, lo_mcse, hi_mcse.
    about
        What may be quoted, by figure and column.
    """
    rows = {row["name"]: row for row in records(figures)}
    parts = []
    for text, place, _, _ in Formatter().parse(says.strip()):
        parts.append(text)
        if place is not None:
            name, _, column = place.partition(".")
            parts.append(quoted(column, about[name][column]) if column else told(rows[name]))
    return "".join(parts).replace(" %", "\N{NO-BREAK SPACE}%")


def without_cell(why: str) -> str:
    """Say that a changed study has no cell for its answer."""
    return f"This what-if has no cell that its answer asks for: {why}."


def not_run(worlds: int, command: str) -> str:
    """Say what is missing of the answer, and the command that makes it."""
    return f"Not answered yet: {plural(worlds, 'world')} of it not run; `{command}` does."


PUBLISHED, OWN = "that the published figures leave possible", "drawn from this centre’s posterior"
"""What the worlds are whose mean and spread a sentence tells."""


def signs(
    figures: pd.DataFrame, has_differences: bool, is_single: bool, worlds: str = PUBLISHED
) -> list[str]:
    """Say what the signs in the sentence mean, only those that stand in it.

    Parameters
    ----------
    figures
        As above.
    has_differences, is_single
        Whether a figure is the difference of two; whether a world has one replicate alone.
    worlds
        What they are.
    """
    if figures.empty:
        return []
    ways, said = set(figures["how"]), []
    if is_single:
        said.append("One replicate a world says nothing of its Monte Carlo error: run more.")
    if (figures["estimate"].notna() & figures[["lo", "hi"]].notna().any(axis=1))[
        figures["how"] == "one"
    ].any():
        said.append("In square brackets: what it may be within the Monte Carlo error.")
    if (figures["estimate"].isna() & (figures["how"] == "one")).any():
        said.append(
            "Two sizes joined by “to” are studied ones: the smaller surely lacks the power and the "
            "larger surely has it, by two Monte Carlo errors; the study’s size command searches "
            "between them."
        )
    if "spread" in ways:
        n = int(figures.loc[figures["how"] == "spread", "n_worlds"].max())
        said.append(
            f"Means over {plural(n, 'world')} {worlds}; nine of ten lie between the numbers in "
            "brackets, which more cohorts do not narrow."
        )
    if "range" in ways:
        n = int(figures.loc[figures["how"] == "range", "n_worlds"].max())
        said.append(
            f"“To” joins the least and the most of {plural(n, 'world')}; ± is then the larger "
            "error of the two."
        )
    if has_differences:
        said.append(
            "Errors of differences are at most those given: what is compared shares its cohorts."
        )
    return said


def told(row: Mapping[str, Any]) -> str:
    """Write one figure with its uncertainty."""
    if row["how"] == "absent":
        return NO_NUMBER
    scale = 100.0 if row["is_share"] else 1.0
    value, error, lo, hi = (scale * row[name] for name in ("estimate", "mcse", "lo", "hi"))
    if row["how"] == "range":
        error = scale * max(row["lo_mcse"], row["hi_mcse"])
        digits = digits_of(error, hi)
        low, high = number(lo, digits), number(hi, digits)
        if low == high:
            return plus_minus(lo, error, digits, digits)
        return f"{low} to {plus_minus(hi, error, digits, digits)}"
    if is_missing(value):
        return _between(lo, hi)
    digits = digits_of(error, value)
    if row["how"] == "spread" and is_missing(error):  # a whole number of each world
        return f"{number(value)} ({count(lo)} to {count(hi)})"
    if row["how"] == "spread":
        coarse = min(digits, 1) if abs(value) >= 1 else digits
        low, high = number(lo, coarse), number(hi, coarse)
        ends = "" if low == high else f" ({low} to {high})"
        return f"{plus_minus(value, error, digits, digits)}{ends}"
    if not (is_missing(lo) or is_missing(hi)):
        bounds = "" if lo == hi else f" [{count(lo)}; {count(hi)}]"
        return f"{number(value, digits)}{bounds}"
    if row["is_share"] and value in (0.0, 100.0) and not is_missing(error):
        edge = (
            f"up to {number(2 * error, 1)}"
            if value == 0
            else f"at least {number(100 - 2 * error, 1)}"
        )  # noqa: E501
        return f"{count(value)} ({edge})"
    return plus_minus(value, error, digits, digits)


def _between(lo: float, hi: float) -> str:
    """Write what is known of a number that lies between two that were studied."""
    if is_missing(lo) and is_missing(hi):
        return NO_NUMBER
    if is_missing(lo):
        return f"at most {count(hi)}"
    if is_missing(hi):
        return f"more than {count(lo)}"
    return f"{count(lo)} to {count(hi)}"


def digits_of(error: float, value: float) -> int:
    """Return decimals up to the first digit of the error, or the one after a leading 1.

    No more than four digits are told in all; without an error three.
    """
    if not is_missing(error) and error > 0:
        most = 4 if is_missing(value) or value == 0 else 3 - math.floor(math.log10(abs(value)))
        return max(min(-math.floor(math.log10(error / 2)), most, 4), 0)
    if is_missing(value) or float(value).is_integer():
        return 0
    return 1 if abs(value) >= 10 else 2


def quoted(column: str, value: Any) -> str:
    """Write what a cell or a world is of."""
    if is_missing(value):
        return MISSING
    if column == "world":
        return world_words(value)
    if column == "missing":
        return reports_words(value)
    if isinstance(value, str):
        return words(value)
    if float(value).is_integer():
        return count(value)
    return f"{float(value):g}"
