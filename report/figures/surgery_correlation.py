"""Correlations of relief under rTMS and after surgery with their intervals."""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def correlations(lines: pd.DataFrame) -> Any:
    """Draw correlations with their intervals, one line each, from -1 to 1.

    Parameters
    ----------
    lines
        Rows with `label` (in order), `mean`, `lo`, `hi`, and `method`, 'model' or 'spearman'.

    Returns
    -------
    altair.LayerChart
        300 pixels wide beside the labels, 26 pixels a line.
    """
    import altair as alt

    y = alt.Y(
        "label:N", sort=None, axis=alt.Axis(title=None, labelLimit=330, grid=False, ticks=False)
    )
    low = min(0.0, float(lines["lo"].min()))
    scale = alt.Scale(domain=[-1.0 if low < 0 else 0.0, 1.0], nice=False)
    x = alt.X("lo:Q", scale=scale, axis=alt.Axis(title="Correlation", tickCount=6))
    colour = alt.Color(
        "method:N", scale=alt.Scale(domain=["model", "spearman"], range=[BLUE, SOFT]), legend=None
    )
    shape = alt.Shape(
        "method:N",
        scale=alt.Scale(domain=["model", "spearman"], range=["circle", "square"]),
        legend=None,
    )
    base = alt.Chart(lines).encode(y=y, color=colour)
    bars = base.mark_rule(strokeWidth=2).encode(x=x, x2="hi:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x="mean:Q", shape=shape)
    return alt.layer(bars, dots).properties(width=300, height=26 * len(lines))
