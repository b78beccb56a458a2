"""Reported relief after the test period, one mark a patient."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.style import CATEGORY, SOFT, percent_axis


def ranked_relief(status: pd.DataFrame, thresholds_pct: Sequence[float]) -> Any:
    """Draw every patient's relief in rising order, marked by category.

    Parameters
    ----------
    status
        Rows with `rank`, `status_relief_pct` (percent) and `relief_category`.
    thresholds_pct
        Levels drawn as lines, percent.

    Returns
    -------
    altair.LayerChart
        470 x 230 pixels.
    """
    import altair as alt

    names = list(CATEGORY)
    x = alt.X("rank:Q", axis=alt.Axis(title="Patients, in order of reported relief", tickMinStep=1))
    y = alt.Y("status_relief_pct:Q", **percent_axis())
    points = (
        alt.Chart(status)
        .mark_point(filled=True, size=34, opacity=0.9)
        .encode(
            x=x.scale(domain=[0, len(status) + 1], nice=False),
            y=y,
            color=alt.Color(
                "relief_category:N",
                scale=alt.Scale(domain=names, range=[CATEGORY[n].colour for n in names]),
                legend=None,
            ),
            shape=alt.Shape(
                "relief_category:N",
                scale=alt.Scale(domain=names, range=[CATEGORY[n].shape for n in names]),
                legend=None,
            ),
        )
    )
    levels = pd.DataFrame({"level": list(thresholds_pct)})
    rules = alt.Chart(levels).mark_rule(color=SOFT, strokeDash=[3, 3]).encode(y="level:Q")
    return alt.layer(rules, points).properties(width=470, height=230)
