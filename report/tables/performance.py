"""Table 4: four, five or six test sessions, in simulated cohorts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from report.frames import records
from report.tables.layout import table
from report.wording import MISSING, plus_minus, words

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
    measures = present_measures(rows)
    lines = by_rule_and_length(rows, lengths, measures)
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


def present_measures(rows: pd.DataFrame) -> list[str]:
    """Return the measures worth showing, in the page's order.

    Expected test sessions say nothing where they are the fixed length.
    """
    present = [m for m in (*SHARES, *COUNTS) if (rows["measure"] == m).any()]
    expected = rows[rows["measure"] == "expected_test_sessions"]
    is_fixed = (expected["estimate"] == expected["test_sessions"]).all()
    return [m for m in present if m != "expected_test_sessions" or not is_fixed]


def by_rule_and_length(
    rows: pd.DataFrame, lengths: Sequence[int], measures: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return one line of texts a rule and length: rule, length, then estimate ± MCSE a measure."""
    cells = {
        (row["series"], row["test_sessions"], row["measure"]): _cell(row) for row in records(rows)
    }
    return [
        (
            series,
            f"{length}\N{NO-BREAK SPACE}sessions",
            *(cells.get((series, length, m), MISSING) for m in measures),
        )
        for series in dict.fromkeys(rows["series"])
        for length in lengths
    ]


def _cell(row: dict[str, Any]) -> str:
    scale = 100 if row["measure"] in SHARES else 1
    return plus_minus(scale * row["estimate"], scale * row["mcse"], 1, 2)
