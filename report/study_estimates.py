"""One page a study of estimates: question, answer, decision, figure, tables, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Block, DataTable, Figure, Panel, Section, Table, Text
from report.figures.against_truth import against_truth
from report.frames import records
from report.studies.frame import Words, page
from report.style import BLUE, VERMILLION, Mark, band_key, swatch, to_svg
from report.tables.layout import render, table
from report.wording import MISSING, count, number, plural, plus_minus, words

UNITS = {
    **dict.fromkeys(("share_at_least_cut", "stopped_before", "stopped_for_efficacy"), "%"),
    **dict.fromkeys(("ppv", "npv", "stops_after_reopening", "days_covered"), "%"),
    **dict.fromkeys(("mean_of_selected", "rise", "level_at_15", "patient_plateau"), "points"),
    **dict.fromkeys(("saturation_session", "patient_saturation", "patient_half_rise"), "sessions"),
    "mean_slope": "points a session",
    "loss_at_reopening": "points",
    "patients_per_place": "patients",
}
FINE = ("correlation", "discrimination", "calibration_slope", "mean_slope")
SHOWN = ("estimate", "truth", "bias", "rmse", "coverage", "interval_width", "failed")
PERCENT = ("coverage", "failed")
HEADS = {
    "estimate": "Estimate, mean",
    "truth": "Truth",
    "bias": "Off by",
    "rmse": "Root mean square error",
    "coverage": "Interval holds the truth (%)",
    "interval_width": "Width of the interval",
    "failed": "Without a number (%)",
}
MOST_PANELS = 9
MOST_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class EstimateFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    method, estimand, n_patients
        The headline.
    level
        Intervals hold 1 - level.
    """

    method: str
    estimand: str
    n_patients: int
    level: float


def build(
    performance: pd.DataFrame, n_cohorts: int, facts: EstimateFacts, extra: Sequence[Section] = ()
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

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    wide = _wide(performance)
    worlds = list(dict.fromkeys(wide["world"]))
    basis = f"{count(n_cohorts)} simulated cohorts a world · {plural(len(worlds), 'world')}"
    own = wide[wide["n_patients"] == facts.n_patients]
    sections = [
        Section("figure", f"{words(facts.estimand)}: estimates and truth", [_figure(own, facts)]),
        Section("worlds", "By world", [_by_world(own, facts)]),
        Section("estimates", "What each estimate is worth", [_estimates(own, facts)]),
        *extra,
    ]
    if len(set(wide["n_patients"])) > 1:
        sections.insert(2, Section("sizes", "By size of the cohort", [_by_size(wide, facts)]))
    return page(facts, basis, _answer(own, facts), sections)


def _wide(performance: pd.DataFrame) -> pd.DataFrame:
    """One row a world, size, way and estimand; a measure and its error side by side."""
    keys = ["world", "n_patients", "method", "estimand"]
    parts = [
        performance.pivot_table(index=keys, columns="measure", values=value, sort=False)
        for value in ("estimate", "mcse")
    ]
    wide = parts[0].join(parts[1].add_suffix("_mcse")).reset_index()
    absent = [m for m in SHOWN if m not in wide]
    return wide.assign(**dict.fromkeys([*absent, *(f"{m}_mcse" for m in absent)], float("nan")))


def _answer(own: pd.DataFrame, facts: EstimateFacts) -> list[Block]:
    rows = own[own["estimand"] == facts.estimand]
    return [
        Text(_one_sentence(rows[rows["method"] == facts.method], facts)),
        *_compared(rows, facts),
    ]


def _one_sentence(rows: pd.DataFrame, facts: EstimateFacts) -> str:
    """Say how far the headline is from the truth, world by world or from the least to the most."""
    digits = _digits(facts.estimand)
    head = (
        f"With {count(facts.n_patients)} patients, “{words(facts.method)}” puts "
        f"{_name(facts.estimand)}"
    )
    rows = rows.sort_values("bias")
    told = rows if len(rows) <= MOST_TOLD else rows.iloc[[0, len(rows) // 2, -1]]
    parts = []
    for row in records(told):
        text = (
            f"at {number(row['estimate'], digits)} where {number(row['truth'], digits)} is true "
            f"(off by {plus_minus(row['bias'], row['bias_mcse'], digits, digits)}{_held(row)}"
        )
        parts.append(f"{text}; {row['world']})" if len(rows) > 1 else f"{text})")
    over = (
        f"; of {len(rows)} worlds these are the one most below the truth, the middle one and the "
        "one most above it"
        if len(rows) > MOST_TOLD
        else ""
    )
    return (
        f"{head} {', '.join(parts)}{over}. ± is the Monte Carlo standard error: how far a world "
        "may be from the clinic is not in it."
    )


def _held(row: dict[str, float]) -> str:
    if row["coverage"] != row["coverage"]:
        return ""
    held = plus_minus(100 * row["coverage"], 100 * row["coverage_mcse"], 0, 0)
    return f", its interval holds the truth in {held} of 100"


def _compared(rows: pd.DataFrame, facts: EstimateFacts) -> list[Block]:
    """Say which way of estimating the same is off least in its worst world."""
    if rows["method"].nunique() < 2 or rows.groupby("world")["truth"].agg(_spread).max() > 1e-9:
        return []
    worst = rows.assign(off=rows["bias"].abs()).groupby("method")["off"].max()
    best, digits = worst.idxmin(), _digits(facts.estimand)
    return [
        Text(
            f"Of {plural(len(worst), 'way')} compared, “{words(best)}” is off least in its worst "
            f"world: by {number(worst.min(), digits)}, against up to {number(worst.max(), digits)} "
            f"by “{words(worst.idxmax())}”."
        )
    ]


def _spread(values: pd.Series) -> float:
    return float(values.max() - values.min())


def _figure(own: pd.DataFrame, facts: EstimateFacts) -> Figure:
    rows = own[own["estimand"] == facts.estimand].assign(way=lambda r: r["method"].map(words))
    half = rows["interval_width"] / 2
    rows = rows.assign(lo=rows["estimate"] - half, hi=rows["estimate"] + half)
    ways = list(dict.fromkeys(rows["way"]))
    ends = rows[["lo", "hi", "estimate", "truth"]]
    low, high = float(ends.min().min()), float(ends.max().max())
    domain = low - 0.04 * (high - low), high + 0.04 * (high - low)
    panels = []
    for k, (world, part) in enumerate(rows.groupby("world", sort=False)):
        if k == MOST_PANELS:
            break
        columns = part[["way", "estimate", "lo", "hi", "truth"]]
        chart = against_truth(columns, ways, domain, _axis(facts.estimand))
        panels.append(
            Panel(to_svg(chart, f"truth-{k}", f"Estimates and truth, {world}"), str(world))
        )
    digits = _digits(facts.estimand)
    lines = [
        (row["world"], row["way"], *(number(row[m], digits) for m in SHOWN[:3]),
         number(row["interval_width"], digits))
        for row in records(rows)
    ]  # fmt: skip
    return Figure(
        key="figure-truth",
        title=f"{words(facts.estimand)}: estimates and truth",
        caption=f"Simulated cohorts of {count(facts.n_patients)} patients. Dot: mean estimate; "
        f"bar: mean width of its {number(100 * (1 - facts.level), 0)} % interval, where there is "
        "one, about that mean; tick: the truth of the world."
        + (f" The first {MOST_PANELS} worlds." if rows["world"].nunique() > MOST_PANELS else ""),
        alt="Each way of estimating beside the truth, a panel a world; numbers in the table",
        panels=panels,
        data=DataTable(["World", "Way", *(HEADS[m] for m in SHOWN[:3]), "Width"], lines),
        legend=[
            (swatch(Mark(BLUE, "circle"), line=False), "mean estimate"),
            (band_key(BLUE, 0.35), "interval, mean width"),
            (swatch(Mark(VERMILLION, "square"), line=False), "truth"),
        ],
        panel_width=330,
    )


def _by_world(own: pd.DataFrame, facts: EstimateFacts) -> Table:
    """How far each way is off, a row a world and a column a way."""
    rows, digits = own[own["estimand"] == facts.estimand], _digits(facts.estimand)
    ways = list(dict.fromkeys(rows["method"]))
    lines = []
    for world, part in rows.groupby("world", sort=False):
        by = {row["method"]: row for row in records(part)}
        lines.append((world, *(_off(by.get(way), digits) for way in ways)))
    labels = {"head": "World"} | {way: words(way) for way in ways}
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=list(labels)),
                "table-worlds",
                f"{words(facts.estimand)}: how far off, {count(facts.n_patients)} patients",
                labels,
                stub="head",
                notes=["Mean of estimate less truth ± Monte Carlo standard error; above 0: too "
                       f"much. {_unit_note(facts.estimand)}"],
            )
        )
    )  # fmt: skip


def _by_size(wide: pd.DataFrame, facts: EstimateFacts) -> Table:
    """The headline's way and estimand by number of patients, in the middle world."""
    rows = wide[(wide["estimand"] == facts.estimand) & (wide["world"] == _middle(wide))]
    lines = [
        (words(row["method"]), plural(row["n_patients"], "patient"),
         *(_cell(row, m, facts.estimand) for m in SHOWN[2:6]))
        for row in records(rows.sort_values(["method", "n_patients"], kind="stable"))
    ]  # fmt: skip
    labels = {"head": "Way"} | {m: HEADS[m] for m in SHOWN[2:6]}
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=["group", *labels]),
                "table-sizes",
                f"{words(facts.estimand)} by size of the cohort, {_middle(wide)}",
                labels,
                stub="head",
                group="group",
                notes=[_unit_note(facts.estimand)],
            )
        )
    )


def _estimates(own: pd.DataFrame, facts: EstimateFacts) -> Table:
    """Every way and estimand in the middle world."""
    world = _middle(own)
    lines = [
        (words(row["estimand"]) + _unit(row["estimand"]), words(row["method"]),
         *(_cell(row, m, row["estimand"]) for m in SHOWN))
        for row in records(own[own["world"] == world])
    ]  # fmt: skip
    labels = {"head": "Way"} | {m: HEADS[m] for m in SHOWN}
    lines.sort(key=lambda line: line[0])
    return Table(
        render(
            table(
                pd.DataFrame(lines, columns=["group", *labels]),
                "table-estimates",
                f"World: {world}; {count(facts.n_patients)} patients",
                labels,
                stub="head",
                group="group",
                notes=[
                    "± Monte Carlo standard error. Where a patient has an estimate of his own, "
                    "means are over patients, and errors count cohorts.",
                    "Without a number: nothing to estimate from, or a model that did not pass its "
                    "own gate.",
                ],
            )
        )
    )


def _middle(rows: pd.DataFrame) -> str:
    worlds = list(dict.fromkeys(rows["world"]))
    return str(worlds[len(worlds) // 2])


def _digits(estimand: str) -> int:
    return 2 if estimand in FINE else 1


def _name(estimand: str) -> str:
    text = words(estimand)
    text = text if text[:2].isupper() or "PV" in text else text[:1].lower() + text[1:]
    return f"the {text}{_unit(estimand)}"


def _unit(estimand: str) -> str:
    return f" ({UNITS[estimand]})" if estimand in UNITS else ""


def _axis(estimand: str) -> str:
    return words(estimand) + _unit(estimand)


def _unit_note(estimand: str) -> str:
    return f"In {UNITS[estimand]}." if estimand in UNITS else "No unit."


def _off(row: dict[str, float] | None, digits: int) -> str:
    return MISSING if row is None else plus_minus(row["bias"], row["bias_mcse"], digits, digits)


def _cell(row: dict[str, float], measure: str, estimand: str) -> str:
    scale = 100 if measure in PERCENT else 1
    digits = 0 if measure in PERCENT else _digits(estimand)
    if row[f"{measure}_mcse"] == 0:  # the same in every cohort, as the truth of a world is
        return number(scale * row[measure], digits)
    return plus_minus(scale * row[measure], scale * row[f"{measure}_mcse"], digits, digits)
