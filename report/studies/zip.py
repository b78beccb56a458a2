"""The zip plot of a study's intervals.

Belongs here: ranks made of counts, and words. Does not: the counts or the drawing.
"""

from collections.abc import Sequence

import pandas as pd

from report.blocks import DataTable, Figure, Panel, Section
from report.figures.zip_plot import zip_plot
from report.frames import records
from report.style import BLUE, SOFT, VERMILLION, Mark, band_key, swatch, to_svg
from report.wording import count, number

MOST_PANELS = 6
BEYOND = 2.1
"""Where intervals are drawn whose truth lies further away than was told apart, in half-widths."""


def strips(rows: pd.DataFrame) -> pd.DataFrame:
    """Return strips of ranked intervals.

    Parameters
    ----------
    rows
        Of one cell: is_truth_below, half_widths_from, half_widths_to, is_held, n.

    Returns
    -------
    pandas.DataFrame
        from_pct, to_pct (rank by distance of the truth from the middle; of the same step those
        below first), lo, hi (ends less truth, in half-widths), is_held.
    """
    order = rows.sort_values(["half_widths_from", "is_truth_below"])
    upto = 100 * order["n"].cumsum() / order["n"].sum()
    middle = (order["half_widths_from"] + order["half_widths_to"].clip(upper=BEYOND)) / 2
    away = middle.where(order["is_truth_below"], -middle)
    return pd.DataFrame({
        "from_pct": upto.shift(fill_value=0.0), "to_pct": upto,
        "lo": away - 1, "hi": away + 1, "is_held": order["is_held"],
    })  # fmt: skip


def section(rows: pd.DataFrame, keys: Sequence[str], level: float, about: str) -> list[Section]:
    """Return the section with a panel for each cell, or none where there is no interval.

    Parameters
    ----------
    rows
        Rows of `study_coverage` to draw, with `cell_id` and the columns of `keys`.
    keys
        Columns that name a panel.
    level
        Intervals should hold the truth in 1 - level.
    about
        What is drawn, for the caption.
    """
    if rows.empty:
        return []
    wanted = 100 * (1 - level)
    panels: list[Panel] = []
    lines = []
    for _, own in list(rows.groupby("cell_id", sort=False))[:MOST_PANELS]:
        title = ", ".join(str(own[key].iloc[0]) for key in keys)
        n, held = int(own["n"].sum()), int(own.loc[own["is_held"], "n"].sum())
        note = f"{number(100 * held / n)} % of {count(n)} hold the truth"
        chart = zip_plot(strips(own), wanted)
        panels.append(Panel(to_svg(chart, f"zip-{len(panels)}", f"{title}: {note}"), title, [note]))
        lines += [
            (title, "below" if row["is_truth_below"] else "above",
             f"{number(row['half_widths_from'])} to {number(row['half_widths_to'])}",
             "yes" if row["is_held"] else "no", count(row["n"]))
            for row in records(own)
        ]  # fmt: skip
    figure = Figure(
        key="figure-zip",
        title="Intervals about the truth",
        caption=f"{about} Intervals ranked by how far the truth (line) lies from their middle, in "
        "steps of a tenth of the half-width; above 2 half-widths they are drawn together. Should "
        f"the intervals be right, colour changes at {number(wanted, 0)} % (dashed). An excess on "
        "one side is bias.",
        alt="Intervals by rank; the share that holds the truth stands under each panel",
        panels=panels,
        data=DataTable(["Of", "Truth lies", "Half-widths away", "Held", "Intervals"], lines),
        legend=[
            (band_key(BLUE, 0.75), "Holds the truth"),
            (band_key(VERMILLION, 0.75), "Does not"),
            (swatch(Mark(SOFT, "circle", (4, 3)), point=False), f"{number(wanted, 0)} %"),
        ],
        panel_width=290,
    )
    return [Section("zip", "Zip plot of the intervals", [figure])]
