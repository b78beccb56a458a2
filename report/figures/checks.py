"""Reports observed against what a model would report in their place."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import BLUE, SOFT, VERMILLION


def predictive_checks(rows: pd.DataFrame, statistics: Sequence[tuple[str, str]]) -> Any:
    """Draw the predictive interval of each session and the observed figure on it.

    Parameters
    ----------
    rows
        `session_no`, `statistic`, `observed`, `q05`, `q50`, `q95`, `n_patients`.
    statistics
        Code and axis title of each drawing, from above.

    Returns
    -------
    altair.VConcatChart
        230 pixels wide; the last line holds the numbers of patients.
    """
    import altair as alt

    order = [str(session) for session in sorted(rows["session_no"].unique())]
    named = rows.assign(
        session=rows["session_no"].astype(str),
        is_inside=(rows["observed"] >= rows["q05"]) & (rows["observed"] <= rows["q95"]),
    )
    charts = [
        _one(named[named["statistic"] == code], title, order)
        for code, title in statistics
        if (named["statistic"] == code).any()
    ]
    first = named.drop_duplicates("session")
    numbers = (
        alt.Chart(first)
        .mark_text(fontSize=11)
        .encode(
            x=alt.X("session:N", sort=order, axis=alt.Axis(title="Session", labelAngle=0)),
            text="n_patients:Q",
            y=alt.value(8),
        )
        .properties(width=230, height=16)
    )
    return alt.vconcat(*charts, numbers, spacing=6)


def _one(rows: pd.DataFrame, title: str, order: list[str]) -> Any:
    import altair as alt

    axis = alt.Axis(title=None, labels=False, ticks=False)
    x = alt.X("session:N", scale=alt.Scale(domain=order), axis=axis)
    top = 100 if title.endswith("%") else max(40.0, float(rows[["q95", "observed"]].max().max()))
    y = alt.Scale(domain=[0, top], nice=False, clamp=True)
    axis = alt.Axis(title=title, tickCount=3)
    base = alt.Chart(rows).encode(x=x)
    interval = base.mark_rule(color=BLUE, strokeWidth=7, opacity=0.3).encode(
        y=alt.Y("q05:Q", scale=y, axis=axis), y2="q95:Q"
    )
    middle = base.mark_tick(color=BLUE, thickness=2, size=12).encode(y=alt.Y("q50:Q", scale=y))
    inside = (
        alt.Chart(rows[rows["is_inside"]])
        .mark_point(filled=True, color=SOFT, shape="circle", size=38, opacity=1)
        .encode(x=x, y=alt.Y("observed:Q", scale=y))
    )
    outside = (
        alt.Chart(rows[~rows["is_inside"]])
        .mark_point(filled=True, color=VERMILLION, shape="diamond", size=80, opacity=1)
        .encode(x=x, y=alt.Y("observed:Q", scale=y))
    )
    return alt.layer(interval, middle, inside, outside).properties(width=230, height=82)
