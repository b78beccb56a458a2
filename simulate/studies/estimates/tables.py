"""Frames of a study of estimates.

Here: complete shards -> tables, a pure function of what is on disk. Not here: the measures
(`performance.py`), what it shares with trials (`simulate/studies/frames.py`).
"""

from simulate.studies.estimates.counting import cells
from simulate.studies.estimates.design import Design
from simulate.studies.estimates.performance import performance
from simulate.studies.estimates.sums import MOMENTS
from simulate.studies.frames import EstimateTables, of_estimates
from simulate.studies.store import Store

NAMED = ["n_patients", "method", "analysis", "estimand", "is_headline"]


def tables(design: Design, store: Store) -> EstimateTables:
    """Return the tables of a study from its complete shards; raises as `frames.of_estimates`."""
    _, found = of_estimates(design, store, cells, performance, MOMENTS, NAMED)
    return EstimateTables(**found)
