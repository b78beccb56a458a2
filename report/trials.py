"""One page a study of trials: question, answer, decision, figure, tables, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Block, DataTable, Figure, Panel, Section, Text
from report.figures.power import by_patients
from report.frames import records
from report.studies.frame import Words, page
from report.studies.trial_sizes import endpoints, searched
from report.studies.trial_tables import estimates
from report.studies.trial_tables import sizes as sizes_table
from report.style import SERIES, band_key, swatch, to_svg
from report.wording import count, number, plural, plus_minus, reports_words, words

MOST_PANELS = 6


@dataclass(frozen=True, kw_only=True)
class TrialFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    trial, method, missing, sessions
        The headline.
    power
        Asked, 0-1.
    level
        Of every test, 0-1.
    measure
        What the study is about: `power`, or `coverage` of the intervals.
    endpoint_of
        Endpoint of each method.
    """

    trial: str
    method: str
    missing: str
    sessions: int
    power: float
    level: float
    measure: str
    endpoint_of: Mapping[str, str]


def build(
    performance: pd.DataFrame,
    sizes: pd.DataFrame,
    n_trials: int,
    facts: TrialFacts,
    extra: Sequence[Section] = (),
) -> str:
    """Write the page.

    Parameters
    ----------
    performance
        `study_performance` of a study of trials.
    sizes
        `study_size`: what searches have found; it may be empty.
    n_trials
        Simulated trials behind every cell of a world.
    facts
        What the page quotes of the design.
    extra
        Sections that follow the estimates.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    worlds = list(dict.fromkeys(performance["world"]))
    basis = f"{plural(n_trials, 'simulated trial')} of every kind and size · "
    basis += f"{plural(len(worlds), 'world')}: {'; '.join(worlds)}"
    sections: list[Section] = [
        Section(
            "figure", f"{words(facts.measure)} by number of patients", [_figure(performance, facts)]
        ),
        Section("estimates", "What the estimates are worth", [estimates(performance, facts)]),
        *extra,
    ]
    if facts.measure == "power":
        sections.insert(1, Section("sizes", "How many patients", [sizes_table(performance, facts)]))
    return page(facts, basis, sections, _needed(performance, sizes, facts))


def _needed(performance: pd.DataFrame, sizes: pd.DataFrame, facts: TrialFacts) -> list[Block]:
    """Say what searches have found, and which endpoint needs fewest patients."""
    if facts.measure != "power":
        return []
    same = pd.Series({"trial": facts.trial, "missing": facts.missing, "sessions": facts.sessions})

    def own(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[(rows[list(same.index)] == same).all(axis=1)]

    compared = endpoints(own(sizes), own(performance), facts.endpoint_of, facts.power)
    return [Text(text) for text in (*searched(sizes), *compared)]


def _figure(performance: pd.DataFrame, facts: TrialFacts) -> Figure:
    rows = performance[
        (performance["measure"] == facts.measure)
        & (performance["missing"] == facts.missing)
        & performance["estimate"].notna()
    ]
    longest = rows.groupby("trial")["sessions"].transform(lambda s: _nearest(s, facts.sessions))
    rows = rows[rows["sessions"] == longest]
    rows = rows.assign(
        series=[words(name) for name in rows["method"]],
        value=100 * rows["estimate"],
        lo=100 * (rows["estimate"] - 2 * rows["mcse"]),
        hi=100 * (rows["estimate"] + 2 * rows["mcse"]),
    )
    rows = rows[rows.groupby(["trial", "world"])["n_patients"].transform("nunique") > 1]
    every = list(dict.fromkeys(rows["series"]))
    names, left_out = every[: len(SERIES)], every[len(SERIES) :]
    wanted = facts.power if facts.measure == "power" else 1 - facts.level
    several = len(set(rows["world"])) > 1
    panels: list[Panel] = []
    drawn = rows[rows["series"].isin(names)]  # a series without a look would borrow another's
    pictures = list(drawn.groupby(["trial", "world"], sort=False))
    pictures.sort(key=lambda picture: picture[0][0] != facts.trial)  # the headline's in every world
    for (trial, world), own in pictures[:MOST_PANELS]:
        title = words(trial) + (f", {world}" if several else "")
        chart = by_patients(
            own[["series", "n_patients", "value", "lo", "hi"]],
            names,
            100 * wanted,
            words(facts.measure),
        )
        label = f"{words(facts.measure)} by number of patients, {title}"
        panels.append(Panel(to_svg(chart, f"power-{len(panels)}", label), title))
    lines = [
        (
            words(row["trial"]),
            row["world"],
            row["series"],
            count(row["n_patients"]),
            plus_minus(row["value"], 100 * row["mcse"], 1, 1),
        )
        for row in records(rows)
    ]
    return Figure(
        key="figure-power",
        title="By trial and world",
        caption=f"Simulated trials of {plural(facts.sessions, 'session')} (or the nearest "
        f"studied); reports: {reports_words(facts.missing)}. Ribbon: ± 2 Monte Carlo "
        f"standard errors. Dashed: {number(100 * wanted, 0)} %."
        + (f" In the tables alone: {'; '.join(left_out)}." if left_out else ""),
        alt=f"{words(facts.measure)} rises or falls with patients; numbers in the table",
        panels=panels,
        data=DataTable(
            ["Trial", "World", "Analysis", "Patients", words(facts.measure) + " (%)"], lines
        ),
        legend=[
            *((swatch(SERIES[i]), name) for i, name in enumerate(names)),
            (band_key(SERIES[0].colour), "± 2 MCSE"),
        ],
        panel_width=290,
    )


def _nearest(sessions: pd.Series, wanted: int) -> int:
    return int(sessions.iloc[(sessions - wanted).abs().argmin()])
