"""The page of a study: its tables and its design, handed to the report room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.files import replace_file
from orchestration.period_page import period_page, words_of
from orchestration.study_answer import Answer, answer_of

if TYPE_CHECKING:
    from orchestration.commands.study_populations import Told

SIZED = ("trial", "missing", "sessions", "world", "method", "is_headline", "power", "n_patients")
"""Columns of `study_size` that a page reads, where no search has been made."""


def write_page(
    design: Any,
    found: Any,
    path: Path,
    both: Sequence[Told] = (),
    course: pd.DataFrame | None = None,
    sizes: pd.DataFrame | None = None,
    answer: Answer | None = None,
) -> int:
    """Write the page of a study; return its size in bytes.

    Parameters
    ----------
    both
        Where populations stand side by side: this one, then the other if it has been run.
    course
        From `simulate.studies.convergence.course`; without it the page draws no convergence.
    sizes
        Of trials, from `simulate.studies.trials.size.answers`: what searches have found.
    answer
        What the page says first; by default that of these tables.
    """
    answer = answer or answer_of(design, found, sizes=sizes)
    extra = _convergence(design, None if course is None else _readable(course))
    if design.kind == "test_periods":
        text = period_page(design, found, both, extra, answer)
    elif design.kind == "trials":
        text = _trials(design, found, [*_populations(both), *extra], sizes, answer)
    else:
        text = _estimates(design, found, [*_populations(both), *extra], answer)
    page = text.encode()
    replace_file(path, page)
    return len(page)


def write_whatif(design: Any, found: Any, path: Path, table: Path | None) -> tuple[int, int]:
    """Write the what-if page of a study of test periods, and its grid as Parquet where asked.

    Returns
    -------
    tuple of int
        Bytes of the page, rows of the grid.

    Raises
    ------
    ValueError
        The study has one world.
    """
    import io

    from expectations.protocol import Protocol
    from report.whatif import WhatIfFacts, build
    from simulate.studies.whatif import grid, own_values

    protocol = Protocol.preset("clinic")
    rows = grid(design, found.study_choice)
    last = design.headline.horizon_session
    facts = WhatIfFacts(
        **words_of(design, answer_of(design, found)),
        truth=f"Long-term relief: the expected report, averaged over sessions {last - 2} to {last} "
        "had everyone gone on, is at least the cut picked.",
        test_sessions=protocol.test_period_sessions,
        threshold_pct=protocol.responder_threshold_pct,
        cut_pct=design.headline.cut_pct,
        own=own_values(design),
    )
    page = build(rows, int(found.study_cell["n_replicates"].min()), facts).encode()
    replace_file(path, page)
    if table is not None:
        content = io.BytesIO()
        rows.to_parquet(content, index=False)
        replace_file(table, content.getvalue())
    return len(page), len(rows)


def _convergence(design: Any, course: pd.DataFrame | None) -> list[Any]:
    from report.studies.sections import convergence

    stop = design.performance.stop
    return [] if course is None else convergence(course, stop.measure, stop.mcse)


def _readable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the reader's words for their worlds."""
    from report.wording import world_words

    return rows.assign(world=rows["world"].map(world_words))


def _zip(rows: pd.DataFrame, keys: tuple[str, ...], design: Any, about: str) -> list[Any]:
    from report.studies.zip import section
    from report.wording import words

    named = rows.assign(method=rows["method"].map(words))
    return section(named, keys, design.performance.level, about)


def _populations(both: Sequence[Told]) -> list[Any]:
    """Section that sets headlines side by side, where there are several populations."""
    from report.populations import headlines

    return [headlines([(one.label, _headline(one)) for one in both])] if both else []


def _headline(one: Told) -> pd.DataFrame:
    """Rows of `report.populations.headlines`: a world, size and measure of the headline's cell."""
    from simulate.studies.estimates.members import joined

    told, measures = one.found.study_performance, ["estimate", "truth", "bias", "coverage"]
    if one.design.kind == "estimates":
        told = joined(one.design, told)
    else:
        told = told.assign(lo=float("nan"), hi=float("nan"))
        measures = ["power"] if _asks_power(one.design) else ["bias", "coverage"]
    return _readable(told[told["is_headline"] & told["measure"].isin(measures)])


def _asks_power(design: Any) -> bool:
    return str(design.performance.stop.measure) != "coverage"


def _trials(
    design: Any, found: Any, extra: list[Any], sizes: pd.DataFrame | None, answer: Answer
) -> str:
    from report.trials import TrialFacts, build

    head = design.headline
    facts = TrialFacts(
        **words_of(design, answer),
        trial=head.trial,
        method=head.method,
        missing=head.missing,
        sessions=head.sessions,
        power=design.performance.power,
        level=design.performance.level,
        measure="power" if _asks_power(design) else "coverage",
        endpoint_of={method.name: method.endpoint for method in design.methods},
    )
    rows = _readable(found.study_coverage)
    largest = rows[rows["is_headline"] & (rows["n_patients"] == rows["n_patients"].max())]
    about = "Simulated trials of the headline’s design, the largest size."
    extra = [*_zip(largest, ("world", "method"), design, about), *extra]
    n_trials = int(found.study_cell["n_replicates"].min())
    told = pd.DataFrame(columns=SIZED) if sizes is None else sizes
    return build(_readable(found.study_performance), _readable(told), n_trials, facts, extra)


def _estimates(design: Any, found: Any, extra: list[Any], answer: Answer) -> str:
    from report.study_estimates import EstimateFacts, build
    from report.wording import plural
    from simulate.studies.estimates.members import joined, n_members

    head = design.headline
    facts = EstimateFacts(
        **words_of(design, answer),
        method=head.method,
        estimand=head.estimand,
        n_patients=head.n_patients,
        of=plural(head.n_patients, "patient"),
        level=design.performance.level,
    )
    rows = _readable(found.study_coverage)
    own = rows[(rows["n_patients"] == head.n_patients) & (rows["estimand"] == head.estimand)]
    worlds = list(dict.fromkeys(own["world"]))
    own = own[own["world"].isin(worlds[len(worlds) // 2 :][:1])]
    about = "Simulated cohorts of the middle world, every way that gives intervals."
    extra = [*_zip(own, ("world", "method"), design, about), *extra]
    n_cohorts = int(found.study_cell["n_replicates"].min()) * n_members(design)
    patients, more = _in_patients(design)
    told = _readable(joined(design, found.study_performance))
    return build(told, n_cohorts, facts, [*patients, *extra], more)


def _in_patients(design: Any) -> tuple[list[Any], list[Any]]:
    """Section and sentences in patients, of a study of referral to surgery; else none."""
    if not any(method.analysis == "correlation" for method in design.methods):
        return [], []
    from report.studies.referral import HALF_WIDTHS, answer, section
    from simulate.studies.estimates.candidates import needed, of_100
    from simulate.studies.estimates.members import means

    frames = [
        _readable(means(design, one)) for one in (of_100(design), needed(design, HALF_WIDTHS))
    ]
    return section(*frames), answer(*frames)
