"""Net benefit over decision thresholds: rules beside all and none going on.

Belongs here: the drawing. Does not: which rules are shown, or any number.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.figures.series import layers
from report.style import INK, SOFT, scale_top

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

    top = scale_top(float(max(rows["hi"].max(), references["value"].max())))
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[FLOOR, top], nice=False, clamp=True),
        "axis": alt.Axis(title="Net benefit per 100 who start", tickCount=6),
    }
    axis = alt.Axis(title="Decision threshold: least chance of long-term relief to go on (%)")
    x = alt.X("threshold:Q", axis=axis).scale(zero=True, nice=False, padding=6)
    beside = alt.Chart(references[references["value"] >= FLOOR]).encode(x=x)
    lines = [
        beside.transform_filter(alt.datum.kind == kind)
        .mark_line(strokeWidth=1.5, color=tint, strokeDash=dash)
        .encode(y=alt.Y("value:Q", **y))
        for kind, tint, dash in (("all", INK, [4, 2]), ("none", SOFT, [1, 0]))
    ]
    own = layers(rows, series, x, y, opacity=0.18)
    return alt.layer(*lines, *own).properties(width=560, height=300)
