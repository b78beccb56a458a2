"""One page a study of estimates: question, answer, decision, figure, tables, limits.

Belongs here: the page's parts and words. Does not: any figure that is not in the study's tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from report.blocks import Block, Section
from report.studies.estimate_figure import figure, with_ends
from report.studies.estimate_tables import (
    SHOWN,
    by_size,
    by_world,
    estimates,
)
from report.studies.frame import Words, page
from report.wording import plural, words


@dataclass(frozen=True, kw_only=True)
class EstimateFacts(Words):
    """What the page quotes of the design beside its words.

    Attributes
    ----------
    method, estimand, n_patients
        The headline.
    of
        Patients of a cohort, in words.
    level
        Intervals hold 1 - level.
    """

    method: str
    estimand: str
    n_patients: int
    of: str
    level: float


def build(
    performance: pd.DataFrame,
    n_cohorts: int,
    facts: EstimateFacts,
    extra: Sequence[Section] = (),
    more: Sequence[Block] = (),
) -> str:
    """Write the page.

    Parameters
    ----------
    performance
        `study_performance` of a study of estimates.
    n_cohorts
        Simulated cohorts behind every cell of a world.
    facts
        What the page quotes of the design.
    extra
        Sections that follow the estimates.
    more
        Blocks that follow the answer.

    Returns
    -------
    str
        A complete HTML document that asks for nothing outside itself.
    """
    wide = _wide(performance)
    worlds = list(dict.fromkeys(wide["world"]))
    basis = f"{plural(n_cohorts, 'simulated cohort')} a world · {plural(len(worlds), 'world')}"
    own = with_ends(wide[wide["n_patients"] == facts.n_patients])
    sections = [
        Section("figure", f"{words(facts.estimand)}: estimates and truth", [figure(own, facts)]),
        Section("worlds", "How far off, world by world", [by_world(own, facts)]),
        Section("estimates", "What each estimate is worth", [estimates(own, facts)]),
        *extra,
    ]
    if len(set(wide["n_patients"])) > 1:
        sections.insert(2, Section("sizes", "By size of the cohort", [by_size(wide, facts)]))
    return page(facts, basis, sections, more)


def _wide(performance: pd.DataFrame) -> pd.DataFrame:
    """One row a world, size, way and estimand; a measure and its error side by side."""
    keys = ["world", "n_patients", "method", "estimand"]
    parts = [
        performance.pivot_table(index=keys, columns="measure", values=value, sort=False)
        for value in ("estimate", "mcse")
    ]
    wide = parts[0].join(parts[1].add_suffix("_mcse")).reset_index()
    shown = [f"{measure}{end}" for measure in SHOWN for end in ("", "_mcse")]
    absent = [name for name in shown if name not in wide]  # of one cohort no error is known
    return wide.assign(**dict.fromkeys(absent, float("nan")))
