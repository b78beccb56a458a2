"""Predicted chances against the share that came to have long-term relief.

Belongs here: the drawing. Does not: the bins, or any number.
"""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def calibration_curve(rows: pd.DataFrame) -> Any:
    """Draw observed shares by predicted chance, with the diagonal and the number of patients.

    Parameters
    ----------
    rows
        `predicted`, `observed`, `lo`, `hi` in percent, `share` (percent of patients in the bin).

    Returns
    -------
    altair.VConcatChart
        230 pixels wide: the curve above, where the patients lie below.
    """
    import altair as alt

    ends = pd.DataFrame({"predicted": [0, 100], "observed": [0, 100]})
    whole = alt.Scale(domain=[0, 100], nice=False, clamp=True, padding=0)
    ticks = [0, 25, 50, 75, 100]
    x = alt.X("predicted:Q", scale=whole, axis=alt.Axis(title=None, values=ticks, labels=False))
    y = alt.Y("observed:Q", scale=whole, axis=alt.Axis(title="With relief (%)", values=ticks))
    base = alt.Chart(rows).encode(x=x)
    curve = alt.layer(
        alt.Chart(ends).mark_line(color=SOFT, strokeDash=[3, 3]).encode(x=x, y=y),
        base.mark_rule(color=BLUE).encode(y=alt.Y("lo:Q", scale=whole), y2="hi:Q"),
        base.mark_line(color=BLUE, strokeWidth=1.5).encode(y=y),
        base.mark_point(color=BLUE, filled=True, size=36, opacity=1).encode(y=y),
    ).properties(width=230, height=200)
    below = alt.X("predicted:Q", scale=whole, axis=alt.Axis(title="Predicted chance (%)",
                                                           values=ticks))  # fmt: skip
    bars = alt.Chart(rows).mark_bar(color=SOFT, size=12).encode(
        x=below, y=alt.Y("share:Q", axis=alt.Axis(title="% of patients", tickCount=2))
    ).properties(width=230, height=46)  # fmt: skip
    return alt.vconcat(curve, bars, spacing=6)
