"""Zip plot: intervals ranked by how far the truth lies from their middle.

Belongs here: the drawing. Does not: the ranks, or any number.
"""

from typing import Any

import pandas as pd

from report.style import BLUE, INK, SOFT, VERMILLION


def zip_plot(rows: pd.DataFrame, level_pct: float) -> Any:
    """Draw intervals by their rank, those that hold the truth and those that do not.

    Parameters
    ----------
    rows
        Strips of intervals: `from_pct`, `to_pct` (ranks), `lo`, `hi` (ends about the truth, in
        half-widths), `is_held`.
    level_pct
        Share that should hold the truth, marked by a line.

    Returns
    -------
    altair.LayerChart
        240 x 260 pixels.
    """
    import altair as alt

    x = alt.X(
        "lo:Q", scale=alt.Scale(domain=[-3.2, 3.2], nice=False, clamp=True),
        axis=alt.Axis(title="Interval less truth (half-widths)", values=[-3, -2, -1, 0, 1, 2, 3]),
    )  # fmt: skip
    whole = alt.Scale(domain=[0, 100], nice=False)
    y = alt.Y(
        "from_pct:Q", scale=whole, axis=alt.Axis(title="Rank (%)", values=[0, 25, 50, 75, 95, 100])
    )
    tint = alt.Color(
        "is_held:N", scale=alt.Scale(domain=[True, False], range=[BLUE, VERMILLION]), legend=None
    )
    strips = alt.Chart(rows).mark_rect(opacity=0.75).encode(
        x=x, x2="hi:Q", y=y, y2="to_pct:Q", color=tint
    )  # fmt: skip
    truth = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=INK).encode(x="at:Q")
    asked = alt.Chart(pd.DataFrame({"at": [level_pct]}))
    line = asked.mark_rule(color=SOFT, strokeDash=[4, 3]).encode(y=alt.Y("at:Q", scale=whole))
    return alt.layer(strips, truth, line).properties(width=240, height=260)
