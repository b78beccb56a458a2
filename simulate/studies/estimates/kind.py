"""The kind `estimates`: what a cohort's analysis says against the truth (see `kinds.py`)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.estimates.design import Design
from simulate.studies.estimates.methods import uses_model
from simulate.studies.estimates.performance import MEASURES, performance
from simulate.studies.ratios import errors_to_stop_at

if TYPE_CHECKING:
    import pyarrow as pa

    from simulate.scenario import Scenario
    from simulate.studies.frames import EstimateTables
    from simulate.studies.store import Store

__all__ = ["ENTRY", "MEASURES", "Design", "cells", "count", "error", "tables", "uses_relief_model"]

ENTRY = "simulate/studies/estimates/counting.py"


def uses_relief_model(design: Design) -> bool:
    """Tell whether counting fits the relief model of `bayes/`."""
    return any(uses_model(method) for method in design.methods)


def cells(design: Design, world: "Scenario") -> pd.DataFrame:
    """Return one row a size, method and estimand."""
    from simulate.studies.estimates import counting

    return counting.cells(design, world)


def count(design: Design, world: "Scenario", replicates: range) -> "pa.Table":
    """Analyse cohorts, and add up how far from the truth they are."""
    from simulate.studies.estimates import counting

    return counting.count(design, world, replicates)


def error(design: Design, cell: pd.DataFrame) -> NDArray[np.float64]:
    """Return the errors of the stop measure, of the headline in every world."""
    watched = cell[cell["is_headline"]]
    return errors_to_stop_at(performance(watched, (design.performance.stop.measure,)))


def tables(design: Design, store: "Store") -> "EstimateTables":
    """Return the tables of a study from its complete shards."""
    from simulate.studies.estimates import tables as made

    return made.tables(design, store)
