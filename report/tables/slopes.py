"""Table of slopes: each reading of missing sessions, random intercepts beside random slopes."""

from typing import Any

import pandas as pd

from report.estimates import Estimates
from report.tables.layout import table
from report.wording import count, words

READINGS = {
    "as_observed": "as observed",
    "imputed_by_status": "imputed by status",
    "imputed_and_worse": "imputed, half an SD worse",
}
POPULATIONS = ("all", "responders", "non_responders")
# The study prints no slope of the NPSI in non-responders, whose means rise.
SHOWN = {
    "pain_relief_pct": "Pain relief, points of % a session",
    "gnpsi": "gNPSI, points a session",
}


def slopes_table(estimates: Estimates) -> Any:
    """Return the table of slopes.

    Parameters
    ----------
    estimates
        `estimate_slope`.

    Returns
    -------
    great_tables.GT
        One line an outcome, population and reading; what was not estimable says why.
    """
    lines = []
    for outcome, head in SHOWN.items():
        for population in POPULATIONS:
            for reading, label in READINGS.items():
                one, two = (
                    estimates.get(reading, population, f"{outcome}.{model}")
                    for model in ("random_intercept", "random_slope")
                )
                line = (f"{words(population)}: {label}", one.text(2), two.text(2))
                lines.append((*line, count(one.n), count(one.n_missing), head))
    labels = {
        "head": "Population and reading",
        "intercept": "Random intercept",
        "slope": "Random slope",
        "n": "Known values",
        "missing": "Missing",
    }
    return table(
        pd.DataFrame(lines, columns=[*labels, "outcome"]),
        "table-slopes",
        "Slopes over the test period, by model and by reading of missing sessions",
        labels,
        stub="head",
        group="outcome",
        notes=[
            "Change a session with 95 % confidence interval, REML, Satterthwaite; imputed: Rubin's "
            "rules, patients without any value left out.",
            "The study prints random-intercept intervals. Where patients differ in their slopes "
            "these are too narrow, and the random-slope interval beside them is the one to read.",
        ],
    )
