"""Table 4: four, five or six test sessions, in simulated cohorts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.frames import is_missing, records
from report.tables.layout import table
from report.wording import MISSING, number, words

SHARES = ("sensitivity", "specificity", "ppv", "npv")
COUNTS = (
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
    "expected_test_sessions",
)


def length_table(
    rows: pd.DataFrame, lengths: Sequence[int], truth: str, key: str, world: str
) -> Any:
    """Return the comparison of test periods of a few lengths.

    Parameters
    ----------
    rows
        Rows with `series`, `test_sessions`, `measure`, `estimate` (shares as fractions), `mcse`.
    lengths
        Lengths compared.
    truth
        Clause that says what counts as long-term relief.
    key
        Id of the table in the page.
    world
        Name of the scenario for the title, empty if there is only one.

    Returns
    -------
    great_tables.GT
        One group a rule, one line a length.
    """
    cells = {
        (row["series"], row["test_sessions"], row["measure"]): _cell(row) for row in records(rows)
    }
    measures = [m for m in (*SHARES, *COUNTS) if m in set(rows["measure"])]
    lines = [
        (series, f"{length} sessions", *(cells.get((series, length, m), MISSING) for m in measures))
        for series in dict.fromkeys(rows["series"])
        for length in lengths
    ]
    labels = {"head": "Test period"}
    labels |= {m: words(m) + (" (%)" if m in SHARES else "") for m in measures}
    return table(
        pd.DataFrame(lines, columns=["group", *labels]),
        key,
        "Table 4. Length of the test period, simulated cohorts" + (f": {world}" if world else ""),
        labels,
        stub="head",
        group="group",
        notes=[
            f"Long-term relief: {truth}.",
            "Estimate ± Monte Carlo standard error (MCSE); the MCSE says how precise the "
            "simulation is, not how well it describes the clinic.",
        ],
    )


def _cell(row: dict[str, Any]) -> str:
    scale = 100 if row["measure"] in SHARES else 1
    if is_missing(row["estimate"]):
        return MISSING
    text = number(scale * row["estimate"])
    return text if is_missing(row["mcse"]) else f"{text} ± {number(scale * row['mcse'], 2)}"
