"""Table 3: odds of being a responder, between groups of lesions."""

from typing import Any

import pandas as pd

from report.frames import records
from report.tables.layout import table
from report.wording import MISSING, count, of_n, p_value, with_interval, words


def odds_table(ratios: pd.DataFrame) -> Any:
    """Return the table of odds ratios.

    Parameters
    ----------
    ratios
        `estimate_odds_ratio`.

    Returns
    -------
    great_tables.GT
        One line an estimate; what was not estimable says why.
    """
    lines = [_line(ratios, row) for row in records(ratios) if row["analysis"] == "odds_ratio"]
    labels = {
        "head": "Comparison",
        "first": "Responders, first group",
        "second": "Responders, second group",
        "value": "Odds ratio [95 % CI]",
        "p": "p",
        "missing": "Without status",
    }
    methods = dict.fromkeys(
        str(m) for m in ratios.loc[ratios["analysis"] == "odds_ratio", "method"]
    )
    return table(
        pd.DataFrame(lines, columns=list(labels)),
        "table-3",
        "Table 3. Odds of responder status",
        labels,
        stub="head",
        notes=[
            "Share of responders among n patients with a known status, percent with 95 % "
            "confidence interval (Wilson).",
            f"Odds ratio: {'; '.join(methods)}. Interval and p come from two methods and may "
            "disagree about 1 near the limit. Comparisons are not adjusted for one another.",
        ],
    )


def _line(ratios: pd.DataFrame, row: dict[str, Any]) -> tuple[str, ...]:
    """Texts of one comparison: both shares, the ratio or why there is none."""
    groups = str(row["term"]).split("_vs_")
    shares = [_share(ratios, str(row["term"]), group) for group in [*groups, "", ""][:2]]
    value = with_interval(row["estimate"], row["lo"], row["hi"], 2)
    if row["status"] != "ok":
        value = str(row["status"]).replace("_", " ")
    return (words(row["term"]), *shares, value, p_value(row["p"]), count(row["n_missing"]))


def _share(ratios: pd.DataFrame, term: str, group: str) -> str:
    own = ratios[
        (ratios["analysis"] == "responder_share")
        & (ratios["term"] == term)
        & (ratios["population"] == group)
    ]
    if own.empty:
        return MISSING
    first = own.iloc[0]
    text = with_interval(first["estimate"], first["lo"], first["hi"])
    return f"{words(group)}: {text} {of_n(first['n'])}"
