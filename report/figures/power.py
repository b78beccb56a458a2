"""Power, or coverage, of a trial by its number of patients.

Belongs here: the drawing. Does not: which cells are shown, or any number.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.figures.series import layers
from report.style import SOFT


def by_patients(rows: pd.DataFrame, series: Sequence[str], wanted_pct: float, title: str) -> Any:
    """Draw a share by number of patients, one line a method, with its Monte Carlo ribbon.

    Parameters
    ----------
    rows
        `series`, `n_patients`, `value`, `lo`, `hi` in per cent (estimate -+ 2 MCSE).
    series
        Names in the order of the legend; no more than `SERIES` has looks.
    wanted_pct
        Share asked, marked by a line.
    title
        Name of the share.

    Returns
    -------
    altair.LayerChart
        260 x 200 pixels.
    """
    import altair as alt

    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 100], nice=False, clamp=True),
        "axis": alt.Axis(title=f"{title} (%)", tickCount=6),
    }
    x = alt.X("n_patients:Q", axis=alt.Axis(title="Patients", tickCount=5)).scale(
        zero=True, nice=False, padding=6
    )
    asked = alt.Chart(pd.DataFrame({"at": [wanted_pct]})).mark_rule(color=SOFT, strokeDash=[3, 3])
    return alt.layer(asked.encode(y=alt.Y("at:Q", **y)), *layers(rows, series, x, y)).properties(
        width=260, height=200
    )
