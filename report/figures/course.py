"""Reported relief over all sessions, with the number of patients under the axis."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import GREEN, SOFT, percent_axis


def time_course(course: pd.DataFrame, ticks: Sequence[int]) -> Any:
    """Draw mean, band of one SD, and a strip with n, on one session axis.

    Parameters
    ----------
    course
        Rows with `session_no`, `n_observed`, and in percent: `solid_mean`, `lo`, `hi` (null where
        too few patients are left) and `thin_mean` (null elsewhere), drawn hollow and grey.
    ticks
        Sessions labelled on the axis and in the strip.

    Returns
    -------
    altair.VConcatChart
        400 pixels wide.
    """
    import altair as alt

    domain = [0, int(course["session_no"].max()) + 1]

    def x(title: str | None) -> Any:
        return alt.X(
            "session_no:Q",
            scale=alt.Scale(domain=domain, nice=False),
            axis=alt.Axis(title=title, values=list(ticks), labels=title is not None),
        )

    y = percent_axis()
    base = alt.Chart(course)
    band = base.mark_area(color=GREEN, opacity=0.22).encode(
        x=x(None), y=alt.Y("lo:Q", **y), y2="hi:Q"
    )
    line = base.mark_line(color=GREEN, strokeWidth=2).encode(
        x=x(None), y=alt.Y("solid_mean:Q", **y)
    )
    dots = base.mark_circle(color=GREEN, size=14, opacity=1).encode(
        x=x(None), y=alt.Y("solid_mean:Q", **y)
    )
    thin = base.mark_point(color=SOFT, size=16, filled=False, strokeWidth=1).encode(
        x=x(None), y=alt.Y("thin_mean:Q", **y)
    )
    top = alt.layer(band, line, dots, thin).properties(width=400, height=210)
    return alt.vconcat(top, _strip(course, ticks, x("Session")), spacing=6)


def _strip(course: pd.DataFrame, ticks: Sequence[int], x: Any) -> Any:
    """Bars of n by session, with n written at the ticks."""
    import altair as alt

    most = max(int(course["n_observed"].max()), 1)
    y = alt.Y(
        "n_observed:Q",
        scale=alt.Scale(domain=[0, most * 1.45], nice=False),
        axis=alt.Axis(title="n", values=[0, most], grid=False, titleAngle=0),
    )
    base = alt.Chart(course)
    width = max(1.0, min(12.0, 300 / max(len(course), 1)))
    bars = base.mark_bar(color="#9a9a9a", width=width).encode(x=x, y=y)
    numbers = (
        alt.Chart(course[course["session_no"].isin(list(ticks))])
        .mark_text(baseline="bottom", dy=-2, fontSize=11)
        .encode(x=x, y=y, text="n_observed:Q")
    )
    return alt.layer(bars, numbers).properties(width=400, height=70)
