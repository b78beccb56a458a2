"""Look-up in the tidy `estimate_*` tables.

Belongs here: how the page addresses one estimate. Does not: computing or wording it.

The tables share the columns analysis, population, term, estimate, se, df, lo, hi, p, method, n,
n_missing, status. The page reads them by (analysis, population, term):

`estimate_baseline`
    analysis 'baseline'; population 'all', or the lesion level whose patients are the denominator;
    term '<column>.mean', '<column>.sd', '<column>=<code>.n', '<column>=<code>.percent'.
`estimate_test_period`
    analysis 'test_period'; population 'all', 'responders' or 'non_responders'; term
    '<outcome>.session_<k>.mean', '.sd', '<outcome>.slope', '<outcome>.slope_difference'.
`estimate_slope`
    analysis the reading, 'as_observed', 'imputed_by_status' or 'imputed_and_worse'; term
    '<outcome>.random_intercept', '<outcome>.random_slope'.
`estimate_odds_ratio`
    analysis 'odds_ratio' (population 'all') and 'responder_share' (population the group, percent);
    term the comparison, '<group>_vs_<group>'.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.frames import records
from report.wording import plus_minus, with_interval

COLUMNS = (
    *("analysis", "population", "term", "estimate", "se", "df", "lo", "hi", "p", "method"),
    *("n", "n_missing", "status"),
)


@dataclass(frozen=True)
class Estimate:
    """One row of an estimate table; any number may be missing.

    Attributes
    ----------
    estimate, lo, hi, p
        Value, interval bounds and p value in the term's own unit.
    n, n_missing
        Patients used and not used for want of a value.
    method, status
        As in the table; status is 'ok' or 'not_estimable: <cause>'.
    """

    estimate: Any = None
    lo: Any = None
    hi: Any = None
    p: Any = None
    n: Any = None
    n_missing: Any = None
    method: str = ""
    status: str = "ok"

    @property
    def cause(self) -> str:
        """Why there is no value; empty if there is one."""
        if self.status == "ok":
            return ""
        return self.status.partition(":")[2].strip().replace("_", " ") or self.status

    def text(self, digits: int = 1) -> str:
        """Value with interval, or 'not estimable: <cause>'."""
        if self.cause:
            return f"not estimable: {self.cause}"
        return with_interval(self.estimate, self.lo, self.hi, digits)


class Estimates:
    """An estimate table addressed by (analysis, population, term).

    Parameters
    ----------
    frame
        Table with the columns of `COLUMNS`.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        fields = ["estimate", "lo", "hi", "p", "n", "n_missing", "method", "status"]
        keys = zip(frame["analysis"], frame["population"], frame["term"], strict=True)
        rows = records(frame[fields])
        self._rows = {key: Estimate(**row) for key, row in zip(keys, rows, strict=True)}

    def get(self, analysis: str, population: str, term: str) -> Estimate:
        """Return the estimate, empty if the table has none."""
        return self._rows.get((analysis, population, term), Estimate())

    def codes(self, analysis: str, population: str, column: str) -> list[str]:
        """Return the codes of a column that have a count, in the table's own order."""
        head = f"{column}="
        return [
            term.removeprefix(head).removesuffix(".n")
            for a, p, term in self._rows
            if a == analysis and p == population and term.startswith(head) and term.endswith(".n")
        ]


def mean_sd(mean: Estimate, sd: Estimate, digits: int = 1) -> str:
    """Write 'mean ± SD' from two estimates."""
    return plus_minus(mean.estimate, sd.estimate, digits, digits)
