"""Terms of a sum with their intervals, in points of reported relief."""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def term_bars(terms: pd.DataFrame) -> Any:
    """Draw terms with their intervals, one line each, around zero.

    Parameters
    ----------
    terms
        Rows with `label` (in order), and in points: `mean_pct`, `q05_pct`, `q95_pct`.

    Returns
    -------
    altair.LayerChart
        300 pixels wide beside the labels, 24 pixels a line.
    """
    import altair as alt

    y = alt.Y(
        "label:N", sort=None, axis=alt.Axis(title=None, labelLimit=260, grid=False, ticks=False)
    )
    x = alt.X("q05_pct:Q", axis=alt.Axis(title="Points of reported relief", tickCount=6))
    base = alt.Chart(terms).encode(y=y)
    bars = base.mark_rule(strokeWidth=2, color=BLUE).encode(x=x, x2="q95_pct:Q")
    dots = base.mark_point(filled=True, shape="circle", size=60, color=BLUE, opacity=1).encode(
        x=alt.X("mean_pct:Q")
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=SOFT, strokeDash=[4, 3])
    return alt.layer(zero.encode(x="zero:Q"), bars, dots).properties(
        width=300, height=24 * len(terms)
    )
