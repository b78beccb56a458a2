"""What is odd about a cell that can be read: it is kept as it is, and flagged.

Belongs here: warnings that one cell alone can raise. Does not: repairs and refusals of cells
(`cells`), or warnings that need two cells (`row_rules`).
"""

import re
from collections.abc import Iterator
from datetime import datetime

from expectations.columns import Column
from expectations.dates import skips_two_to_three
from expectations.outcomes import Bad, Cell

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet take a text for a formula (OWASP ASVS 1.2.10)."""

# A dash and a space, or a dash and a whole word: `- va mieux`. `-A1`, `-SOMME(...)` are formulas.
_LIST_ITEM = re.compile(r"-(?:\s|[^\W\d_]+(?![\w(|!:$]))")
_PHONE = re.compile(r"(?<!\d)(?:(?:\+|00)33[ .]?(?:\(0\)[ .]?)?|0)[1-9](?:[ .-]?\d{2}){4}(?!\d)")
_NINE_DIGITS = re.compile(r"(?:[\dABab][ .()-]{0,3}){9}")  # the fewest of a telephone number
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[a-zA-Z]{2,24}\b")
# Sex, year, month, department (Corsica 2A, 2B), commune, order, and optionally the key.
_NIR = re.compile(
    r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d) ?(?:\d{2}|2[AaBb]) ?\d{3} ?\d{3}"
    r"(?: ?\d{2})?(?!\d)"
)


def warnings_of(text: str, cell: Cell, column: Column) -> Iterator[str]:
    """Yield the rules that warn of one cell.

    Parameters
    ----------
    text, cell, column
        The cell as written, what reading it came to, and its column of the dictionary.

    Yields
    ------
    str
        Rule id; nothing for a missing or a bad cell.
    """
    if isinstance(cell, Bad) or cell.value is None:
        return
    value = cell.value
    if column.fraction_rule and isinstance(value, float) and 0 < value < 1:
        yield column.fraction_rule
    elif isinstance(value, datetime):
        if value.hour == 2 and skips_two_to_three(value.date()):
            yield "time_does_not_exist"
    elif column.type in ("text", "free_text"):
        yield from _warnings_of_text(text, column)


def _warnings_of_text(text: str, column: Column) -> Iterator[str]:
    # a lone dash or plus is somebody's `nothing`, and no formula
    is_prose = len(text.strip()) <= 1 or _LIST_ITEM.match(text)
    if text.startswith(FORMULA_STARTS) and not is_prose:
        yield "formula_text"
    if "\ufffd" in text:
        yield "text_lossy"
    if column.type == "free_text" and holds_identifier(text):
        yield "free_text_identifier"


def holds_identifier(text: str) -> bool:
    """Whether a text holds what looks like a French telephone number, an e-mail address or a NIR.

    Names are not looked for: that would need a list of people.
    """
    if "@" in text and _EMAIL.search(text):
        return True
    has_digits = _NINE_DIGITS.search(text) is not None
    return has_digits and any(pattern.search(text) for pattern in (_PHONE, _NIR))
