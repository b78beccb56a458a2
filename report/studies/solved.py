"""Rules solved backwards beside others, and the bounds that no clinic can reach.

Belongs here: words and table. Does not: the rules or any number.
"""

import pandas as pd

from report.blocks import Section, Text
from report.frames import records
from report.studies.lines import lined
from report.wording import MISSING, number, plural, words

LEARNED, KNOWN, ORACLE = "backward_induction", "backward_induction_true", "oracle"
BESIDE = ("last", "bayes_fixed", "bayes_sequential")
SHOWN = {
    "missed_per_100": "Missed of 100 who start",
    "expected_test_sessions": "Test sessions a patient",
    "sensitivity": "Sensitivity (%)",
    "specificity": "Specificity (%)",
}


def section(rows: pd.DataFrame, threshold_pct: float, chance_pct: float) -> list[Section]:
    """Return the section, or none where nothing is solved backwards.

    Parameters
    ----------
    rows
        Of one truth: rule, parameters, threshold_pct, test_sessions, measure, mean, lo, hi (nine
        worlds of ten; the mean itself where there is one world).
    threshold_pct, chance_pct
        Least last report, and least predicted chance, of the rules set beside.
    """
    solved = rows[rows["rule"].isin((LEARNED, KNOWN))]
    if solved.empty:
        return []
    meant = rows["threshold_pct"].where(rows["rule"] != "last", -1)
    beside = ((rows["rule"] == "last") & (rows["threshold_pct"] == threshold_pct)) | (
        rows["rule"].isin(BESIDE[1:]) & (meant == chance_pct)
    )
    own = rows[beside | rows["rule"].isin((LEARNED, KNOWN, ORACLE))]
    lines = []
    for length in sorted(solved["test_sessions"].unique()):
        at = own[own["test_sessions"] == length]
        for rule in (*BESIDE, LEARNED, KNOWN, ORACLE):
            for given, one in at[at["rule"] == rule].groupby("parameters", sort=False):
                by = {row["measure"]: row for row in records(one)}
                head = words(rule) + _bounds(rule, str(given))
                cells = [_cell(by.get(measure), measure) for measure in SHOWN]
                lines.append((f"{plural(int(length), 'session')} at most", head, *cells))
    labels = {"head": "Rule"} | SHOWN
    shown = lined(
        lines,
        "table-solved",
        "Stopping solved backwards: learned, and its bound",
        labels,
        [
            "Simulated cohorts. Mean over worlds, in brackets nine worlds of ten where there are "
            f"several. Last report from {number(threshold_pct, 0)} %, predicted chances from "
            f"{number(chance_pct, 0)} %.",
            "Unattainable: no clinic knows the parameters of its world, nor who will have "
            "long-term relief. These rows are bounds, not choices: the first bounds sessions and "
            "wrong decisions weighed together at its rate, not each column.",
        ],
        is_grouped=True,
    )
    given = str(solved["parameters"].iloc[0])
    said = Text(
        f"Backward induction ({given}) ends the test where one more session is not worth its cost "
        "at that rate. Learned: with the parameters that a model fitted to one training cohort "
        "has. The same with the parameters of the world itself is unattainable: it bounds what "
        "reports can tell at that rate, and who knows the truth bounds every rule."
    )
    return [Section("solved", "Stopping solved backwards", [said, shown])]


def _bounds(rule: str, given: str) -> str:
    return f" ({given.rsplit(', ', 1)[-1]})" if rule == "bayes_sequential" else ""


def _cell(row: dict[str, float] | None, measure: str) -> str:
    if row is None:
        return MISSING
    scale = 100 if measure in ("sensitivity", "specificity") else 1
    text = number(scale * row["mean"])
    if row["lo"] == row["hi"]:
        return text
    return f"{text} ({number(scale * row['lo'])} to {number(scale * row['hi'])})"
