"""Series in their looks: a ribbon, a line with its dash and points with their shape for each.

Belongs here: the layers that figures of several lines share. Does not: axes, or what is drawn.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import SERIES


def layers(
    rows: pd.DataFrame,
    series: Sequence[str],
    x: Any,
    y: dict[str, Any],
    *,
    value: str = "value",
    opacity: float = 0.25,
) -> tuple[Any, Any, Any]:
    """Return ribbon, lines and points.

    Parameters
    ----------
    rows
        `series`, the field of `x`, `value`, and `lo` and `hi` for the ribbon.
    series
        Names in the order of the legend; each has the look of its place in `SERIES`.
    x
        Channel of the x axis.
    y
        Arguments of the y channel.
    value
        Column that lines and points show.
    opacity
        Of the ribbon.
    """
    import altair as alt

    names, looks = list(series), SERIES[: len(series)]
    colours = alt.Scale(domain=names, range=[m.colour for m in looks])
    dashes = alt.Scale(domain=names, range=[list(m.dash) or [1, 0] for m in looks])
    shapes = alt.Scale(domain=names, range=[m.shape for m in looks])
    base = alt.Chart(rows).encode(x=x, color=alt.Color("series:N", scale=colours, legend=None))
    shown = alt.Y(f"{value}:Q", **y)
    return (
        base.mark_area(opacity=opacity).encode(y=alt.Y("lo:Q", **y), y2="hi:Q"),
        base.mark_line(strokeWidth=2).encode(
            y=shown, strokeDash=alt.StrokeDash("series:N", scale=dashes, legend=None)
        ),
        base.mark_point(filled=True, size=38, opacity=1).encode(
            y=shown, shape=alt.Shape("series:N", scale=shapes, legend=None)
        ),
    )
