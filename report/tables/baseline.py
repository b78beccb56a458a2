"""Table 1: who the analysed patients are.

Belongs here: order of the characteristics, nesting, the missing rows and the denominators. Does
not: any summary; the numbers are those of `estimate_baseline`.
"""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from report.estimates import Estimate, Estimates, mean_sd
from report.frames import is_missing
from report.tables.layout import table
from report.wording import MISSING, count, number, words

MEASURED = {
    "age_years": "Age, years",
    "pain_duration_years": "Pain duration, years",
    "nrs_initial": "Pain intensity, numeric rating scale (0 to 10)",
    "gnpsi_baseline": "Global NPSI (0 to 100)",
    "burning_baseline": "Superficial burning pain (0 to 10)",
    "deep_baseline": "Deep or pressing pain (0 to 10)",
    "paroxysmal_baseline": "Paroxysmal pain (0 to 10)",
    "evoked_baseline": "Evoked pain (0 to 10)",
    "paresthesia_baseline": "Paresthesia or dysesthesia (0 to 10)",
}
CODED = {
    "sex": "Sex",
    "laterality": "Side of the pain",
    "topography": "Topography of the pain",
    "lesion_level": "Level of the lesion",
    "lesion_site": "Site of the lesion",
    "aetiology": "Aetiology",
    "most_painful_component": "Most painful NPSI component",
}
NESTED = ("lesion_site", "aetiology")
ORDER = (
    *("age_years", "sex", "pain_duration_years", "laterality", "topography", "lesion_level"),
    *("lesion_site", "aetiology", "nrs_initial", "gnpsi_baseline", "burning_baseline"),
    *("deep_baseline", "paroxysmal_baseline", "evoked_baseline", "paresthesia_baseline"),
    "most_painful_component",
)
LEVELS = ("central", "peripheral", "mixed")
NOTES = (
    "Measured characteristics: mean ± SD of the patients observed. "
    "Coded characteristics: % of the column total of patients observed (n).",
    "The denominator of every percentage is the number observed, printed in the last column; "
    "site and aetiology are nested: their denominator is the level of lesion named beside them.",
    "Missing values stand in a row of their own and are in no mean and no percentage.",
)


@dataclass
class _Rows:
    """Lines of the table as they are written."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    indent: list[int] = field(default_factory=list)

    def head(self, text: str, value: str = "", of: str = "") -> None:
        """Add the line of a characteristic."""
        self.heads.append(len(self.lines))
        self.lines.append((text, value, of))

    def inner(self, text: str, value: str, of: str = "") -> None:
        """Add a line set in under the characteristic."""
        self.indent.append(len(self.lines))
        self.lines.append((text, value, of))

    def missing(self, row: Estimate) -> None:
        """Add the line of the missing, if there are any."""
        if not is_missing(row.n_missing) and row.n_missing > 0:
            self.inner("Missing, n", count(row.n_missing))


def baseline_table(estimates: Estimates, n_analysed: Any) -> Any:
    """Return Table 1.

    Parameters
    ----------
    estimates
        `estimate_baseline`.
    n_analysed
        Analysed patients of the flow, for the column head.

    Returns
    -------
    great_tables.GT
        One line a measured characteristic; one a code, set in under its characteristic. Nested
        characteristics have a block for each level of lesion.
    """
    rows = _Rows()
    for column in ORDER:
        if column in MEASURED:
            _measured(rows, estimates, column)
        elif column in NESTED:
            for level in LEVELS:
                _coded(rows, estimates, column, level)
        else:
            _coded(rows, estimates, column, "all")
    head = f"Analysed, N = {count(n_analysed)}"
    return table(
        pd.DataFrame(rows.lines, columns=["head", "value", "of"]),
        "table-1",
        "Table 1. Patients before the first session",
        {"head": "Characteristic", "value": head, "of": "n observed"},
        stub="head",
        notes=NOTES,
        bold=rows.heads,
        indent=rows.indent,
    )


def _measured(rows: _Rows, estimates: Estimates, column: str) -> None:
    mean = estimates.get("baseline", "all", f"{column}.mean")
    if is_missing(mean.n):
        return
    value = mean_sd(mean, estimates.get("baseline", "all", f"{column}.sd"))
    rows.head(f"{MEASURED[column]}, mean ± SD", value, count(mean.n))
    rows.missing(mean)


def _coded(rows: _Rows, estimates: Estimates, column: str, population: str) -> None:
    """Add a coded characteristic; a level of lesion that nobody has is left out."""
    codes = estimates.codes("baseline", population, column)
    last = estimates.get("baseline", population, column)
    if not codes and not last.n_missing:
        return
    nested = "" if population == "all" else f", {population} lesion"
    rows.head(f"{CODED[column]}{nested}, % (n)")
    for code in codes:
        last = estimates.get("baseline", population, f"{column}={code}.n")
        percent = estimates.get("baseline", population, f"{column}={code}.percent")
        rows.inner(words(code), _percent_n(percent, last), count(last.n))
    rows.missing(last)


def _percent_n(percent: Estimate, n: Estimate) -> str:
    if is_missing(n.estimate):
        return MISSING
    return f"{number(percent.estimate)} ({count(n.estimate)})"
