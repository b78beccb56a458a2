"""The best length at a stated rate over worlds, and what it hinges on.

Belongs here: words, figures' captions, table. Does not: losses or their drawing.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from report.blocks import Block, DataTable, Figure, Panel, Text
from report.figures.over_worlds import best_lengths
from report.frames import records
from report.studies.lines import lined
from report.studies.many_worlds import of_100_worlds, told
from report.studies.next_study import NextStudy, learned
from report.studies.sections import regret_by_rate
from report.style import GREEN, band_key, to_svg
from report.wording import count, number, plural

if TYPE_CHECKING:
    from report.over_worlds import Truth


def best(truths: Sequence["Truth"]) -> list[Block]:
    """Return how often each length by the last report is best at a rate, and the regret of all."""
    panels, rows = [], []
    for truth in truths:
        drawn = truth.best.assign(share=100 * truth.best["share_best"])
        label = f"Long-term relief of {truth.cut_pct} % or more"
        panels.append(Panel(to_svg(best_lengths(drawn), f"best-{truth.cut_pct}", label), label))
        rows += [
            (label, number(row["rate"], 0), count(row["test_sessions"]),
             of_100_worlds(row, "share_best"), number(100 * row["share_best_mcse"]),
             told(row, "mean_regret", 0, 0), number(row["largest_regret"], 0))
            for row in records(drawn)
        ]  # fmt: skip
    return [
        Text(
            "There is no best length without a rate of exchange: how many test sessions one would "
            "spend to find one more long-term responder. Without any cost of sessions, those "
            "lengths are best that miss fewest, by construction."
        ),
        *(Text(_near(truth)) for truth in truths),
        Figure(
            key="figure-best",
            title="Worlds in which a length is best, judged by the last report, by rate",
            caption="Loss: test sessions and missed long-term responders per 100 who start, at "
            "the rate above each row. Regret in the table: test sessions per 100 lost to the best "
            "length of the same world; ±: had other worlds and cohorts been drawn.",
            alt="Share of worlds by best length and rate; see the table.",
            panels=panels,
            data=DataTable(
                ["Truth", "Rate", "Test sessions", "Best in % of worlds", "Monte Carlo error of it",
                 "Mean regret", "Largest regret"], rows
            ),
            legend=[(band_key(GREEN, 0.6), "Share of worlds")],
            panel_width=360,
        ),
        *(
            regret_by_rate(
                truth.best.assign(regret=truth.best["mean_regret"]),
                f"Mean regret over worlds, long-term relief of {truth.cut_pct} % or more",
                f"regret-{truth.cut_pct}",
            )
            for truth in truths
        ),
    ]  # fmt: skip


def _near(truth: "Truth") -> str:
    """Say how the shortest length that misses hardly more than the least differs between worlds."""
    rows = truth.near[truth.near["n_shortest"] > 0].sort_values("test_sessions")
    by_length = ", ".join(
        f"{plural(int(row['test_sessions']), 'session')} in "
        f"{of_100_worlds(row, 'share_of_worlds')} of 100 worlds"
        for row in records(rows)
    )
    return (
        f"With no rate at all, long-term relief of {truth.cut_pct} % or more: the shortest length "
        f"that misses at most {number(truth.within_missed, 0)} more of 100 than the length that "
        f"misses fewest has {by_length}."
    )


def _worth(row: Mapping[str, Any]) -> str:
    return f"{told(row, 'value')} ({number(row['value_held_out'])})"


def _by_rate(best: pd.DataFrame) -> str:
    """Say which length is best in most worlds at each rate."""
    by_rate = []
    for rate, rows in best.groupby("rate"):
        top = records(rows.sort_values("share_best"))[-1]
        by_rate.append(
            f"at {number(rate, 0)} test sessions for one more found, "
            f"{count(top['test_sessions'])} is best in {of_100_worlds(top, 'share_best')} of 100 "
            "worlds"
        )
    return "; ".join(by_rate)


def hinges(truth: "Truth", next_study: NextStudy) -> list[Block]:
    """Return what the best length hinges on: the rate first, then what one might learn, and how."""
    wide = truth.knowing.pivot_table(index="question", columns="rate", values="value", sort=False)
    order = wide.max(axis=1).mask(wide.index == "everything", -1).sort_values(ascending=False)
    wide = wide.loc[order.index]
    by = {(row["question"], row["rate"]): row for row in records(truth.knowing)}
    lines = [
        (question, *(_worth(by[question, rate]) for rate in wide.columns))
        for question in wide.index
    ]
    labels = {"question": "If this were known", **{f"r{r:g}": number(r, 0) for r in wide.columns}}
    shown = lined(
        lines,
        "table-knowing",
        f"Value of knowing, long-term relief of {truth.cut_pct} % or more, by the last report",
        labels,
        [
            "Columns: rate of exchange, test sessions worth one more found. Value: expected loss "
            "saved by choosing the length with that knowledge, in test sessions per 100 who "
            "start; what chance alone would give is taken off, so that a value may lie below 0. ±: "
            "had other worlds and cohorts been drawn. In brackets: what was gained in worlds that "
            "the choice had not seen, on average no more than knowing is worth. What is the same "
            "in all these worlds has no row.",
        ],
    )
    return [
        Text(f"First on the rate: {_by_rate(truth.best)}."),
        Text("What else would be worth knowing, and so what a next study should measure:"),
        shown,
        *learned(list(wide.index), next_study),
    ]
