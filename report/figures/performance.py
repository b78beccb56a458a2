"""Operating characteristics of a test period by its length."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.figures.series import layers
from report.style import SOFT, scale_top

SHARES = ("sensitivity", "specificity", "ppv", "npv")


def by_length(rows: pd.DataFrame, series: Sequence[str], measure: str, mark_at: int) -> Any:
    """Draw one measure by number of test sessions, one line a rule, with its Monte Carlo ribbon.

    Parameters
    ----------
    rows
        Rows with `series`, `test_sessions`, `value`, `lo`, `hi` (estimate -+ 2 MCSE).
    series
        Names of the series, in the order of the legend; no more than `SERIES` has looks.
    measure
        Name of the measure; shares are drawn on 0 to 100 %, others from 0.
    mark_at
        Length of the protocol's test period, marked by a line.

    Returns
    -------
    altair.LayerChart
        240 x 170 pixels.
    """
    import altair as alt

    is_share = measure in SHARES
    top = 100.0 if is_share else scale_top(float(rows["hi"].max()))
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, top], nice=False, clamp=True),
        "axis": alt.Axis(title=None, tickCount=5),
    }
    x = alt.X("test_sessions:Q", axis=alt.Axis(title="Test sessions", tickMinStep=1)).scale(
        zero=False, nice=False, padding=10
    )
    now = alt.Chart(pd.DataFrame({"at": [mark_at]})).mark_rule(color=SOFT, strokeDash=[3, 3])
    return alt.layer(now.encode(x=alt.X("at:Q")), *layers(rows, series, x, y)).properties(
        width=240, height=170
    )
