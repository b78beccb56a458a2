"""The kind `test_periods`: decision rules against long-term relief (see `kinds.py`)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.design import Design
from simulate.studies.performance import HAS_LATE, MEASURES, performance
from simulate.studies.ratios import errors_to_stop_at
from simulate.studies.rules import UNATTAINABLE

if TYPE_CHECKING:
    import pyarrow as pa

    from simulate.scenario import Scenario
    from simulate.studies.store import Store
    from simulate.studies.tables import Tables

__all__ = ["ENTRY", "MEASURES", "Design", "cells", "count", "error", "tables", "uses_relief_model"]

ENTRY = "simulate/studies/counting.py"


def uses_relief_model(design: Design) -> bool:
    """Tell whether counting fits the relief model of `bayes/`."""
    return bool(design.predictions)


def cells(design: Design, world: "Scenario") -> pd.DataFrame:
    """Return one row a rule, length, threshold, lag and truth."""
    from simulate.studies import grid

    return grid.cells(design, world)


def count(design: Design, world: "Scenario", replicates: range) -> "pa.Table":
    """Count decisions against truth."""
    from simulate.studies import counting

    return counting.count(design, world, replicates)


def error(design: Design, cell: pd.DataFrame) -> NDArray[np.float64]:
    """Return the errors of the stop measure, of attainable rules under the headline's truth."""
    from simulate.studies.reference import has_reference

    cell = cell.assign(**{HAS_LATE: has_reference(design, len(cell))})
    watched = cell[cell["is_headline"] & (~cell["rule"].isin(UNATTAINABLE))]
    return errors_to_stop_at(performance(watched, (design.performance.stop.measure,)))


def tables(design: Design, store: "Store") -> "Tables":
    """Return the tables of a study from its complete shards."""
    from simulate.studies import tables as made

    return made.tables(design, store)
