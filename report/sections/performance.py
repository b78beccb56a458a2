"""Section 6: how long a test period should be, in simulated cohorts."""

from collections.abc import Sequence

import pandas as pd

from report.blocks import Block, DataTable, Figure, Notice, Panel, Section, Table, Text
from report.facts import ReportFacts
from report.figures.performance import SHARES, by_length
from report.frames import Absent, Frames, is_missing, take
from report.style import SERIES, SOFT, Mark, band_key, swatch, to_svg
from report.tables.layout import render
from report.tables.performance import by_rule_and_length, length_table, present_measures
from report.wording import number, plural, words

LENGTHS = (4, 5, 6)
_KEYS = ["study", "cell_id", "rule", "test_sessions", "threshold_pct", "measure"]


def build(frames: Frames, facts: ReportFacts) -> Section:
    """Return the section on the length of the test period."""
    title = "6. Length of the test period (simulated cohorts)"
    rows = take(frames, "study_performance", [*_KEYS, "estimate", "mcse", "n"])
    if isinstance(rows, Absent):
        notice = Notice(f"Operating characteristics are not shown: {rows.reason}")
        return Section("test-length", title, [notice])
    worlds = with_series(rows, frames, facts)
    if worlds.empty:
        reason = f"no cell has the cut of {number(facts.headline_cut_pct, 0)} %."
        return Section(
            "test-length", title, [Notice(f"Operating characteristics are not shown: {reason}")]
        )
    blocks: list[Block] = [Text(_truth(frames, facts))]
    names = list(dict.fromkeys(worlds["world"]))
    for name in names:
        blocks += _world(name, worlds[worlds["world"] == name], facts, is_only=len(names) == 1)
    return Section("test-length", title, blocks)


def with_series(rows: pd.DataFrame, frames: Frames, facts: ReportFacts) -> pd.DataFrame:
    """Return the rows of the headline cut that can be drawn, with their series and world.

    Parameters
    ----------
    rows
        `study_performance`.
    frames
        `study_cell`, if present, gives world and cut of each cell.
    facts
        The headline cut; the protocol's threshold comes first in the order of series.

    Returns
    -------
    pandas.DataFrame
        Rows with an estimate and a length, plus `series` ('Last report, at least 10 %') and
        `world`, ordered as they are to be shown.
    """
    known = rows[[*_KEYS, "estimate", "mcse", "n"]].dropna(subset=["test_sessions", "estimate"])
    cells = take(frames, "study_cell", ["cell_id", "scenario_id", "cut_pct"])
    if isinstance(cells, Absent):
        known = known.assign(scenario_id="", cut_pct=facts.headline_cut_pct)
    else:
        where = cells[["cell_id", "scenario_id", "cut_pct"]].drop_duplicates("cell_id")
        known = known.merge(where, on="cell_id", how="left")
    known = known[known["cut_pct"].isna() | (known["cut_pct"] == facts.headline_cut_pct)]
    pairs = zip(known["rule"], known["threshold_pct"], strict=True)
    known = known.assign(
        series=[_series(rule, threshold) for rule, threshold in pairs],
        world=_worlds(known),
    )
    order = ["world", "rule", "threshold_pct", "test_sessions"]
    return known.sort_values(order, kind="stable").reset_index(drop=True)


def _series(rule: object, threshold: object) -> str:
    name = words(rule)
    return name if is_missing(threshold) else f"{name}, at least {number(threshold, 0)} %"


def _worlds(rows: pd.DataFrame) -> list[str]:
    """Names of study and scenario; a study's only scenario needs no name."""
    n_scenarios = rows.groupby("study")["scenario_id"].transform("nunique")
    return [
        words(study) if n < 2 else f"{words(study)}, scenario {str(scenario)[:6]}"
        for study, scenario, n in zip(rows["study"], rows["scenario_id"], n_scenarios, strict=True)
    ]


def _truth(frames: Frames, facts: ReportFacts) -> str:
    text = (
        "Every number of this section comes from simulated cohorts, whose truth is known; none is "
        f"an observation of this clinic. Long-term relief means: {facts.truth_definition}."
    )
    cells = take(frames, "study_cell", ["horizon_session", "n_replicates", "n_patients"])
    if isinstance(cells, Absent):
        return text
    sizes = cells[["n_replicates", "n_patients", "horizon_session"]].dropna().drop_duplicates()
    stated = "; ".join(
        f"{plural(n, 'cohort')}, {plural(patients, 'patient')} in all, treated to session {horizon}"
        for n, patients, horizon in sizes.astype(int).itertuples(index=False)
    )
    return f"{text} Simulated: {stated}." if stated else text


def _world(name: str, rows: pd.DataFrame, facts: ReportFacts, *, is_only: bool) -> list[Block]:
    """Figure and table of one scenario."""
    every = list(dict.fromkeys(rows["series"]))
    shown = every[: len(SERIES)]
    blocks: list[Block] = [_figure(name, rows, shown, len(every), facts)]
    compared = rows[rows["test_sessions"].isin(LENGTHS) & rows["series"].isin(shown)]
    in_use = compared["threshold_pct"] == facts.relief_thresholds_pct[0]
    compared = compared[in_use] if in_use.any() else compared
    lengths = sorted(int(n) for n in compared["test_sessions"].unique())
    if lengths:
        key = "table-4" if is_only else f"table-4-{_slug(name)}"
        title = "" if is_only else name
        blocks.append(
            Table(render(length_table(compared, lengths, facts.truth_definition, key, title)))
        )
    return blocks


def _figure(
    name: str, rows: pd.DataFrame, shown: Sequence[str], n_series: int, facts: ReportFacts
) -> Figure:
    drawn = rows[rows["series"].isin(shown)]
    measures = present_measures(drawn)
    panels = []
    for measure in measures:
        points = drawn_points(drawn[drawn["measure"] == measure], measure)
        chart = by_length(points, shown, measure, facts.test_period_sessions)
        key = f"oc-{_slug(name)}-{measure}"
        title = words(measure) + (" (%)" if measure in SHARES else "")
        panels.append(Panel(to_svg(chart, key, f"{title} by test sessions"), title))
    left = (
        f" {plural(n_series - len(shown), 'further rule')} in the table only."
        if n_series > len(shown)
        else ""
    )
    return Figure(
        key=f"figure-length-{_slug(name)}",
        title=f"Operating characteristics by number of test sessions: {name}",
        caption="Simulated cohorts. Lines: estimate; ribbon: ± 2 Monte Carlo standard errors "
        "(often thinner than the line). Dotted: length of the present test period "
        f"({plural(facts.test_period_sessions, 'session')}).{left} Positive and negative "
        "predictive values hold for the share of long-term relief in these cohorts.",
        alt=_alt(drawn, measures),
        panels=panels,
        data=_data(rows),
        legend=[
            *((swatch(SERIES[i]), s) for i, s in enumerate(shown)),
            (band_key(SERIES[0].colour), "± 2 MCSE"),
            (swatch(Mark(SOFT, "circle", (3, 3)), point=False), "Present test period"),
        ],
        panel_width=270,
    )


def _data(rows: pd.DataFrame) -> DataTable:
    measures = present_measures(rows)
    lengths = sorted(int(n) for n in rows["test_sessions"].unique())
    heads = [words(m) + (" (%)" if m in SHARES else "") for m in measures]
    return DataTable(["Rule", "Test", *heads], by_rule_and_length(rows, lengths, measures))


def drawn_points(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return one measure in drawing units: shares in percent, with a ribbon of 2 MCSE."""
    scale = 100 if measure in SHARES else 1
    value = scale * rows["estimate"].astype(float)
    half = 2 * scale * rows["mcse"].astype(float)
    points = rows[["series", "test_sessions"]].assign(value=value, lo=value - half, hi=value + half)
    return points.assign(lo=points["lo"].clip(lower=0))


def _alt(rows: pd.DataFrame, measures: Sequence[str]) -> str:
    """Say first and last value of the first series for every measure."""
    if rows.empty:
        return "No series drawn"
    first_series = rows.iloc[0]["series"]
    own = rows[rows["series"] == first_series]
    parts = []
    for measure in measures:
        line = own[own["measure"] == measure].sort_values("test_sessions")
        if not line.empty:
            a, b = (r for r in (line.iloc[0], line.iloc[-1]))
            scale, unit = (100, " %") if measure in SHARES else (1, "")
            parts.append(
                f"{words(measure)} {number(scale * a['estimate'])}{unit} with {a['test_sessions']} "
                f"and {number(scale * b['estimate'])}{unit} with {b['test_sessions']} sessions"
            )
    return f"{first_series}: " + "; ".join(parts)


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name.lower())
