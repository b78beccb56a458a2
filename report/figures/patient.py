"""One patient's fitted course over the reported sessions."""

from typing import Any

import pandas as pd

from report.style import BLACK, BLUE, SOFT, VERMILLION


def patient_course(
    curve: pd.DataFrame, reported: pd.DataFrame, plateau: pd.DataFrame, last_session: int
) -> Any:
    """Draw the posterior band and median, the reported relief, the plateau and S90.

    After the last report band and line are paler: there they are a projection.

    Parameters
    ----------
    curve
        Rows with `session_no`, `q05_relief_pct`, `q50_relief_pct`, `q95_relief_pct`.
    reported
        Rows with `session_no`, `pain_relief_pct`.
    plateau
        One row with `plateau_mean_pct` and `saturation_session`, either may be null.
    last_session
        Right end of the axis, so that all patients share it.

    Returns
    -------
    altair.LayerChart
        190 x 120 pixels.
    """
    import altair as alt

    x = alt.X(
        "session_no:Q",
        scale=alt.Scale(domain=[0, last_session + 0.5], nice=False),
        axis=alt.Axis(title="Session", tickCount=4, tickMinStep=1, grid=False),
    )
    scale = alt.Scale(domain=[0, 100], nice=False, clamp=True)
    axis = alt.Axis(title="Relief (%)", values=[0, 50, 100])
    y: dict[str, Any] = {"scale": scale, "axis": axis}
    last_report = reported["session_no"].max() if len(reported) else 0
    seen = alt.Chart(curve[curve["session_no"] <= last_report])
    later = alt.Chart(curve[curve["session_no"] >= last_report])
    band = {"x": x, "y": alt.Y("q05_relief_pct:Q", **y), "y2": alt.Y2("q95_relief_pct:Q")}
    median = {"x": x, "y": alt.Y("q50_relief_pct:Q", **y)}
    layers = [
        seen.mark_area(color=BLUE, opacity=0.22).encode(**band),
        later.mark_area(color=BLUE, opacity=0.1).encode(**band),
        seen.mark_line(color=BLUE, strokeWidth=2).encode(**median),
        later.mark_line(color=BLUE, strokeWidth=1.5, strokeDash=[2, 2]).encode(**median),
        alt.Chart(plateau.dropna(subset=["plateau_mean_pct"]))
        .mark_rule(color=VERMILLION, strokeDash=[5, 3], strokeWidth=1.5)
        .encode(y=alt.Y("plateau_mean_pct:Q", **y)),
        alt.Chart(plateau.dropna(subset=["saturation_session"]))
        .mark_rule(color=SOFT, strokeWidth=1.5, strokeDash=[1, 2])
        .encode(x=alt.X("saturation_session:Q")),
        alt.Chart(reported)
        .mark_point(color=BLACK, fill="white", size=22, strokeWidth=1.2, opacity=1)
        .encode(x=x, y=alt.Y("pain_relief_pct:Q", **y)),
    ]
    return alt.layer(*layers).properties(width=190, height=120)
