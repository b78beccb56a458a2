"""One page a study of estimates: question, answer, decision, figure, tables, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Block, DataTable, Figure, Panel, Section
from report.figures.against_truth import against_truth
from report.frames import records
from report.studies.estimate_tables import (
    HEADS,
    SHOWN,
    axis_of,
    by_size,
    by_world,
    digits_of,
    estimates,
    possible,
)
from report.studies.frame import Words, page
from report.style import BLUE, VERMILLION, Mark, band_key, swatch, to_svg
from report.wording import number, plural, words

MOST_PANELS = 9


@dataclass(frozen=True, kw_only=True)
class EstimateFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    method, estimand, n_patients
        The headline.
    of
        Patients of a cohort, in words.
    level
        Intervals hold 1 - level.
    """

    method: str
    estimand: str
    n_patients: int
    of: str
    level: float


def build(
    performance: pd.DataFrame,
    n_cohorts: int,
    facts: EstimateFacts,
    extra: Sequence[Section] = (),
    more: Sequence[Block] = (),
) -> str:
    """Write the page.

    Parameters
    ----------
    performance
        `study_performance` of a study of estimates.
    n_cohorts
        Simulated cohorts behind every cell of a world.
    facts
        What the page quotes of the design.
    extra
        Sections that follow the estimates.
    more
        Blocks that follow the answer.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    wide = _wide(performance)
    worlds = list(dict.fromkeys(wide["world"]))
    basis = f"{plural(n_cohorts, 'simulated cohort')} a world · {plural(len(worlds), 'world')}"
    own = wide[wide["n_patients"] == facts.n_patients]
    sections = [
        Section("figure", f"{words(facts.estimand)}: estimates and truth", [_figure(own, facts)]),
        Section("worlds", "How far off, world by world", [by_world(own, facts)]),
        Section("estimates", "What each estimate is worth", [estimates(own, facts)]),
        *extra,
    ]
    if len(set(wide["n_patients"])) > 1:
        sections.insert(2, Section("sizes", "By size of the cohort", [by_size(wide, facts)]))
    return page(facts, basis, sections, more)


def _wide(performance: pd.DataFrame) -> pd.DataFrame:
    """One row a world, size, way and estimand; a measure and its error side by side."""
    keys = ["world", "n_patients", "method", "estimand"]
    parts = [
        performance.pivot_table(index=keys, columns="measure", values=value, sort=False)
        for value in ("estimate", "mcse")
    ]
    wide = parts[0].join(parts[1].add_suffix("_mcse")).reset_index()
    shown = [f"{measure}{end}" for measure in SHOWN for end in ("", "_mcse")]
    absent = [name for name in shown if name not in wide]  # of one cohort no error is known
    return wide.assign(**dict.fromkeys(absent, float("nan")))


def _figure(own: pd.DataFrame, facts: EstimateFacts) -> Figure:
    rows = own[own["estimand"] == facts.estimand].assign(way=lambda r: r["method"].map(words))
    half = rows["interval_width"] / 2
    least, most = possible(facts.estimand)
    rows = rows.assign(
        lo=(rows["estimate"] - half).clip(lower=least),
        hi=(rows["estimate"] + half).clip(upper=most),
    )
    ways = list(dict.fromkeys(rows["way"]))
    ends = rows[["lo", "hi", "estimate", "truth"]]
    low, high = float(ends.min().min()), float(ends.max().max())
    domain = low - 0.04 * (high - low), high + 0.04 * (high - low)
    panels = []
    for k, (world, part) in enumerate(rows.groupby("world", sort=False)):
        if k == MOST_PANELS:
            break
        columns = part[["way", "estimate", "lo", "hi", "truth"]]
        chart = against_truth(columns, ways, domain, axis_of(facts.estimand))
        panels.append(
            Panel(to_svg(chart, f"truth-{k}", f"Estimates and truth, {world}"), str(world))
        )
    digits = digits_of(facts.estimand)
    lines = [
        (row["world"], row["way"], *(number(row[m], digits) for m in SHOWN[:3]),
         number(row["interval_width"], digits))
        for row in records(rows)
    ]  # fmt: skip
    return Figure(
        key="figure-truth",
        title="By world",
        caption=f"Simulated cohorts of {facts.of}. Dot: mean estimate; "
        f"bar: mean width of its {number(100 * (1 - facts.level), 0)} % interval, where there is "
        "one, about that mean and within what is possible; tick: the truth of the world."
        + (f" The first {MOST_PANELS} worlds." if rows["world"].nunique() > MOST_PANELS else ""),
        alt="Each way of estimating beside the truth, a panel a world; numbers in the table",
        panels=panels,
        data=DataTable(["World", "Way", *(HEADS[m] for m in SHOWN[:3]), "Width"], lines),
        legend=[
            (swatch(Mark(BLUE, "circle"), line=False), "mean estimate"),
            *([(band_key(BLUE, 0.35), "interval, mean width")] if half.notna().any() else []),
            (swatch(Mark(VERMILLION, "square"), line=False), "truth"),
        ],
        panel_width=330,
    )
