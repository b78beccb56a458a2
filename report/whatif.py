"""The what-if page: pick assumptions, see what each length of the test period misses and costs.

Belongs here: the page's parts and words, and what its controls choose from. Does not: any figure
that is not in `study_whatif_grid`. Without scripts the page shows the headline's table.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Section, Text
from report.frames import records
from report.studies.frame import CANNOT, Words, opening
from report.templates import template
from report.wording import SIMULATED, count, number, plus_minus, words

ASKED = {
    "rule": "Decide by",
    "threshold_pct": "Go on from a reported relief of (%)",
    "cut_pct": "Long-term relief is at least (%)",
}
LABELS = {
    "world": "World",
    "noise_sd": "Noise of a report (SD, points)",
    "half_gain_sessions": "Sessions to half of the gain",
    "rise_share": "Share of patients with any rise",
    "other_hazard": "Stops for other reasons (a session)",
    "member": "Member of the ensemble",
}
FIGURES = ("missed_per_100", "sessions_per_100", "test_sessions_per_100")
DIGITS = (1, 0, 0)
HEADS = (
    "Test sessions",
    "Missed of 100 who start",
    "Sessions without long-term relief, per 100",
    "Test sessions, per 100",
)


@dataclass(frozen=True, kw_only=True)
class WhatIfFacts(Words):
    """What the page quotes of the design.

    Attributes
    ----------
    truth
        A clause of what counts as long-term relief of the cut picked.
    test_sessions, threshold_pct, cut_pct, own
        The rule in use, the headline and the world's own value of each assumption: what is picked
        at first.
    """

    truth: str
    test_sessions: int
    threshold_pct: float
    cut_pct: int
    own: Mapping[str, object]


@dataclass(frozen=True)
class Control:
    """One list to pick from: column, label, (value, words) and the value picked at first."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    picked: str


def build(grid: pd.DataFrame, n_cohorts: int, facts: WhatIfFacts) -> str:
    """Write the page.

    Parameters
    ----------
    grid
        `study_whatif_grid`.
    n_cohorts
        Simulated cohorts behind every world.
    facts
        What the page quotes.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    controls = _controls(grid, facts)
    worlds = grid["scenario_id"].nunique()
    basis = f"{count(n_cohorts)} simulated cohorts under each of {count(worlds)} combinations"
    sections = [
        Section("assumptions", "What else is assumed", [Text(text) for text in facts.assumptions]),
        Section("cannot", "What simulation cannot say", [Text(text) for text in CANNOT]),
    ]
    data = json.dumps(_cells(grid, controls), separators=(",", ":")).replace("</", "<\\/")
    return str(
        template("whatif.html.j2").render(
            title=facts.title,
            basis=basis,
            opening=[*opening(facts), Text(facts.truth)],
            controls=controls,
            heads=HEADS,
            rows=_headline(grid, controls),
            now=facts.test_sessions,
            data=data,
            sections=sections,
            simulated=SIMULATED,
        )
    )


def _controls(grid: pd.DataFrame, facts: WhatIfFacts) -> list[Control]:
    """One list an assumption and question; the world's own value, or the middle, is picked."""
    first: dict[str, object] = {
        **facts.own,
        "rule": "last",
        "threshold_pct": facts.threshold_pct,
        "cut_pct": facts.cut_pct,
    }
    fixed = ("study", "scenario_id", "test_sessions")
    names = [
        str(c) for c in grid if c not in fixed and not str(c).endswith("_mcse") and c not in FIGURES
    ]
    found = []
    for name in names:
        values = list(dict.fromkeys(grid[name]))
        middle = values[len(values) // 2]
        picked = first.get(name, middle)
        options = [(_code(value), _words(value)) for value in values]
        label = ASKED.get(name) or LABELS.get(name) or words(name)
        found.append(Control(name, label, options, _code(picked if picked in values else middle)))
    return found


def _code(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _words(value: object) -> str:
    return _code(value) if isinstance(value, int | float) else words(value)


def _cells(grid: pd.DataFrame, controls: Sequence[Control]) -> dict[str, list[list[str]]]:
    """Return the texts of every choice: its values joined by | -> rows of the table."""
    found: dict[str, list[list[str]]] = {}
    for row in records(grid.sort_values("test_sessions", kind="stable")):
        key = "|".join(_code(row[control.name]) for control in controls)
        told = [
            plus_minus(row[name], row[f"{name}_mcse"], digits, max(digits, 1))
            for name, digits in zip(FIGURES, DIGITS, strict=True)
        ]
        found.setdefault(key, []).append([number(row["test_sessions"], 0), *told])
    return found


def _headline(grid: pd.DataFrame, controls: Sequence[Control]) -> list[list[str]]:
    return _cells(grid, controls)["|".join(control.picked for control in controls)]
