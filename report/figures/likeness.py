"""A simulated clinic beside the published study."""

from typing import Any

import pandas as pd

from report.style import BLACK, GREEN, STATUS, percent_axis


def shares(table: pd.DataFrame) -> Any:
    """Draw shares of patients: bars of the simulated clinic, diamonds of the study.

    Parameters
    ----------
    table
        Rows with `label`, `simulated_pct`, `published_pct`.

    Returns
    -------
    altair.LayerChart
        400 x 210 pixels.
    """
    import altair as alt

    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=list(table["label"]), axis=alt.Axis(title=None, labelLimit=200))
    )
    axis = alt.Axis(title="Patients (%)")
    bars = base.mark_bar(color=GREEN, opacity=0.45, height=16).encode(
        x=alt.X("simulated_pct:Q", axis=axis)
    )
    published = base.mark_point(
        shape="diamond", filled=True, size=70, color=BLACK, opacity=1
    ).encode(x=alt.X("published_pct:Q", axis=axis))
    return alt.layer(bars, published).properties(width=400, height=210)


def test_period(points: pd.DataFrame) -> Any:
    """Draw mean relief by session of each group: filled and lined simulated, hollow the study.

    Parameters
    ----------
    points
        Rows with `population`, `x` (session, moved a little), `mean`, `lo`, `hi`,
        `published_mean`, `published_lo`, `published_hi`, `published_x`, percent.

    Returns
    -------
    altair.LayerChart
        400 x 240 pixels.
    """
    import altair as alt

    names = [name for name in STATUS if (points["population"] == name).any()]
    colours = [STATUS[name].colour for name in names]
    shapes = [STATUS[name].shape for name in names]
    dashes = [list(STATUS[name].dash) or [1, 0] for name in names]
    colour = alt.Color("population:N", scale=alt.Scale(domain=names, range=colours), legend=None)
    shape = alt.Shape("population:N", scale=alt.Scale(domain=names, range=shapes), legend=None)
    dash = alt.StrokeDash("population:N", scale=alt.Scale(domain=names, range=dashes), legend=None)
    axis = percent_axis()
    ticks = alt.Axis(title="Session", values=sorted({round(x) for x in points["x"]}), format="d")
    domain = alt.Scale(domain=[0.6, points["x"].max() + 0.6], nice=False)
    base = alt.Chart(points).encode(color=colour)
    simulated = base.encode(x=alt.X("x:Q", axis=ticks, scale=domain))
    printed = base.encode(x=alt.X("published_x:Q", axis=ticks, scale=domain))
    return alt.layer(
        simulated.mark_rule(opacity=0.5).encode(y=alt.Y("lo:Q", **axis), y2="hi:Q"),
        simulated.mark_line(strokeWidth=2).encode(y=alt.Y("mean:Q", **axis), strokeDash=dash),
        simulated.mark_point(filled=True, size=55, opacity=1).encode(
            y=alt.Y("mean:Q", **axis), shape=shape
        ),
        printed.mark_rule(opacity=0.5, strokeDash=[3, 3]).encode(
            y=alt.Y("published_lo:Q", **axis), y2="published_hi:Q"
        ),
        printed.mark_point(filled=False, size=65, opacity=1, strokeWidth=2).encode(
            y=alt.Y("published_mean:Q", **axis), shape=shape
        ),
    ).properties(width=400, height=240)
