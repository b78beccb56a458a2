"""Regret of every length at every rate of exchange, as a heat map.

Belongs here: the drawing. Does not: the loss, or which length is best.
"""

from typing import Any

import pandas as pd

from report.style import INK


def regret_map(rows: pd.DataFrame) -> Any:
    """Draw regret by length and rate; the least of a rate is framed.

    Parameters
    ----------
    rows
        `rate`, `test_sessions`, `regret` (test sessions per 100 lost to the best length).

    Returns
    -------
    altair.LayerChart
        44 pixels a length, 34 a rate.
    """
    import altair as alt

    rows = rows.reset_index(drop=True)  # parts put together may share labels
    shades = rows.assign(shade=(rows["regret"] + 1) ** 0.5, told=rows["regret"].round())
    least = shades.loc[shades.groupby("rate")["regret"].idxmin()]
    x = alt.X("test_sessions:O", axis=alt.Axis(title="Test sessions", labelAngle=0))
    y = alt.Y("rate:O", axis=alt.Axis(title="Rate"), sort="ascending")
    base = alt.Chart(shades).encode(x=x, y=y)
    top = float(shades["shade"].max())
    fill = alt.Color("shade:Q", scale=alt.Scale(scheme="blues", domain=[1, 1.3 * top]), legend=None)
    ink = alt.condition(alt.datum.shade > 0.6 * 1.3 * top, alt.value("white"), alt.value(INK))
    frame = alt.Chart(least).encode(x=x, y=y)
    return alt.layer(
        base.mark_rect(stroke="white").encode(color=fill),
        frame.mark_rect(filled=False, stroke=INK, strokeWidth=2),
        base.mark_text(fontSize=11).encode(text=alt.Text("told:Q", format=",d"), color=ink),
    ).properties(width=44 * rows["test_sessions"].nunique(), height=34 * rows["rate"].nunique())
