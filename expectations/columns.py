"""One column of the data dictionary.

Belongs here: what the dictionary may say of a column, and the folding that makes spellings of a
header or a code equal. Does not: tables, files, the judging of cells.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

MISSING_TOKENS = ("NR", "ND", "non fait", "-", "9999")

ColumnType = Literal[
    "text", "identifier", "date", "datetime", "time", "decimal", "integer", "code", "boolean",
    "free_text",
]  # fmt: skip
_STRICT = ConfigDict(extra="forbid")
_IGNORED = str.maketrans("", "", "_°º\ufeff")


def fold_accents(text: str) -> str:
    """Fold case and accents and nothing else: `Exporté le` -> `exporte le`."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return text.casefold()


def fold_header(text: str) -> str:
    """Fold case, accents, spaces, underscores and the degree sign: `N° séance` -> `nseance`."""
    return "".join(fold_accents(text.translate(_IGNORED)).split())


@dataclass(frozen=True, config=_STRICT)
class Column:
    """One column of a delivery, under its warehouse name.

    Attributes
    ----------
    name
        Warehouse name, the same from raw to report.
    type
        How a cell is read (see `cells`).
    headers
        The clinic's headers: set A, set B (before and after about 2016), then aliases. With one
        header both sets are the same. Empty for a derived column.
    description
        One sentence for a reader of the warehouse, with the clinical caveat.
    unit
        `pct`, `days`, `years`, ...; only `pct` allows a percent sign in a cell.
    minimum, maximum
        Inclusive ends of the possible range; a value outside is quarantined, never clipped.
    plausible
        Inclusive ends of what is usual; a value outside is kept and reported.
    form
        Regular expression that a whole text must match, and `form_said` says it in words: a cell
        of another column that slipped in here must not pass for a text of this one.
    codes
        Warehouse code -> spellings, the official one first.
    required
        The header must be there and the cell must hold a readable value, else the row goes.
    header_required
        The header must be there; its cells may be empty.
    optional
        Absent without a warning.
    identifying
        Goes to the vault and never enters the warehouse.
    not_after_delivery
        A date later than the delivery is impossible.
    tokens
        Whether the missing tokens apply; initials may well be `ND`.
    missing_tokens
        More spellings of a missing value, for this column alone.
    empty_code
        Code that an empty cell stands for.
    range_rule
        Rule that a value outside minimum..maximum breaks.
    negative_rule
        Rule that a negative value breaks, where that says something else than a slip of the pen.
    fraction_rule
        Rule that warns of a value strictly between 0 and 1 on a scale of 0 to 100.
    conflict_rule
        Rule under which two rows of one key go when they differ in this column.
    dates_record
        The day of the record: of the session or of the visit.
    restarts_after_days
        A number of the key that comes back more than this many days later is another record.
    width
        Digits to which an identifier is filled with leading zeros.
    derived_from
        Column whose presence this one states (`has_complication`).
    """

    name: str
    type: ColumnType
    description: str
    headers: tuple[str, ...] = ()
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    plausible: tuple[float | None, float | None] | None = None
    form: str | None = None
    form_said: str = ""
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: bool = False
    header_required: bool = False
    optional: bool = False
    identifying: bool = False
    not_after_delivery: bool = False
    tokens: bool = True
    missing_tokens: tuple[str, ...] = ()
    empty_code: str | None = None
    range_rule: str = "value_range"
    negative_rule: str | None = None
    fraction_rule: str | None = None
    conflict_rule: str | None = None
    dates_record: bool = False
    restarts_after_days: int | None = None
    width: int = 0
    derived_from: str | None = None

    def __post_init__(self) -> None:
        """Refuse a column that could not be read."""
        if self.type == "code" and not self.codes:
            raise ValueError("a code column needs `codes`")
        if (self.form is not None) != bool(self.form_said) or (self.form and self.type != "text"):
            raise ValueError("`form` needs `form_said`, and is for a text column")
        ends = (self.minimum, self.maximum)
        if self.type == "integer" and not all(e is not None and abs(e) < 2**31 for e in ends):
            raise ValueError("an integer column needs a range that its SQL type holds")
        if not self.headers and self.derived_from is None:
            raise ValueError("a column needs `headers` or `derived_from`")
        spellings = [s for group in self.codes.values() for s in {fold_header(g) for g in group}]
        if len(spellings) != len(set(spellings)):
            raise ValueError("two codes share a spelling")

    @property
    def header_a(self) -> str:
        """Header in the older export, set A."""
        return self.headers[0]

    @property
    def header_b(self) -> str:
        """Header in the newer export, set B."""
        return self.headers[min(1, len(self.headers) - 1)]

    @cached_property
    def folded_tokens(self) -> frozenset[str]:
        """Folded spellings of a missing value."""
        tokens = (*MISSING_TOKENS, *self.missing_tokens) if self.tokens else self.missing_tokens
        return frozenset(fold_header(token) for token in tokens)

    @cached_property
    def code_of(self) -> Mapping[str, str]:
        """Folded spelling -> warehouse code."""
        return {fold_header(s): code for code, group in self.codes.items() for s in group}

    def code_behind(self, pattern: str) -> str | None:
        """Return the one code that has a spelling of this form; None if there is none or several.

        Parameters
        ----------
        pattern
            A text in which `?` stands for one accented character, in any case.
        """
        found = {
            code
            for code, group in self.codes.items()
            if any(_fits(spelling.casefold(), pattern.casefold()) for spelling in group)
        }
        return found.pop() if len(found) == 1 else None


def _fits(spelling: str, pattern: str) -> bool:
    return len(spelling) == len(pattern) and all(
        one == other or (other == "?" and not one.isascii())
        for one, other in zip(spelling, pattern, strict=True)
    )
