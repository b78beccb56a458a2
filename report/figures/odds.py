"""Odds ratios on a logarithmic axis."""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def forest(ratios: pd.DataFrame) -> Any:
    """Draw odds ratios with their intervals, one line a comparison.

    Parameters
    ----------
    ratios
        Rows with `label`, `estimate`, `lo`, `hi`, all positive.

    Returns
    -------
    altair.LayerChart
        430 pixels wide, 46 pixels a comparison; labels stand above their line.
    """
    import altair as alt

    ticks = [0.01, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 100]
    x = alt.X(
        "lo:Q",
        scale=alt.Scale(type="log", nice=False, domain=_domain(ratios)),
        axis=alt.Axis(title="Odds ratio (log scale)", values=ticks, format="~g"),
    )
    y = alt.Y("label:N", sort=None, axis=None)
    base = alt.Chart(ratios).encode(y=y)
    bars = base.mark_rule(strokeWidth=2, color=BLUE).encode(x=x, x2="hi:Q")
    dots = base.mark_point(filled=True, shape="square", size=70, color=BLUE, opacity=1).encode(
        x=alt.X("estimate:Q")
    )
    # The white copy under each name keeps the line of no difference from crossing it.
    at = base.encode(x=alt.value(2), text="label:N")
    halo = at.mark_text(align="left", baseline="bottom", dy=-8, stroke="white", strokeWidth=5)
    names = at.mark_text(align="left", baseline="bottom", dy=-8)
    one = alt.Chart(pd.DataFrame({"one": [1.0]})).mark_rule(color=SOFT, strokeDash=[4, 3])
    return alt.layer(one.encode(x="one:Q"), bars, dots, halo, names).properties(
        width=430, height=46 * len(ratios)
    )


def _domain(ratios: pd.DataFrame) -> list[float]:
    """Axis limits that hold 1 and every interval with a margin."""
    low = min(float(ratios["lo"].min()), 0.5)
    high = max(float(ratios["hi"].max()), 2.0)
    return [low / 1.3, high * 1.3]
