"""Which cells of a study have a shorter test to be compared with: late responders are of those.

Here: a pure reading of the grid. Not here: the count of them (`kernel.py`), their measure
(`performance.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate.studies.grid import lay_out

if TYPE_CHECKING:
    from simulate.studies.design import Design


def has_reference(design: "Design", n_cells: int) -> NDArray[np.bool_]:
    """Tell of every cell whether its test is longer than that of its method at the reference.

    Parameters
    ----------
    n_cells
        Cells in the order of `grid.cells`, of one world after the other.

    Returns
    -------
    numpy.ndarray
        False where the test is no longer than `reference_test_sessions`, or the method was not
        studied at that length: nobody can be found later than there.
    """
    grid = lay_out(design)
    longer = grid.columns.sessions > design.performance.reference_test_sessions
    decisions = np.repeat(longer & (grid.reference >= 0), grid.n_lags * grid.n_thresholds)
    of_world = np.repeat(decisions, len(design.truths))
    return np.tile(of_world, n_cells // len(of_world))
