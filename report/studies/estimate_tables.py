"""Tables of a study of estimates: by world, by size, by estimand; and how an estimand is written.

Belongs here: layout, units, decimals. Does not: any number that is not in the study's tables.
"""

import math
from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import Table
from report.frames import records
from report.studies.lines import lined
from report.wording import MISSING, number, plural, plus_minus, words

if TYPE_CHECKING:
    from report.study_estimates import EstimateFacts

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


def by_world(own: pd.DataFrame, facts: "EstimateFacts") -> Table:
    """How far each way is off, a row a world and a column a way."""
    rows, digits = own[own["estimand"] == facts.estimand], digits_of(facts.estimand)
    ways = list(dict.fromkeys(rows["method"]))
    lines = []
    for world, part in rows.groupby("world", sort=False):
        by = {row["method"]: row for row in records(part)}
        lines.append((str(world), *(_off(by.get(way), digits) for way in ways)))
    labels = {"head": "World"} | {way: words(way) for way in ways}
    return lined(
        lines,
        "table-worlds",
        f"{words(facts.estimand)}: how far off, {facts.of}",
        labels,
        [
            "Mean of estimate less truth ± Monte Carlo standard error; above 0: too much. "
            + _unit_note(facts.estimand)
        ],
    )


def by_size(wide: pd.DataFrame, facts: "EstimateFacts") -> Table:
    """The headline's way and estimand by number of patients, in the middle world."""
    rows = wide[(wide["estimand"] == facts.estimand) & (wide["world"] == _middle(wide))]
    place = {method: k for k, method in enumerate(dict.fromkeys(rows["method"]))}
    rows = rows.assign(place=rows["method"].map(place)).sort_values(["place", "n_patients"])
    lines = [
        (words(row["method"]), plural(row["n_patients"], "patient"),
         *(_cell(row, m, facts.estimand) for m in SHOWN[2:6]))
        for row in records(rows)
    ]  # fmt: skip
    labels = {"head": "Way"} | {m: HEADS[m] for m in SHOWN[2:6]}
    return lined(
        lines,
        "table-sizes",
        f"{words(facts.estimand)} by size of the cohort, {_middle(wide)}",
        labels,
        [_unit_note(facts.estimand)],
        is_grouped=True,
    )


def estimates(own: pd.DataFrame, facts: "EstimateFacts") -> Table:
    """Every way and estimand in the middle world."""
    world = _middle(own)
    lines = [
        (words(row["estimand"]) + _unit(row["estimand"]), words(row["method"]),
         *(_cell(row, m, row["estimand"]) for m in SHOWN))
        for row in records(own[own["world"] == world])
    ]  # fmt: skip
    labels = {"head": "Way"} | {m: HEADS[m] for m in SHOWN}
    lines.sort(key=lambda line: line[0])
    return lined(
        lines,
        "table-estimates",
        f"World: {world}; {facts.of}",
        labels,
        [
            "± Monte Carlo standard error. Where a patient has an estimate of their own, means are "
            "over patients, and errors count cohorts.",
            "Without a number: nothing to estimate from, or a model that did not pass its own "
            "gate.",
        ],
        is_grouped=True,
    )


def _middle(rows: pd.DataFrame) -> str:
    worlds = list(dict.fromkeys(rows["world"]))
    return str(worlds[len(worlds) // 2])


def digits_of(estimand: str) -> int:
    """Decimals that an estimand is told with."""
    return 2 if estimand in FINE else 1


def _unit(estimand: str) -> str:
    return f" ({UNITS[estimand]})" if estimand in UNITS else ""


def possible(estimand: str) -> tuple[float | None, float | None]:
    """Least and most that an estimand can be; None where nothing bounds it."""
    unit = UNITS.get(estimand, "")
    return (0.0 if unit in ("%", "sessions", "patients") else None), (
        100.0 if unit == "%" else None
    )


def axis_of(estimand: str) -> str:
    """An estimand as the title of an axis."""
    return words(estimand) + _unit(estimand)


def _unit_note(estimand: str) -> str:
    return f"In {UNITS[estimand]}." if estimand in UNITS else "No unit."


def _off(row: dict[str, float] | None, digits: int) -> str:
    return MISSING if row is None else plus_minus(row["bias"], row["bias_mcse"], digits, digits)


def _cell(row: dict[str, float], measure: str, estimand: str) -> str:
    scale = 100 if measure in PERCENT else 1
    digits = 0 if measure in PERCENT else digits_of(estimand)
    error = row.get(f"{measure}_mcse", math.nan)
    is_edge = measure in PERCENT and row[measure] in (0, 1)  # ± would pass its bounds
    if is_edge or not error > 0:  # or the same in all cohorts, and known exactly or not at all
        return number(scale * row[measure], digits)
    return plus_minus(scale * row[measure], scale * error, digits, digits)
