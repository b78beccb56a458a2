"""Outcomes over the sessions of the test period, by responder status."""

from typing import Any

import pandas as pd

from report.style import STATUS, scale_top

# Title, and the upper end of the scale where it has one.
AXES: dict[str, tuple[str, int | None]] = {
    "pain_relief_pct": ("Reported pain relief (%)", 100),
    "relief_duration_days": ("Duration of relief (days)", None),
    "gnpsi": ("Global NPSI (0 to 100)", 100),
    "ssnpsi": ("NPSI, most painful component (0 to 10)", 10),
}


def means(points: pd.DataFrame, outcome: str) -> Any:
    """Draw the means by session with their bars, one series a population.

    Parameters
    ----------
    points
        Rows with `population`, `session_no`, `x` (session, moved a little so that bars do not
        cover each other), `mean`, `lo`, `hi`.
    outcome
        Column of `test_period_long`; sets the axis.

    Returns
    -------
    altair.LayerChart
        360 x 180 pixels.
    """
    import altair as alt

    ends = points[["mean", "hi"]].max()
    top = AXES[outcome][1] or scale_top(float(ends.max()))
    axis: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, top], nice=False, clamp=True),
        "axis": alt.Axis(title=None, tickCount=5),
    }
    names = [name for name in STATUS if name in set(points["population"])]
    colour = alt.Color(
        "population:N",
        scale=alt.Scale(domain=names, range=[STATUS[n].colour for n in names]),
        legend=None,
    )
    sessions = sorted(int(s) for s in points["session_no"].unique())
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[sessions[0] - 0.4, sessions[-1] + 0.4], nice=False),
        axis=alt.Axis(
            title="Session (0 = before)" if sessions[0] == 0 else "Session", values=sessions
        ),
    )
    y = alt.Y("mean:Q", **axis)
    base = alt.Chart(points).encode(x=x, color=colour)
    dashes = [list(STATUS[n].dash) or [1, 0] for n in names]
    shapes = [STATUS[n].shape for n in names]
    lines = base.mark_line(strokeWidth=2, clip=True).encode(
        y=y,
        strokeDash=alt.StrokeDash(
            "population:N", scale=alt.Scale(domain=names, range=dashes), legend=None
        ),
    )
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(
        y=y,
        shape=alt.Shape("population:N", scale=alt.Scale(domain=names, range=shapes), legend=None),
    )
    bars = base.mark_rule(clip=True, opacity=0.8).encode(y=alt.Y("lo:Q", **axis), y2="hi:Q")
    return alt.layer(bars, lines, dots).properties(width=360, height=180)
