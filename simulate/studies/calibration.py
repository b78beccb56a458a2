"""Predicted chances against what came of them: counts in bins, and the table of them.

Here: counts by tenths of the chance, at the decision of a rule that reads one. Not here: the
chances (`learning.py`), decisions (`counting.py`).

Counted are patients who reach the decision. Observed shares have the error of a ratio, clustered by
cohort (`ratios.py`), since patients of a cohort share world and posterior.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.studies.methods import CODES
from simulate.studies.ratios import Ratio, ratio
from simulate.studies.sums import moment

if TYPE_CHECKING:
    from simulate.studies.grid import Grid

BINS = 10
UNIT_PCT = 2.0**-10
"""Step in which chances are added up: sums of whole numbers are exact."""
_COUNTS = ("n", "has")
_PAIRS = (("n", "n"), ("has", "n"), ("has", "has"))


def _name(k: int, what: str) -> str:
    return f"chance_{k}_{what}"


COLUMNS = tuple(
    name
    for k in range(BINS)
    for name in (
        *(_name(k, what) for what in (*_COUNTS, "pct")),
        *(moment(_name(k, a), _name(k, b)) for a, b in _PAIRS),
    )
)
"""By bin: patients, of them with long-term relief, sum of chances in `UNIT_PCT`, moments."""


def count(
    forecast: NDArray[np.float64],
    n_sessions: NDArray[np.int64],
    has: tuple[NDArray[np.int32], NDArray[np.int32]],
    grid: "Grid",
    into: NDArray[np.int64],
) -> None:
    """Add some replicates to the counts of `COLUMNS`.

    Parameters
    ----------
    forecast
        Chances in percent, shape (replicates, patients, sessions, predictions).
    n_sessions
        Sessions that each patient has, shape (replicates, patients).
    has
        Has and has not, each of shape (replicates, patients, truths).
    grid
        Decisions of the study; what a rule's chances came to stands with its first one (lowest
        threshold), since thresholds do not change a chance.
    into
        Shape (columns, decisions, truths).
    """
    n_replicates = len(forecast)
    for column in np.flatnonzero(grid.columns.rule == CODES["bayes_fixed"]):
        session = int(grid.columns.sessions[column])
        chance = forecast[:, :, session - 1, int(grid.columns.numbers[column, 3])]
        tenth = np.clip((chance * BINS / 100).astype(int), 0, BINS - 1)
        place = tenth + BINS * np.arange(n_replicates)[:, None]
        for q in range(has[0].shape[-1]):
            judged = (n_sessions >= session) & (has[0][..., q] + has[1][..., q] > 0)
            found = {
                "n": _by_bin(place, judged, None, n_replicates),
                "has": _by_bin(place, judged & (has[0][..., q] > 0), None, n_replicates),
                "pct": _by_bin(place, judged, np.rint(chance / UNIT_PCT), n_replicates),
            }
            rows = [found[what].sum(axis=0) for what in (*_COUNTS, "pct")]
            rows += [(found[a] * found[b]).sum(axis=0) for a, b in _PAIRS]
            into[:, grid.first_cell[column], q] += np.stack(rows, axis=1).ravel()


def _by_bin(place, who, weight, n_replicates):  # type: ignore[no-untyped-def]
    """Sums by replicate and bin, shape (replicates, bins)."""
    weights = None if weight is None else weight[who]
    found = np.bincount(place[who], weights, minlength=n_replicates * BINS)
    return np.rint(found).astype(np.int64).reshape(n_replicates, BINS)


def calibration(cell: pd.DataFrame) -> pd.DataFrame:
    """Return predicted and observed shares by bin.

    Parameters
    ----------
    cell
        One row a cell: cell_id, n_replicates and `COLUMNS`; cells without a chance are left out.

    Returns
    -------
    pandas.DataFrame
        cell_id, bin (0 is up to 10 %), n (patients), n_with_relief, predicted_pct (mean chance),
        observed_pct (share with long-term relief) and its mcse, NaN where one cohort alone is in
        the bin; bins without a patient are left out.
    """
    frames = []
    for k in range(BINS):
        n, has = _name(k, "n"), _name(k, "has")
        rows = cell[cell[n] > 0]
        share, mcse, _ = ratio(rows, Ratio({has: 1}, {n: 1}, per=100, is_share=True))
        frames.append(
            pd.DataFrame(
                {
                    "cell_id": rows["cell_id"],
                    "bin": k,
                    "n": rows[n],
                    "n_with_relief": rows[has],
                    "predicted_pct": UNIT_PCT * rows[_name(k, "pct")] / rows[n],
                    "observed_pct": share,
                    "mcse": mcse,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
