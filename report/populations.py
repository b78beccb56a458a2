"""One study under two populations: the published ensemble, and this centre's own posterior.

Belongs here: the section that sets their answers side by side. Does not: the study's own page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from report.blocks import Section, Text
from report.frames import is_missing, records
from report.studies.estimate_tables import HEADS, digits_of
from report.studies.frame import MONTE_CARLO
from report.studies.lines import lined
from report.study import StudyFacts
from report.wording import MISSING, count, number, plural, plus_minus, words

NAMES = {
    "published": "Published ensemble",
    "posterior": "Own posterior of this centre",
}
FILE = "Worlds of the study’s file"
ABOUT = (
    "Own posterior: worlds drawn from the relief model as fitted to this warehouse. What the model "
    "does not know (reports missing from session 4 on, dates, surgery’s outcome, stops for other "
    "reasons) and what "
    "the study itself sets or varies keeps the values of its worlds. Simulated under both."
)
ONE = "The study has not been run under the other population."


def label(population: str, *, draws_ensemble: bool) -> str:
    """Return the reader's words for a population.

    A study that draws from no ensemble has the worlds that its file names, chosen by hand.
    """
    return FILE if population == "published" and not draws_ensemble else NAMES[population]


def headlines(both: Sequence[tuple[str, pd.DataFrame]]) -> Section:
    """Return the section of a study of trials or estimates.

    Parameters
    ----------
    both
        Words for each population with the rows of `study_performance` of the headline's cell:
        world, n_patients, estimand, measure, estimate, mcse, lo, hi; the page's own first.
    """
    names, texts = [name for name, _ in both], [Text(ABOUT)]
    if len(both) < 2:
        texts.append(Text(ONE))
    by_row: dict[tuple[str, str, str], dict[str, str]] = {}
    for name, rows in both:
        for row in records(rows):
            key = (str(row["world"]), plural(row["n_patients"], "patient"), _measure(row))
            by_row.setdefault(key, {})[name] = _with_spread(row)
    lines = [(*key, *(told.get(name, MISSING) for name in names)) for key, told in by_row.items()]
    labels = {"size": "Size", "measure": "Measure"} | {name: name for name in names}
    notes = [f"{MONTE_CARLO} In brackets: nine members of ten of the posterior, each a world."]
    shown = lined(
        lines, "table-populations", "The headline under each population", labels, notes,
        is_grouped=True,
    )  # fmt: skip
    return Section("populations", "This centre’s own population", [*texts, shown])


def _measure(row: Mapping[str, Any]) -> str:
    if row["measure"] == "power":
        return f"{words('power')} (%)"
    of = f"{words(row['estimand'])}: " if row["measure"] in ("estimate", "truth") else ""
    return of + HEADS[row["measure"]]


def _with_spread(row: Mapping[str, Any]) -> str:
    is_share = row["measure"] in ("power", "coverage")
    digits, scale = (0, 100) if is_share else (digits_of(row["estimand"]), 1)
    value, error, lo, hi = (scale * row[name] for name in ("estimate", "mcse", "lo", "hi"))
    told = plus_minus(value, error, digits, digits)
    return told if is_missing(lo) else f"{told} ({number(lo, digits)} to {number(hi, digits)})"


def test_periods(both: Sequence[tuple[str, pd.DataFrame]], facts: StudyFacts) -> Section:
    """Return the section of a study of test periods.

    Parameters
    ----------
    both
        Words for each population with its rows of `study_choice` of the headline's truth, lag 0;
        the page's own first. Worlds weigh alike.
    facts
        What the page quotes of the design.
    """
    texts = [Text(ABOUT)]
    if len(both) < 2:
        texts.append(Text(ONE))
    lengths = [facts.test_sessions + k for k in range(3)]
    lines = []
    for name, choice in both:
        own = choice[(choice["rule"] == "last") & (choice["threshold_pct"] == facts.threshold_pct)]
        means = own.groupby("test_sessions")[["missed_per_100", "sessions_per_100"]].mean()
        for length in (n for n in lengths if n in means.index):
            best = [
                number(100 * own[own["test_sessions"] == length][f"is_best_at_{rate:g}"].mean(), 0)
                for rate in facts.rates
            ]
            row = records(means.loc[[length]])[0]
            n_worlds = own["scenario_id"].nunique()
            lines.append(
                (
                    f"{name}, {plural(n_worlds, 'world')}",
                    plural(length, "session"),
                    number(row["missed_per_100"]) if row else MISSING,
                    number(row["sessions_per_100"], 0),
                    *best,
                )
            )
    labels = {"head": "Test period", "missed": "Missed of 100", "spent": "Sessions without relief"}
    labels |= {f"best{k}": f"Best at {count(rate)} (% of worlds)"
               for k, rate in enumerate(facts.rates)}  # fmt: skip
    shown = lined(
        lines,
        "table-populations",
        f"Last report at least {number(facts.threshold_pct, 0)} %, under each population",
        labels,
        [
            "Missed, and sessions given without long-term relief, per 100 who start; means over "
            "worlds. Best at: test sessions worth spending to find one more; of a single world it "
            "is best (100) or not (0)."
        ],
        is_grouped=True,
    )
    return Section("populations", "This centre’s own population", [*texts, shown])
