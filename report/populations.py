"""One study under two populations: the published ensemble, and this centre's own posterior.

Belongs here: the section that sets their answers side by side. Does not: the study's own page.
"""

from collections.abc import Sequence

import pandas as pd

from report.blocks import Section, Text
from report.frames import records
from report.studies.lines import lined
from report.study import StudyFacts
from report.wording import MISSING, count, number, plural

NAMES = {
    "published": "Published ensemble",
    "posterior": "Own posterior of this centre",
}


def section(both: Sequence[tuple[str, pd.DataFrame]], facts: StudyFacts) -> Section:
    """Return the section.

    Parameters
    ----------
    both
        Name of each population with its rows of `study_choice` of the headline's truth, lag 0; the
        page's own first. Worlds weigh alike.
    facts
        What the page quotes of the design.
    """
    texts = [
        Text(
            "Own posterior: worlds drawn from the relief model as fitted to this warehouse; what "
            "the model does not know (missing reports, dates, stops for other reasons) keeps the "
            "values of the world's file. Simulated cohorts under both."
        )
    ]
    if len(both) < 2:
        other = next(name for name in NAMES if name != both[0][0])
        texts.append(Text(f"The study has not been run under the other one ({NAMES[other]})."))
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
                    f"{NAMES[name]}, {plural(n_worlds, 'world')}",
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
    return Section("populations", "This centre's own population", [*texts, shown])
