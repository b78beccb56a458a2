"""The best length of the last report at stated rates, in one world.

Belongs here: words and table. Does not: losses.
"""

from typing import TYPE_CHECKING

import pandas as pd

from report.blocks import Block, Text
from report.studies.lines import lined
from report.studies.sections import regret_by_rate
from report.wording import count, number, plural, plus_minus

if TYPE_CHECKING:
    from report.study import StudyFacts


def in_use(choice: pd.DataFrame, facts: "StudyFacts") -> pd.DataFrame:
    """Return the rows of the last report."""
    same = (choice["rule"] == "last") & (choice["threshold_pct"] == facts.threshold_pct)
    return choice[same]


def _shortest(rows: pd.DataFrame) -> str:
    """Say which length does as well as the longest, and as the one that misses fewest."""
    longest, least = rows.iloc[-1], rows.sort_values("missed_per_100", kind="stable").iloc[0]
    said = ""
    for benchmark, name, column in (
        (longest, "the longest studied", "is_shortest_sufficient"),
        (least, "the one that misses fewest", "is_shortest_near_least"),
    ):
        own = rows.loc[rows[column], "test_sessions"]
        if len(own):
            said += (
                f" The shortest test that misses at most one more of 100 than {name} "
                f"({plural(int(benchmark['test_sessions']), 'session')}, "
                f"{number(benchmark['missed_per_100'])} missed) has "
                f"{plural(int(own.iloc[0]), 'session')}."
            )
    if longest["missed_per_100"] > least["missed_per_100"] + 1:
        said += " As the longest test misses more again, the second is the comparison to read."
    return said


def best_length(rows: pd.DataFrame, facts: "StudyFacts") -> list[Block]:
    """Say which length by the last report is best at each rate, and how much that hinges on it."""
    rows = rows.sort_values("test_sessions")
    if rows["test_sessions"].nunique() < 2:
        return [Text("One length judged by the last report was studied: there is none to choose.")]
    lines = []
    for rate in facts.rates:
        best = rows[rows[f"is_best_at_{rate:g}"]].iloc[0]
        now = rows[rows["test_sessions"] == facts.test_sessions]
        regret = now[f"regret_at_{rate:g}"].iloc[0] if len(now) else None
        lines.append(
            (
                number(rate, 0),
                count(best["test_sessions"]),
                plus_minus(best["missed_per_100"], best["missed_per_100_mcse"], 1, 2),
                number(best["test_sessions_per_100"], 0),
                number(regret, 0),
            )
        )
    said = "With no rate stated, so that sessions cost nothing, the longest test misses fewest by "
    said += "construction, but for those who leave before it ends: they count as missed, so that a "
    said += "long test may miss more again."
    said += _shortest(rows)
    labels = {
        "rate": "Test sessions worth one more found",
        "best": "Best number of sessions",
        "missed": "Missed of 100",
        "tested": "Test sessions per 100",
        "regret": f"Regret of the present {facts.test_sessions}",
    }
    shown = lined(
        lines,
        "table-lengths",
        f"Best length, judged by the last report (at least {number(facts.threshold_pct, 0)} %)",
        labels,
        [
            "Loss: test sessions and missed long-term responders per 100 who start, at the rate of "
            "the row. Regret: how much more the present length loses, in test sessions per 100.",
        ],
    )
    mapped = pd.concat(
        [
            rows[["test_sessions"]].assign(rate=q, regret=rows[f"regret_at_{q:g}"])
            for q in facts.rates
        ]
    )
    return [
        Text(said),
        shown,
        regret_by_rate(mapped, "Regret of every length", "regret"),
    ]
