"""Relief before and after surgery, one line a patient."""

from typing import Any

import pandas as pd

from report.style import BLUE, percent_axis


def before_after(pairs: pd.DataFrame) -> Any:
    """Draw one line a patient from the last rTMS session to the evaluations after surgery.

    Parameters
    ----------
    pairs
        Rows with `patient`, `moment` and `relief_pct`, in the order of the moments.

    Returns
    -------
    altair.LayerChart
        400 x 220 pixels.
    """
    import altair as alt

    moments = list(dict.fromkeys(pairs["moment"]))
    x = alt.X("moment:N", sort=moments, axis=alt.Axis(title=None, labelAngle=0))
    y = alt.Y("relief_pct:Q", **percent_axis())
    base = alt.Chart(pairs).encode(x=x, y=y, detail="patient:N")
    lines = base.mark_line(color=BLUE, opacity=0.45, strokeWidth=1.2)
    dots = base.mark_point(color=BLUE, filled=True, size=30, opacity=0.7)
    return alt.layer(lines, dots).properties(width=400, height=220)
