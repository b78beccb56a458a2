"""What the suites of models' tables share: words of their columns, checks of one row.

Belongs here: the shapes that tables of several files repeat. Does not: which table has which
(`curve_suites`, `model_check_suites`, `surgery_suites`).
"""

from collections.abc import Callable

import pandas as pd

from expectations.checks import Check, between, holds_in_rows, is_present, is_unique, one_where

Columns = dict[str, tuple[str, str]]
"""Column -> (SQL type, meaning)."""
Suite = Callable[[], list[Check]]
LOW, MIDDLE, HIGH = "5 % quantile of it", "median of it", "95 % quantile of it"
QUANTILES = ("q05", "q50", "q95")
FIT: Columns = {
    "run_id": ("varchar", "run whose fit the row is of: the last that converged"),
    "fitted_at": ("timestamp", "when it was made, UTC"),
}


def known(holds: pd.Series) -> pd.Series:
    """Return where something is known to hold: a comparison with what is missing is not."""
    return holds.fillna(False).astype(bool)


def names_its_fit() -> list[Check]:
    """Return the checks that every row says of which fit it is."""
    return [is_present("model_fit_named", name, required=False) for name in FIT]


def once(*key: str) -> Check:
    """No two rows have the same key."""
    return is_unique("model_row_once", list(key), required=False)


def scale(low: float | None, high: float | None, *columns: str) -> list[Check]:
    """Return the checks that columns lie on their scale, ends included."""
    return [between("model_scale", name, low, high) for name in columns]


def in_order(*columns: str) -> Check:
    """Quantiles rise, and either all or none are there."""

    def derive(frame: pd.DataFrame) -> pd.Series:
        there = frame[list(columns)].notna()
        return one_where(_rises(frame, columns) & (there.all(axis=1) | ~there.any(axis=1)))

    return holds_in_rows("model_interval_in_order", columns, derive)


def falls(*columns: str) -> Check:
    """Probabilities of reaching more are no larger."""
    rising = columns[::-1]
    return holds_in_rows(
        "model_probabilities_in_order", columns, lambda frame: one_where(_rises(frame, rising))
    )


def part_of(*columns: str) -> Check:
    """Each column counts some of those that the next one counts."""
    return holds_in_rows(
        "model_counts_nested", columns, lambda frame: one_where(_rises(frame, columns))
    )


def number_where(status: str, column: str, good: str, *, always: bool) -> Check:
    """A number stands where the status is good, and only there; `always`: there it must."""

    def derive(frame: pd.DataFrame) -> pd.Series:
        is_good, stands = frame[status] == good, frame[column].notna()
        return one_where((is_good == stands) if always else (is_good | ~stands))

    return holds_in_rows("model_number_or_status", (status, column), derive)


def _rises(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """Return where no column is known to be below the one before, rounding apart."""
    rises = pd.Series(True, index=frame.index)
    for low, high in zip(columns, columns[1:], strict=False):
        rises &= ~known(frame[low] > frame[high] + 1e-12)
    return rises
