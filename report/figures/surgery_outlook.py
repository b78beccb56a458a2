"""Predicted and observed first evaluations after surgery, by rTMS relief."""

from typing import Any

import pandas as pd

from report.style import BLACK, BLUE, VERMILLION, percent_axis


def outlook(patients: pd.DataFrame, given: pd.DataFrame) -> Any:
    """Draw the predictive intervals of some candidates, and the evaluations that were given.

    Parameters
    ----------
    patients
        Rows with `rtms_relief_pct`, `q05_relief_pct`, `mean_relief_pct`, `q95_relief_pct` and
        `is_extrapolated`.
    given
        Rows with `rtms_relief_pct` and `emcs_first_relief_pct`.

    Returns
    -------
    altair.LayerChart
        430 x 260 pixels.
    """
    import altair as alt

    x = alt.X(
        "rtms_relief_pct:Q",
        scale=alt.Scale(domain=[0, 100], nice=False),
        axis=alt.Axis(
            title="Expected relief at the last rTMS session (%)", values=[0, 25, 50, 75, 100]
        ),
    )
    words = {True: "extrapolated", False: "based"}
    frame = patients.assign(basis=patients["is_extrapolated"].astype(bool).map(words))
    kinds = ["based", "extrapolated"]
    colour = alt.Color(
        "basis:N", scale=alt.Scale(domain=kinds, range=[BLUE, VERMILLION]), legend=None
    )
    dash = alt.StrokeDash(
        "basis:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [4, 3]]), legend=None
    )
    y = alt.Y("q05_relief_pct:Q", **percent_axis("First evaluation after surgery (%)"))
    base = alt.Chart(frame).encode(x=x, color=colour)
    bars = base.mark_rule(strokeWidth=1.6).encode(y=y, y2="q95_relief_pct:Q", strokeDash=dash)
    means = base.mark_point(filled=True, shape="square", size=30, opacity=1).encode(
        y="mean_relief_pct:Q"
    )
    dots = (
        alt.Chart(given)
        .mark_point(shape="circle", size=36, color=BLACK, opacity=1)
        .encode(x=x, y="emcs_first_relief_pct:Q")
    )
    return alt.layer(bars, means, dots).properties(width=430, height=260)
