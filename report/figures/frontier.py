"""Missed responders against sessions given without long-term relief, one point a rule and length.

Belongs here: the drawing. Does not: which cells lie on the frontier (the study says so).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import INK, SERIES, scale_top


def frontier(rows: pd.DataFrame, series: Sequence[str]) -> Any:
    """Draw the frontier over all cells.

    Parameters
    ----------
    rows
        `series`, `test_sessions`, `missed_per_100`, `sessions_per_100`, `is_on_frontier`; with
        `missed_per_100_lo` and `missed_per_100_hi` a band about the line.
    series
        Names in the order of the legend; no more than `SERIES` has looks.

    Returns
    -------
    altair.LayerChart
        620 x 380 pixels; points of the frontier are joined and carry their number of sessions.
    """
    import altair as alt

    names, looks = list(series), SERIES[: len(series)]
    drawn = rows[rows["series"].isin(names)]
    x = alt.X(
        "sessions_per_100:Q",
        title="Sessions given without long-term relief, per 100 who start",
        scale=alt.Scale(domain=[0, scale_top(float(drawn["sessions_per_100"].max()))], nice=False),
        axis=alt.Axis(tickCount=6),
    )
    has_band = "missed_per_100_hi" in rows
    top = float(drawn["missed_per_100"].max())
    if has_band:
        top = max(top, float(rows.loc[rows["is_on_frontier"], "missed_per_100_hi"].max()))
    scale = alt.Scale(domain=[0, scale_top(top)], nice=False)
    title = "Missed, per 100 who start"
    y = alt.Y("missed_per_100:Q", title=title, scale=scale)
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[m.colour for m in looks]),
        legend=None,
    )
    shape = alt.Shape(
        "series:N", scale=alt.Scale(domain=names, range=[m.shape for m in looks]), legend=None
    )
    base = alt.Chart(drawn).encode(x=x, y=y)
    on = alt.Chart(rows[rows["is_on_frontier"]]).encode(x=x, y=y)
    faint = base.mark_point(filled=True, size=26, opacity=0.3).encode(color=colour, shape=shape)
    line = on.mark_line(color=INK, strokeWidth=1.5, interpolate="step-after")
    seen = alt.Chart(rows[rows["is_on_frontier"] & rows["series"].isin(names)]).encode(x=x, y=y)
    dots = seen.mark_point(filled=True, size=70, opacity=1).encode(color=colour, shape=shape)
    labels = on.mark_text(dx=9, dy=-8, align="left").encode(text="test_sessions:Q")
    drawings = [faint, line, dots, labels]
    if has_band:
        low = alt.Y("missed_per_100_lo:Q", title=title, scale=scale)
        area = on.mark_area(opacity=0.12, color=INK, interpolate="step-after")
        drawings = [area.encode(y=low, y2="missed_per_100_hi:Q"), *drawings]
    return alt.layer(*drawings).properties(width=620, height=380)
