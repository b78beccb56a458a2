"""One row of numbers a cohort: the point world of a scenario, or members of an ensemble.

Here: the frozen record that the engine reads, and ways to make one. Not here: what the numbers
mean (`parameter_table.py`) and what they do (`simulate/engine`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simulate.parameter_table import BY_NAME, PARAMETERS, STRUCTURES

if TYPE_CHECKING:
    from simulate.scenario import Scenario

ROW = np.dtype(
    [(p.name, np.float64) for p in PARAMETERS] + [(name, np.int64) for name in STRUCTURES]
)


@dataclass(frozen=True)
class Parameters:
    """Parameters of R cohorts of one scenario.

    Attributes
    ----------
    scenario
        What the cohorts share: margins of the population, calendar, identity of the streams.
    rows
        Structured array of shape (R,): a float64 field for every entry of `PARAMETERS`, and the
        codes `curve`, `noise`, `drop_out`.
    """

    scenario: Scenario
    rows: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return one parameter or structure code, shape (R,)."""
        return np.asarray(self.rows[name])

    def take(self, index: ArrayLike) -> Parameters:
        """Return the chosen rows, in the order of `index`."""
        return replace(self, rows=self.rows[np.asarray(index)])

    def with_values(self, **values: ArrayLike) -> Parameters:
        """Return the same rows with some parameters or structures replaced.

        Each value broadcasts to (R,); structures as codes or names.

        Raises
        ------
        ValueError
            For an unknown name, or a value that is not finite or out of its range.
        """
        rows = self.rows.copy()
        for name, value in values.items():
            rows[name] = _checked(name, value, len(rows))
        return replace(self, rows=rows)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cohort, structures by name."""
        columns: dict[str, object] = {p.name: self.rows[p.name] for p in PARAMETERS}
        for name, codes in STRUCTURES.items():
            names = np.array([code.name.lower() for code in codes], dtype=object)
            columns[name] = names[self.rows[name]]
        return pd.DataFrame(columns)


def of_scenario(scenario: Scenario, n: int = 1) -> Parameters:
    """Return n copies of the scenario's point world, whatever its ensemble."""
    rows = np.zeros(1, dtype=ROW)
    for name, value in scenario.values().items():
        rows[name] = value
    for name, codes in STRUCTURES.items():
        rows[name] = codes[getattr(scenario.structure, name).upper()]
    return Parameters(scenario, np.repeat(rows, n))


def of_table(scenario: Scenario, table: pd.DataFrame) -> Parameters:
    """Return one row of parameters for every row of a table.

    Columns named like a parameter or structure replace the scenario's value; parameters without a
    column keep it. Columns whose name begins with ``_`` are left alone.

    Raises
    ------
    ValueError
        For a column that is no parameter, a value out of its range, or a table without rows.
    """
    if not len(table):
        raise ValueError("a table of parameters needs at least one row")
    values = {str(name): table[name].to_numpy() for name in table if not str(name).startswith("_")}
    return of_scenario(scenario, len(table)).with_values(**values)


def _checked(name: str, value: ArrayLike, n: int) -> NDArray[np.generic]:
    array = np.asarray(value)
    if name in STRUCTURES:
        return np.broadcast_to(_codes(name, array), (n,))
    if name not in BY_NAME:
        known = ", ".join([*STRUCTURES, *BY_NAME])
        raise ValueError(f"no parameter {name}; there are: {known}")
    numbers = array.astype(float)
    law = BY_NAME[name]
    wrong = ~((numbers >= law.low) & (numbers <= law.high))
    if wrong.any():
        bad = float(np.atleast_1d(numbers)[np.atleast_1d(wrong)][0])
        raise ValueError(f"{name}: {bad:g} lies outside {law.low:g} to {law.high:g} ({law.unit})")
    return np.broadcast_to(numbers, (n,))


def _codes(name: str, array: NDArray[np.generic]) -> NDArray[np.int64]:
    codes: type[IntEnum] = STRUCTURES[name]
    names = [code.name.lower() for code in codes]
    allowed: dict[object, int] = {code.name.lower(): int(code) for code in codes}
    allowed |= {int(code): int(code) for code in codes}
    try:
        return np.array([allowed[value] for value in np.atleast_1d(array).tolist()])
    except KeyError as error:
        words = ", ".join(names)
        raise ValueError(f"{name}: {error.args[0]!r} is none of: {words}") from None
