"""The page of a study: its tables and its design, handed to the report room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from orchestration.files import replace_file

SIZED = ("trial", "missing", "sessions", "world", "method", "is_headline", "power", "n_patients")
"""Columns of `study_size` that a page reads, where no search has been made."""


def write_page(
    design: Any,
    found: Any,
    path: Path,
    population: str = "published",
    others: Mapping[str, Any] | None = None,
    course: pd.DataFrame | None = None,
    sizes: pd.DataFrame | None = None,
) -> int:
    """Write the page of a study; return its size in bytes.

    Parameters
    ----------
    population
        Whose worlds `found` is of: `published`, or `posterior` of this warehouse.
    others
        Tables of the same study under another population, by its name: set beside.
    course
        From `simulate.studies.convergence.course`; without it the page draws no convergence.
    sizes
        Of trials, from `simulate.studies.trials.size.answers`: what searches have found.
    """
    extra = _convergence(design, course)
    if design.kind == "test_periods":
        both = [(population, found.study_choice)]
        both += [(name, one.study_choice) for name, one in (others or {}).items()]
        page = _test_periods(design, found, both, extra).encode()
    else:
        page = _PAGES[design.kind](design, found, extra, sizes).encode()
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
        **_words(design),
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


def _words(design: Any) -> dict[str, Any]:
    """What any page quotes of its file."""
    return {
        "title": design.title,
        "question": design.aims.strip(),
        "decision": design.decision.strip(),
        "assumptions": design.assumptions,
    }


def _test_periods(
    design: Any, found: Any, both: list[tuple[str, pd.DataFrame]], extra: list[Any]
) -> str:
    """Page of a study's only world, or of all its worlds together; each population beside."""
    if len(found.study_cell["scenario_id"].unique()) > 1:
        return _over_worlds(design, found, both, extra)
    from expectations.protocol import Protocol
    from report.study import StudyFacts, build

    protocol = Protocol.preset("clinic")
    cell = found.study_cell
    first = cell["scenario_id"].iloc[0]
    cell = cell[cell["scenario_id"] == first]
    names = ", ".join(cell["world"].unique())

    def headline(frame):  # type: ignore[no-untyped-def]
        own = frame["is_headline"] & (frame["decision_n_lag_visits"] == 0)
        return frame[own & (frame["scenario_id"] == first)]

    assumptions = (
        f"World: {names}. Its numbers decide the answer; the published tables do not settle all of "
        "them, session-to-session noise least of all.",
        *design.assumptions,
    )
    facts = StudyFacts(
        **(_words(design) | {"assumptions": assumptions}),
        truth=design.truth_in_words(),
        threshold_pct=protocol.responder_threshold_pct,
        test_sessions=protocol.test_period_sessions,
        worlds=f"world {names}",
        rates=design.performance.sessions_per_responder,
    )
    n_cohorts = int(cell["n_replicates"].min())
    return build(
        headline(found.study_choice),
        headline(found.study_performance),
        n_cohorts,
        facts,
        extra=[*_shared(design, found, facts), *_populations(both, facts), *extra],
    )


def _shared(design: Any, found: Any, facts: Any) -> list[Any]:
    """Sections of any study of test periods: net benefit, calibration, split of variance."""
    from report.studies.chances import calibration, spread
    from simulate.studies.tables import ALL_WORLDS

    now = facts.test_sessions
    chances = found.study_calibration
    pooled = chances[chances["world"] == ALL_WORLDS]
    said = f"Long-term relief: {design.truth_in_words()}."
    return [
        *_solved(design, found, facts),
        *_net_benefit(found, facts),
        *calibration(pooled, (1, now, 2 * now), said),
        *spread(found.study_variance, (now, now + 1)),
    ]


def _solved(design: Any, found: Any, facts: Any) -> list[Any]:
    from report.over_worlds import PREDICTED_AT_LEAST
    from report.studies.solved import SHOWN, section
    from simulate.studies.over_worlds import across

    told = across(found.study_performance, found.study_cell, list(SHOWN))
    keys = design.headline.model_dump() | {"decision_n_lag_visits": 0}
    own = told[(told[list(keys)] == pd.Series(keys)).all(axis=1)]
    return section(own, facts.threshold_pct, PREDICTED_AT_LEAST)


def _net_benefit(found: Any, facts: Any) -> list[Any]:
    from report.studies.sections import net_benefit
    from simulate.studies.net_benefit import curves

    shown = facts.test_sessions, facts.threshold_pct
    return net_benefit(curves(found.study_net_benefit, found.study_cell, *shown), *shown)


def _populations(both: list[tuple[str, pd.DataFrame]], facts: Any) -> list[Any]:
    """Section that sets populations side by side: none for the published one alone."""
    from report.populations import section

    if [name for name, _ in both] == ["published"]:
        return []
    return [section([(name, _headline(choice)) for name, choice in both], facts)]


def _headline(choice: pd.DataFrame) -> pd.DataFrame:
    return choice[choice["is_headline"] & (choice["decision_n_lag_visits"] == 0)]


def _over_worlds(
    design: Any, found: Any, both: list[tuple[str, pd.DataFrame]], extra: list[Any]
) -> str:
    """Page over worlds, which weigh alike; the headline's truth first, then its other cuts."""
    from expectations.protocol import Protocol
    from report import over_worlds as page
    from report.study import StudyFacts
    from simulate.studies import over_worlds

    protocol = Protocol.preset("clinic")
    cell, head = found.study_cell, design.headline
    told = over_worlds.across(
        found.study_performance, cell, [measure for measure, _ in page.COMPARED]
    )
    same = ("estimand", "horizon_session")
    others = [
        t for t in design.truths
        if t != head and all(getattr(t, k) == getattr(head, k) for k in same)
    ]  # fmt: skip
    truths = [_truth(design, found, told, truth, protocol) for truth in (head, *others)]
    facts = StudyFacts(
        **_words(design),
        truth=design.truth_in_words(),
        threshold_pct=protocol.responder_threshold_pct,
        test_sessions=protocol.test_period_sessions,
        worlds="alike in weight",
        rates=design.performance.sessions_per_responder,
    )
    n_cohorts = int(cell.groupby("scenario_id")["n_replicates"].min().sum())
    n_worlds = cell["scenario_id"].nunique()
    extra = [*_shared(design, found, facts), *_populations(both, facts), *extra]
    return page.build(truths, n_cohorts, n_worlds, facts, extra)


def _truth(design: Any, found: Any, told: pd.DataFrame, truth: Any, protocol: Any) -> Any:
    """What a page over worlds says of one truth: the rule in use, and its neighbours."""
    from report.over_worlds import Truth
    from simulate.studies import choice, over_worlds

    def of_truth(rows: pd.DataFrame) -> pd.DataFrame:
        keys = truth.model_dump() | {"decision_n_lag_visits": 0}
        return rows[(rows[list(keys)] == pd.Series(keys)).all(axis=1)]

    chosen = of_truth(found.study_choice)
    chosen = chosen[chosen["threshold_pct"] == protocol.responder_threshold_pct]
    own = chosen[chosen["rule"] == "last"]
    now, rates = protocol.test_period_sessions, design.performance.sessions_per_responder
    weight = dict.fromkeys(own["scenario_id"].unique(), 1.0)
    steps = [
        {"rule": rule, "before": now + k, "after": now + k + 1}
        | over_worlds.step(chosen[chosen["rule"] == rule], (now + k, now + k + 1))
        for rule, k in (("last", 0), ("mean_of_two", 0), ("last", 1))
    ]
    best = [choice.best_lengths(own, rate, weight).assign(rate=rate) for rate in rates]
    knowing = over_worlds.knowing_by_rate(own, design)
    return Truth(
        cut_pct=truth.cut_pct,
        within_missed=design.performance.within_missed_per_100,
        measures=of_truth(told),
        best=pd.concat(best),
        steps=pd.DataFrame(steps),
        near=choice.near_least(own),
        knowing=knowing.rename(columns={"sessions_per_responder": "rate"}),
    )


def _zip(rows: pd.DataFrame, keys: tuple[str, ...], design: Any, about: str) -> list[Any]:
    from report.studies.zip import section
    from report.wording import words

    named = rows.assign(method=rows["method"].map(words))
    return section(named, keys, design.performance.level, about)


def _trials(design: Any, found: Any, extra: list[Any], sizes: pd.DataFrame | None) -> str:
    from report.trials import TrialFacts, build

    head = design.headline
    facts = TrialFacts(
        **_words(design),
        trial=head.trial,
        method=head.method,
        missing=head.missing,
        sessions=head.sessions,
        power=design.performance.power,
        level=design.performance.level,
        measure="coverage" if design.performance.stop.measure == "coverage" else "power",
        endpoint_of={method.name: method.endpoint for method in design.methods},
    )
    rows = found.study_coverage
    largest = rows[rows["is_headline"] & (rows["n_patients"] == rows["n_patients"].max())]
    about = "Simulated trials of the headline’s design, the largest size."
    extra = [*_zip(largest, ("world", "method"), design, about), *extra]
    n_trials = int(found.study_cell["n_replicates"].min())
    told = pd.DataFrame(columns=SIZED) if sizes is None else sizes
    return build(found.study_performance, told, n_trials, facts, extra)


def _estimates(design: Any, found: Any, extra: list[Any], _: pd.DataFrame | None) -> str:
    from report.study_estimates import EstimateFacts, build

    head = design.headline
    facts = EstimateFacts(
        **_words(design),
        method=head.method,
        estimand=head.estimand,
        n_patients=head.n_patients,
        level=design.performance.level,
    )
    rows = found.study_coverage
    own = rows[(rows["n_patients"] == head.n_patients) & (rows["estimand"] == head.estimand)]
    worlds = list(dict.fromkeys(own["world"]))
    own = own[own["world"].isin(worlds[len(worlds) // 2 :][:1])]
    about = "Simulated cohorts of the middle world, every way that gives intervals."
    extra = [*_zip(own, ("world", "method"), design, about), *extra]
    return build(found.study_performance, int(found.study_cell["n_replicates"].min()), facts, extra)


_PAGES: dict[str, Callable[[Any, Any, list[Any], pd.DataFrame | None], str]] = {
    "trials": _trials,
    "estimates": _estimates,
}
