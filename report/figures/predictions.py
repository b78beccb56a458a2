"""Predicted chances against what happened, and where observed reports lie in their predictions."""

from typing import Any

import pandas as pd

from report.style import BLACK, BLUE, SOFT

WIDTH = 210


def calibration(curve: pd.DataFrame, counts: pd.DataFrame) -> Any:
    """Draw predicted chance against smoothed share, and how many had each chance below it.

    Parameters
    ----------
    curve
        Rows with `chance`, `share`, `low`, `high`, `true_low`, `true_high`, 0-1.
    counts
        Rows with `left`, `right` (chances, 0-1) and `n`.

    Returns
    -------
    altair.VConcatChart
        210 pixels wide.
    """
    import altair as alt

    unit = alt.Scale(domain=[0, 1], nice=False, clamp=True)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    x = alt.X("chance:Q", scale=unit, axis=alt.Axis(title=None, labels=False, values=ticks))
    base = alt.Chart(curve).encode(x=x)
    axis = alt.Axis(title="Share that had it", values=ticks, format=".2")
    true = base.mark_area(color=SOFT, opacity=0.35).encode(
        y=alt.Y("true_low:Q", scale=unit, axis=axis), y2="true_high:Q"
    )
    band = base.mark_area(color=BLUE, opacity=0.25).encode(
        y=alt.Y("low:Q", scale=unit), y2="high:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y=alt.Y("share:Q", scale=unit))
    ends = pd.DataFrame({"chance": [0.0, 1.0], "share": [0.0, 1.0]})
    diagonal = (
        alt.Chart(ends)
        .mark_line(color=BLACK, strokeDash=[4, 3], strokeWidth=1)
        .encode(x=x, y=alt.Y("share:Q", scale=unit))
    )
    upper = alt.layer(true, band, diagonal, line).properties(width=WIDTH, height=WIDTH)
    below = alt.Axis(title="Predicted chance", values=ticks, format=".2")
    bars = (
        alt.Chart(counts.assign(zero=0))
        .mark_rect(color=BLUE, opacity=0.5)
        .encode(
            x=alt.X("left:Q", scale=unit, axis=below),
            x2="right:Q",
            y=alt.Y("n:Q", axis=alt.Axis(title="Patients", tickCount=2)),
            y2="zero:Q",
        )
        .properties(width=WIDTH, height=50)
    )
    return alt.vconcat(upper, bars, spacing=4)


def pit_histogram(bins: pd.DataFrame) -> Any:
    """Draw shares of PIT values, which are level where predictions hold.

    Parameters
    ----------
    bins
        Rows with `left`, `right` (0-1), `share`, `low`, `high`: relative to a level histogram.

    Returns
    -------
    altair.LayerChart
        210 x 130 pixels.
    """
    import altair as alt

    unit = alt.Scale(domain=[0, 1], nice=False)
    top = max(1.5, 0.1 + float(bins["high"].max()))
    height = alt.Scale(domain=[0, top], nice=False)
    middle = bins.assign(zero=0, middle=(bins["left"] + bins["right"]) / 2)
    base = alt.Chart(middle)
    bars = base.mark_rect(color=BLUE, opacity=0.4).encode(
        x=alt.X("left:Q", scale=unit, axis=alt.Axis(title="PIT of the report", tickCount=3)),
        x2="right:Q",
        y=alt.Y("share:Q", scale=height, axis=alt.Axis(title="Against level", tickCount=3)),
        y2="zero:Q",
    )
    error = base.mark_rule(color=BLACK).encode(
        x="middle:Q", y=alt.Y("low:Q", scale=height), y2="high:Q"
    )
    level = (
        alt.Chart(pd.DataFrame({"one": [1.0]}))
        .mark_rule(color=BLACK, strokeDash=[4, 3])
        .encode(y=alt.Y("one:Q", scale=height))
    )
    return alt.layer(bars, error, level).properties(width=WIDTH, height=130)
