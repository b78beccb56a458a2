"""A study over many worlds: means with their spread, and how often a length is best."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.figures.series import layers
from report.style import GREEN, SERIES, SOFT, scale_top


def missed_by_length(rows: pd.DataFrame, series: Sequence[str], mark_at: int) -> Any:
    """Draw missed responders by length, a line a rule, the spread of the first between worlds.

    Parameters
    ----------
    rows
        Rows with `series`, `test_sessions`, `mean`, `lo`, `hi`, per 100.
    series
        Names in the order of the legend.
    mark_at
        Length of the present test period, marked by a line.

    Returns
    -------
    altair.LayerChart
        340 x 220 pixels.
    """
    import altair as alt

    first = rows[rows["series"] == next(iter(series))]
    top = scale_top(float(max(first["hi"].max(), rows["mean"].max())))
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, top], nice=False),
        "axis": alt.Axis(title="Missed of 100 who start"),
    }
    x = alt.X("test_sessions:Q", axis=alt.Axis(title="Test sessions", tickMinStep=1)).scale(
        domain=[0.5, rows["test_sessions"].max() + 0.5], nice=False
    )
    band = alt.Chart(first).mark_area(opacity=0.2, color=SERIES[0].colour)
    now = alt.Chart(pd.DataFrame({"at": [mark_at]})).mark_rule(color=SOFT, strokeDash=[3, 3])
    _, lines, dots = layers(rows, series, x, y, value="mean")
    return alt.layer(
        now.encode(x=alt.X("at:Q")),
        band.encode(x=x, y=alt.Y("lo:Q", **y), y2="hi:Q"),
        lines,
        dots,
    ).properties(width=340, height=220)


def best_lengths(rows: pd.DataFrame) -> Any:
    """Draw in how many worlds each length is best, a row of bars a rate.

    Parameters
    ----------
    rows
        Rows with `rate`, `test_sessions`, `share` (percent of worlds).

    Returns
    -------
    altair.FacetChart
        340 pixels wide.
    """
    import altair as alt

    drawn = rows.assign(at=[f"{rate:g} sessions for one more" for rate in rows["rate"]])
    order = [f"{rate:g} sessions for one more" for rate in sorted(rows["rate"].unique())]
    bars = alt.Chart(drawn).mark_bar(color=GREEN, opacity=0.7).encode(
        x=alt.X("test_sessions:O", axis=alt.Axis(title="Test sessions", labelAngle=0)),
        y=alt.Y(
            "share:Q", scale=alt.Scale(domain=[0, 100]),
            axis=alt.Axis(title="% of worlds", values=[0, 50, 100]),
        ),
    ).properties(width=340, height=70)  # fmt: skip
    header = alt.Header(title=None, labelFontSize=12, labelAnchor="start", labelOrient="top")
    return bars.facet(row=alt.Row("at:N", sort=order, header=header), spacing=8)
