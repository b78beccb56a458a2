"""Table 2: outcomes at every session of the test period, and their slopes."""

from typing import Any

import pandas as pd

from report.estimates import Estimates, mean_sd
from report.frames import is_missing
from report.tables.layout import table
from report.wording import MISSING, of_n, p_value, words

OUTCOMES = {
    "pain_relief_pct": "Reported pain relief (%)",
    "relief_duration_days": "Duration of relief (days)",
    "gnpsi": "Global NPSI (0 to 100)",
    "ssnpsi": "NPSI, most painful component (0 to 10)",
}
POPULATIONS = ("all", "responders", "non_responders")


def outcomes_table(estimates: Estimates, sessions: range, n_by_population: dict[str, int]) -> Any:
    """Return Table 2.

    Parameters
    ----------
    estimates
        `estimate_test_period`.
    sessions
        Sessions shown, 0 being before the first.
    n_by_population
        Patients of each population, from the flow.

    Returns
    -------
    great_tables.GT
        One group an outcome, one line a population.
    """
    lines = []
    for outcome, title in OUTCOMES.items():
        for population in POPULATIONS:
            line = _line(estimates, outcome, population, sessions)
            if line:
                n = n_by_population.get(population)
                head = words(population) + (f" {of_n(n)}" if n is not None else "")
                lines.append((title, head, *line))
    labels = {"head": "Outcome and population"}
    labels |= {f"s{s}": "Before" if s == 0 else f"Session {s}" for s in sessions}
    labels |= {"slope": "Slope per session [95 % CI]", "p": "p"}
    return table(
        pd.DataFrame(lines, columns=["group", *labels]),
        "table-2",
        "Table 2. Outcomes in the test period",
        labels,
        stub="head",
        group="group",
        notes=_notes(estimates),
    )


def _line(estimates: Estimates, outcome: str, population: str, sessions: range) -> list[str]:
    """Texts of one line; empty if the table holds nothing of it."""
    cells = [_cell(estimates, outcome, population, s) for s in sessions]
    slope = estimates.get("test_period", population, f"{outcome}.slope")
    if set(cells) == {MISSING} and is_missing(slope.estimate) and not slope.cause:
        return []
    return [*cells, slope.text(2), p_value(slope.p)]


def _cell(estimates: Estimates, outcome: str, population: str, session: int) -> str:
    term = f"{outcome}.session_{session}"
    mean = estimates.get("test_period", population, f"{term}.mean")
    text = mean_sd(mean, estimates.get("test_period", population, f"{term}.sd"))
    return text if text == MISSING else f"{text} {of_n(mean.n)}"


def _notes(estimates: Estimates) -> list[str]:
    method = estimates.get("test_period", "all", "pain_relief_pct.slope").method
    return [
        "Mean ± SD of the values observed at the session (n); relief does not exist before the "
        "first session. Missing values are never read as 0.",
        f"Slope: {words(method).rstrip('.') or 'as in the methods'}; per session, with 95 % "
        "confidence interval.",
        "Status is defined by the relief reported after these sessions: the difference between "
        "responders and non-responders in relief is partly there by definition.",
    ]
