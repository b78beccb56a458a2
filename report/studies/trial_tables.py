"""Tables of a study of trials: fewest patients, and what the estimates are worth.

Belongs here: layout and notes. Does not: any number that is not in the study's tables.
"""

from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import Table
from report.frames import records
from report.studies.lines import lined
from report.wording import MISSING, count, number, plural, plus_minus, rate, reports_words, words

if TYPE_CHECKING:
    from report.trials import TrialFacts

SHOWN = ("power", "bias", "coverage", "type_s", "type_m")
FLIPS = "status_flips"
PERCENT = ("power", "coverage", "type_s", FLIPS)
FLIPPED = (
    "Status flipped: of the patients with a last report, how many would stand on the other side of "
    "10 % by the right one."
)


def sizes(performance: pd.DataFrame, facts: "TrialFacts") -> Table:
    """Fewest patients studied with the power, by trial, sessions and analysis; a column a world."""
    rows = performance[
        (performance["measure"] == "power") & (performance["missing"] == facts.missing)
    ]
    worlds = list(dict.fromkeys(rows["world"]))
    lines = []
    for (trial, sessions, method), own in rows.groupby(["trial", "sessions", "method"], sort=False):
        texts = []
        for world in worlds:
            there = own[own["world"] == world].sort_values("n_patients")
            enough = there[there["estimate"] >= facts.power]
            most = f"over {count(there['n_patients'].max())}" if len(there) else MISSING
            texts.append(count(enough["n_patients"].iloc[0]) if len(enough) else most)
        lines.append(
            (words(trial), f"{plural(int(str(sessions)), 'session')}, {words(method)}", *texts)
        )
    labels = {"head": "Trial"} | {f"w{k}": world for k, world in enumerate(worlds)}
    return lined(
        lines,
        "table-sizes",
        f"Fewest patients studied with a power of {number(100 * facts.power, 0)} %",
        labels,
        [
            "Patients of all arms together; in a withdrawal those who start the test.",
            f"Two-sided tests at {number(100 * facts.level, 0)} %; reports: "
            f"{reports_words(facts.missing)}. “Over”: more than the most studied.",
        ],
        is_grouped=True,
    )


def estimates(performance: pd.DataFrame, facts: "TrialFacts") -> Table:
    """Bias, coverage and exaggeration of the headline's trial, by missing reports and analysis."""
    own = performance[
        (performance["trial"] == facts.trial) & (performance["sessions"] == facts.sessions)
    ]
    names = list(dict.fromkeys(own["world"]))
    world = names[len(names) // 2]
    sizes = sorted(own["n_patients"].unique())
    n = sizes[len(sizes) // 2]
    own = own[(own["world"] == world) & (own["n_patients"] == n)]
    flipped = own.loc[own["measure"] == FLIPS, "estimate"].max() > 0
    shown = (*SHOWN, FLIPS) if flipped else SHOWN
    lines = []
    for (missing, method), rows in own.groupby(["missing", "method"], sort=False):
        by = {row["measure"]: row for row in records(rows)}
        lines.append(
            (f"Reports: {reports_words(missing)}", words(method), *(_cell(by, m) for m in shown))
        )
    labels = {"head": "Analysis"} | {m: words(m) for m in shown}
    return lined(
        lines,
        "table-estimates",
        f"{words(facts.trial)}, {count(n)} patients, {plural(facts.sessions, 'session')}"
        + (f", {world}" if len(names) > 1 else ""),
        labels,
        [
            "Estimate ± Monte Carlo standard error. Bias in points of the endpoint (a session for "
            "slopes, log odds for events and categories, share for ranks).",
            "Wrong sign and exaggeration: of the trials that reject, how many point the wrong way, "
            "and how many times too large their estimates are on average.",
            "The truth is that of a very large trial in the same world without missing reports.",
            *([FLIPPED] if flipped else []),
        ],
        is_grouped=True,
    )


def _cell(by: dict[str, dict[str, float]], measure: str) -> str:
    row = by.get(measure)
    if row is None or row["n"] == 0:
        return MISSING
    if measure in PERCENT:
        return rate(row["estimate"], row["mcse"], row["n"])
    return plus_minus(row["estimate"], row["mcse"], 2, 2)
