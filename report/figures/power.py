"""Power, or coverage, of a trial by its number of patients.

Belongs here: the drawing. Does not: which cells are shown, or any number.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import SERIES, SOFT


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

    names, looks = list(series), SERIES[: len(series)]
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 100], nice=False, clamp=True),
        "axis": alt.Axis(title=f"{title} (%)", tickCount=6),
    }
    x = alt.X("n_patients:Q", axis=alt.Axis(title="Patients", tickCount=5)).scale(
        zero=True, nice=False, padding=6
    )
    colours = alt.Scale(domain=names, range=[m.colour for m in looks])
    base = alt.Chart(rows).encode(x=x, color=alt.Color("series:N", scale=colours, legend=None))
    ribbon = base.mark_area(opacity=0.25).encode(y=alt.Y("lo:Q", **y), y2="hi:Q")
    dashes = alt.Scale(domain=names, range=[list(m.dash) or [1, 0] for m in looks])
    lines = base.mark_line(strokeWidth=2).encode(
        y=alt.Y("value:Q", **y), strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=None)
    )
    shapes = alt.Scale(domain=names, range=[m.shape for m in looks])
    dots = base.mark_point(filled=True, size=38, opacity=1).encode(
        y=alt.Y("value:Q", **y), shape=alt.Shape("series:N", scale=shapes, legend=None)
    )
    asked = alt.Chart(pd.DataFrame({"at": [wanted_pct]})).mark_rule(color=SOFT, strokeDash=[3, 3])
    return alt.layer(asked.encode(y=alt.Y("at:Q", **y)), ribbon, lines, dots).properties(
        width=260, height=200
    )
