"""Missed responders against sessions given without long-term relief, one point a rule and length.

Belongs here: the drawing. Does not: which cells lie on the frontier (the study says so).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from report.figures.labels import Place, places
from report.style import INK, SERIES, scale_top

WIDTH, HEIGHT = 620, 380


def frontier(rows: pd.DataFrame, series: Sequence[str], today: str = "") -> Any:
    """Draw the frontier over all cells.

    Parameters
    ----------
    rows
        `series`, `test_sessions`, `missed_per_100`, `sessions_per_100`, `is_on_frontier`; with
        `missed_per_100_lo` and `missed_per_100_hi` a band about the line.
    series
        Names in the order of the legend; no more than `SERIES` has looks.
    today
        Another series, drawn as crosses in ink; none by default.

    Returns
    -------
    altair.LayerChart
        620 x 380 pixels; points of the frontier are joined and carry their number of sessions,
        where there is room for it.
    """
    import altair as alt

    names, looks = list(series), SERIES[: len(series)]
    drawn = rows[rows["series"].isin(names)]
    right = scale_top(float(drawn["sessions_per_100"].max()))
    x = alt.X(
        "sessions_per_100:Q",
        title="Sessions given without long-term relief, per 100 who start",
        scale=alt.Scale(domain=[0, right], nice=False),
        axis=alt.Axis(tickCount=6),
    )
    has_band = "missed_per_100_hi" in rows
    top = float(drawn["missed_per_100"].max())
    if has_band:
        top = max(top, float(rows.loc[rows["is_on_frontier"], "missed_per_100_hi"].max()))
    top = scale_top(top)
    scale = alt.Scale(domain=[0, top], nice=False)
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
    labels = [
        alt.Chart(part)
        .encode(x=x, y=y, text="test_sessions:Q")
        .mark_text(dx=place[0], dy=place[1], align="center", baseline="middle")
        for place, part in _labelled(rows[rows["is_on_frontier"]], right, top)
    ]
    now = alt.Chart(rows[rows["series"] == today]).encode(x=x, y=y)
    drawings = [faint, line, dots, *labels]
    if today:
        drawings.append(now.mark_point(shape="cross", filled=True, size=70, color=INK, opacity=1))
    if has_band:
        low = alt.Y("missed_per_100_lo:Q", title=title, scale=scale)
        area = on.mark_area(opacity=0.12, color=INK, interpolate="step-after")
        drawings = [area.encode(y=low, y2="missed_per_100_hi:Q"), *drawings]
    return alt.layer(*drawings).properties(width=WIDTH, height=HEIGHT)


def _labelled(on: pd.DataFrame, right: float, top: float) -> Iterator[tuple[Place, pd.DataFrame]]:
    """Yield points of the frontier by the place of their label; those without room are left out."""
    on = on.sort_values("sessions_per_100")
    pixels = list(
        zip(
            on["sessions_per_100"] / right * WIDTH,
            (1 - on["missed_per_100"] / top) * HEIGHT,
            strict=True,
        )
    )
    found = places(pixels, [f"{n:g}" for n in on["test_sessions"]], (WIDTH, HEIGHT))
    for place in dict.fromkeys(found):
        if place is not None:
            yield place, on[[one == place for one in found]]
