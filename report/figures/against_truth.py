"""Estimates beside what is true, a line a way of estimating."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import BLUE, INK, VERMILLION


def against_truth(
    rows: pd.DataFrame, ways: Sequence[str], domain: tuple[float, float], title: str
) -> Any:
    """Draw mean estimate, mean interval and truth of every way.

    Parameters
    ----------
    rows
        `way`, `estimate`, `lo`, `hi` (NaN where there is no interval), `truth`.
    ways
        Names from top to bottom.
    domain
        Of the x axis, the same in all panels.
    title
        Of the x axis, with its unit.

    Returns
    -------
    altair.LayerChart
        250 pixels wide, 26 a way.
    """
    import altair as alt

    y = alt.Y(
        "way:N", scale=alt.Scale(domain=list(ways)), axis=alt.Axis(title=None, labelLimit=300)
    )
    across = alt.Scale(domain=list(domain), nice=False, clamp=True)
    x = alt.X("estimate:Q", scale=across, axis=alt.Axis(title=title, tickCount=5))
    base = alt.Chart(rows).encode(y=y)
    bars = (
        base.transform_filter("isValid(datum.lo)")
        .mark_rule(strokeWidth=5, opacity=0.35, color=BLUE)
        .encode(x=alt.X("lo:Q", scale=across), x2="hi:Q")
    )
    dots = base.mark_point(filled=True, size=46, opacity=1, color=BLUE).encode(x=x)
    truth = base.mark_tick(thickness=3, size=18, color=VERMILLION).encode(
        x=alt.X("truth:Q", scale=across)
    )
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=INK, opacity=0.3)
    layers = [bars, truth, dots]
    if domain[0] < 0 < domain[1]:
        layers.insert(0, zero.encode(x=alt.X("at:Q", scale=across)))
    return alt.layer(*layers).properties(width=250, height=26 * len(ways))
