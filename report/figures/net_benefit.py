"""Net benefit over decision thresholds: rules beside all and none going on.

Belongs here: the drawing. Does not: which rules are shown, or any number.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import INK, SERIES, SOFT, scale_top

FLOOR = -5.0


def decision_curves(rows: pd.DataFrame, references: pd.DataFrame, series: Sequence[str]) -> Any:
    """Draw net benefit by decision threshold.

    Parameters
    ----------
    rows
        `series`, `threshold` (percent), `value`, `lo`, `hi` per 100 patients.
    references
        `threshold`, `value`, `kind` ('all' or 'none').
    series
        Names in the order of the legend; no more than `SERIES` has looks.

    Returns
    -------
    altair.LayerChart
        560 x 300 pixels; what lies below -5 per 100 is cut off.
    """
    import altair as alt

    names, looks = list(series), SERIES[: len(series)]
    top = scale_top(float(max(rows["hi"].max(), references["value"].max())))
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[FLOOR, top], nice=False, clamp=True),
        "axis": alt.Axis(title="Net benefit per 100 who start", tickCount=6),
    }
    axis = alt.Axis(title="Decision threshold: least chance of long-term relief to go on (%)")
    x = alt.X("threshold:Q", axis=axis).scale(zero=True, nice=False, padding=6)
    colour = alt.Color(
        "series:N", scale=alt.Scale(domain=names, range=[m.colour for m in looks]), legend=None
    )
    dashes = alt.Scale(domain=names, range=[list(m.dash) or [1, 0] for m in looks])
    shapes = alt.Scale(domain=names, range=[m.shape for m in looks])
    base = alt.Chart(rows).encode(x=x, color=colour)
    beside = alt.Chart(references[references["value"] >= FLOOR]).encode(x=x)
    lines = [
        beside.transform_filter(alt.datum.kind == kind)
        .mark_line(strokeWidth=1.5, color=tint, strokeDash=dash)
        .encode(y=alt.Y("value:Q", **y))
        for kind, tint, dash in (("all", INK, [4, 2]), ("none", SOFT, [1, 0]))
    ]
    return alt.layer(
        *lines,
        base.mark_area(opacity=0.18).encode(y=alt.Y("lo:Q", **y), y2="hi:Q"),
        base.mark_line(strokeWidth=2).encode(
            y=alt.Y("value:Q", **y),
            strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=None),
        ),
        base.mark_point(filled=True, size=40, opacity=1).encode(
            y=alt.Y("value:Q", **y), shape=alt.Shape("series:N", scale=shapes, legend=None)
        ),
    ).properties(width=560, height=300)
