"""A session at which something happens, before and after the reports."""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def before_and_after(shares: pd.DataFrame) -> Any:
    """Draw the shares by session under the prior as steps, under the posterior as bars.

    Parameters
    ----------
    shares
        Rows with `session_no`, `prior_pct`, `posterior_pct`.

    Returns
    -------
    altair.LayerChart
        360 x 150 pixels.
    """
    import altair as alt

    top = float(shares[["prior_pct", "posterior_pct"]].max().max()) * 1.05
    x = alt.X(
        "session_no:Q",
        scale=alt.Scale(domain=[0, 30.5], nice=False),
        axis=alt.Axis(title="S90 (session)", values=[1, 5, 10, 15, 20, 25, 30]),
    )
    y = alt.Y(
        "posterior_pct:Q",
        scale=alt.Scale(domain=[0, max(top, 1.0)], nice=False),
        axis=alt.Axis(title="Share (%)", tickCount=4),
    )
    base = alt.Chart(shares)
    bars = base.mark_bar(color=BLUE, opacity=0.5, size=9).encode(x=x, y=y)
    steps = base.mark_line(color=SOFT, strokeWidth=2, strokeDash=[4, 2], interpolate="step").encode(
        x=x, y=alt.Y("prior_pct:Q", scale=alt.Scale(domain=[0, max(top, 1.0)], nice=False))
    )
    return alt.layer(bars, steps).properties(width=360, height=150)
