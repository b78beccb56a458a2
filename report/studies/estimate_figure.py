"""The figure of a study of estimates: estimates and truth, the ways compared in each world.

Belongs here: panels, caption, layout. Does not: any number that is not in the study's tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import DataTable, Figure, Panel
from report.figures.against_truth import against_truth
from report.frames import records
from report.studies.estimate_tables import HEADS, SHOWN, axis_of, digits_of, possible
from report.style import BLUE, VERMILLION, Mark, band_key, swatch, to_svg
from report.wording import number, words

if TYPE_CHECKING:
    from report.study_estimates import EstimateFacts

MOST_PANELS = 9
_DRAWN = ["row", "estimate", "lo", "hi", "truth"]


@dataclass(frozen=True)
class _Part:
    """Rows of one panel: its title, its estimand, and the range of its axis."""

    title: str
    estimand: str
    rows: pd.DataFrame
    domain: tuple[float, float]


def figure(own: pd.DataFrame, facts: "EstimateFacts") -> Figure:
    """Return the figure: a panel a world and a row a way; of one way, an estimand and a world."""
    rows = own[own["estimand"] == facts.estimand]
    is_compared = len(set(rows["method"])) > 1 or len(set(own["world"])) == 1
    parts = list(_by_world(rows) if is_compared else _by_estimand(own, facts))
    panels = []
    for k, part in enumerate(parts[:MOST_PANELS]):
        names = list(dict.fromkeys(part.rows["row"]))
        drawn = part.rows[_DRAWN].rename(columns={"row": "way"})
        chart = against_truth(drawn, names, part.domain, axis_of(part.estimand))
        panels.append(Panel(to_svg(chart, f"truth-{k}", f"Estimates and truth, {part.title}"),
                            part.title))  # fmt: skip
    of = "world" if is_compared else "estimand"
    return Figure(
        key="figure-truth",
        title="By world" if is_compared else "World beside world",
        caption=f"Simulated cohorts of {facts.of}. Dot: mean estimate; "
        f"bar: mean width of its {number(100 * (1 - facts.level), 0)} % interval, where there is "
        "one, about that mean and within what is possible; tick: the truth of the world."
        + (f" The first {MOST_PANELS} worlds." if len(parts) > MOST_PANELS else ""),
        alt=f"Estimates beside the truth, a panel of each {of}; numbers in the table",
        panels=panels,
        data=_table(parts, of),
        legend=[
            (swatch(Mark(BLUE, "circle"), line=False), "mean estimate"),
            *([(band_key(BLUE, 0.35), "interval, mean width")] if rows["lo"].notna().any() else []),
            (swatch(Mark(VERMILLION, "square"), line=False), "truth"),
        ],
        panel_width=330,
    )


def with_ends(own: pd.DataFrame) -> pd.DataFrame:
    """Return rows with `lo` and `hi`, the interval's mean width about the mean estimate."""
    half = own["interval_width"] / 2
    least, most = zip(*(possible(name) for name in own["estimand"]), strict=True)
    lo, hi = own["estimate"] - half, own["estimate"] + half
    return own.assign(
        lo=lo.where(~(lo < pd.Series(least, own.index, float)), pd.Series(least, own.index, float)),
        hi=hi.where(~(hi > pd.Series(most, own.index, float)), pd.Series(most, own.index, float)),
    )


def _by_world(rows: pd.DataFrame) -> Iterator[_Part]:
    """One axis for all worlds, so that they can be compared."""
    domain, ways = _domain(rows), rows["method"].map(words)
    for world, part in rows.assign(row=ways).groupby("world", sort=False):
        yield _Part(str(world), part["estimand"].iloc[0], part, domain)


def _by_estimand(own: pd.DataFrame, facts: "EstimateFacts") -> Iterator[_Part]:
    """Worlds beside each other, each estimand of the headline's way on its own axis."""
    mine = own[own["method"] == facts.method]
    names = sorted(set(mine["estimand"]), key=lambda name: name != facts.estimand)
    for name in names:
        rows = mine[mine["estimand"] == name]
        yield _Part(words(name), name, rows.assign(row=rows["world"]), _domain(rows))


def _domain(rows: pd.DataFrame) -> tuple[float, float]:
    ends = rows[["lo", "hi", "estimate", "truth"]]
    low, high = float(ends.min().min()), float(ends.max().max())
    return low - 0.04 * (high - low), high + 0.04 * (high - low)


def _table(parts: list[_Part], of: str) -> DataTable:
    lines = [
        (part.title, row["row"], *(number(row[m], digits_of(part.estimand)) for m in SHOWN[:3]),
         number(row["interval_width"], digits_of(part.estimand)))
        for part in parts
        for row in records(part.rows)
    ]  # fmt: skip
    first, second = ("World", "Way") if of == "world" else ("Estimand", "World")
    return DataTable([first, second, *(HEADS[m] for m in SHOWN[:3]), "Width"], lines)
