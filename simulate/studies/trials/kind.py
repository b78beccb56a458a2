"""The kind `trials`: estimates and tests against the truth (see `simulate/studies/kinds.py`)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.ratios import errors_to_stop_at
from simulate.studies.trials.design import Design
from simulate.studies.trials.performance import MEASURES, performance

if TYPE_CHECKING:
    import pyarrow as pa

    from simulate.scenario import Scenario
    from simulate.studies.store import Store
    from simulate.studies.trials.tables import Tables

__all__ = ["ENTRY", "MEASURES", "Design", "cells", "count", "error", "tables"]

ENTRY = "simulate/studies/trials/counting.py"


def cells(design: Design, world: "Scenario") -> pd.DataFrame:
    """Return one row a trial, missing law, number of sessions, size and method."""
    from simulate.studies.trials import counting

    return counting.cells(design, world)


def count(design: Design, world: "Scenario", replicates: range) -> "pa.Table":
    """Conduct and analyse trials, and add up what they found."""
    from simulate.studies.trials import counting

    return counting.count(design, world, replicates)


def error(design: Design, cell: pd.DataFrame) -> NDArray[np.float64]:
    """Return the errors of the stop measure, of every cell."""
    return errors_to_stop_at(performance(cell, (design.performance.stop.measure,)))


def tables(design: Design, store: "Store") -> "Tables":
    """Return the tables of a study from its complete shards."""
    from simulate.studies.trials import tables as made

    return made.tables(design, store)
