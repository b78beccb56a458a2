"""Monte Carlo error by number of replicates.

Belongs here: the drawing. Does not: what the error is of.
"""

from typing import Any

import pandas as pd

from report.style import BLUE, SOFT


def by_replicates(rows: pd.DataFrame, target: float | None) -> Any:
    """Draw the error as replicates were added, both axes logarithmic, a line a world.

    Parameters
    ----------
    rows
        `world`, `n_replicates`, `mcse` above 0.
    target
        Error at which a run may stop, marked by a line.

    Returns
    -------
    altair.LayerChart
        560 x 240 pixels; the thin grey line falls with the square root of replicates, as errors of
        independent replicates do, through the largest error of the most replicates.
    """
    import altair as alt

    least, most = int(rows["n_replicates"].min()), int(rows["n_replicates"].max())
    last = float(rows.loc[rows["n_replicates"] == most, "mcse"].max())
    law = pd.DataFrame(
        {"n_replicates": [least, most], "mcse": [last * (most / least) ** 0.5, last]}
    )
    low = min(float(rows["mcse"].min()), last, target or last)
    high = max(float(rows["mcse"].max()), float(law["mcse"].max()), target or last)
    x = alt.X(
        "n_replicates:Q", axis=alt.Axis(title="Simulated replicates a world", tickCount=6),
        scale=alt.Scale(type="log", domain=[0.9 * least, 1.1 * most], nice=False),
    )  # fmt: skip
    y = alt.Y(
        "mcse:Q", axis=alt.Axis(title="Largest Monte Carlo error", tickCount=4, format=".2~g"),
        scale=alt.Scale(type="log", domain=[0.8 * low, 1.25 * high], nice=False),
    )  # fmt: skip
    layers = [alt.Chart(law).mark_line(color=SOFT, strokeWidth=1).encode(x=x, y=y)]
    if target is not None:
        asked = alt.Chart(pd.DataFrame({"mcse": [target]}))
        layers.append(asked.mark_rule(color=SOFT, strokeDash=[3, 3]).encode(y=y))
    one = rows["world"].nunique() < 6
    base = alt.Chart(rows).encode(x=x, y=y, detail="world:N")
    layers.append(base.mark_line(color=BLUE, strokeWidth=1.5, opacity=0.9 if one else 0.35))
    layers.append(base.mark_point(color=BLUE, filled=True, size=22, opacity=0.9 if one else 0.35))
    return alt.layer(*layers).properties(width=560, height=240)
