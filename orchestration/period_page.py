"""The page of a study of test periods: its tables, handed to the report room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.study_answer import Answer
from orchestration.study_bank import indication

if TYPE_CHECKING:
    from orchestration.commands.study_populations import Told


def words_of(design: Any, answer: Answer) -> dict[str, Any]:
    """What any page quotes of its file, and its answer."""
    return {
        "title": design.title,
        "question": design.aims.strip(),
        "answer": answer.told,
        "beside": tuple(other.told for other in answer.beside),
        "signs": answer.all_signs,
        "decision": design.decision.strip(),
        "assumptions": design.assumptions,
    }


def period_page(
    design: Any,
    found: Any,
    both: Sequence[Told],
    extra: list[Any],
    answer: Answer,
) -> str:
    """Page of a study's only world, or of all its worlds together; each population beside."""
    answer = replace(answer, signs=(*indication(found), *answer.signs))
    if len(found.study_cell["scenario_id"].unique()) > 1:
        return _over_worlds(design, found, both, extra, answer)
    from report.study import build
    from report.wording import world_words

    cell = found.study_cell
    first = cell["scenario_id"].iloc[0]
    cell = cell[cell["scenario_id"] == first]
    names = ", ".join(world_words(name) for name in cell["world"].unique())

    def headline(frame):  # type: ignore[no-untyped-def]
        own = frame["is_headline"] & (frame["decision_n_lag_visits"] == 0)
        return frame[own & (frame["scenario_id"] == first)]

    assumptions = (
        f"World: {names}. Its numbers decide the answer; the published tables do not settle all of "
        "them, session-to-session noise least of all.",
        *design.assumptions,
    )
    facts = _facts(design, answer, f"world {names}", assumptions)
    n_cohorts = int(cell["n_replicates"].min())
    return build(
        headline(found.study_choice),
        headline(found.study_performance),
        n_cohorts,
        facts,
        extra=[*_shared(design, found, facts), *_populations(both, facts), *extra],
    )


def _facts(
    design: Any, answer: Answer, worlds: str, assumptions: tuple[str, ...] | None = None
) -> Any:
    """What the page quotes of the design and of the rule in use."""
    from expectations.protocol import Protocol
    from report.study import StudyFacts

    protocol = Protocol.preset("clinic")
    return StudyFacts(
        **(words_of(design, answer) | {"assumptions": assumptions or design.assumptions}),
        truth=design.truth_in_words(),
        threshold_pct=protocol.responder_threshold_pct,
        test_sessions=protocol.test_period_sessions,
        worlds=worlds,
        rates=design.performance.sessions_per_responder,
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
        *_definitions(design, found, facts),
        *_solved(design, found, facts),
        *_net_benefit(found, facts),
        *calibration(pooled, (1, now, 2 * now), said),
        *spread(found.study_variance, (now, now + 1)),
    ]


def _definitions(design: Any, found: Any, facts: Any) -> list[Any]:
    """Section of the truths and lags that the headline leaves out, of the rule it follows."""
    from report.studies.definitions import MEASURES, section
    from simulate.studies.over_worlds import across

    lengths = tuple(facts.test_sessions + k for k in range(3))
    cell, head = found.study_cell, design.headline
    cell = cell[(cell["rule"] == "last") & (cell["threshold_pct"] == facts.threshold_pct)]
    is_own = cell["estimand"] == head.estimand
    is_asked = (cell["horizon_session"] == head.horizon_session) & (cell["cut_pct"] == head.cut_pct)
    cell = cell[cell["test_sessions"].isin(lengths) & (is_own | is_asked)]
    told = found.study_performance
    told = told[told["cell_id"].isin(cell["cell_id"])]
    told = across(told, cell, list(MEASURES))
    asked = (told["horizon_session"] == head.horizon_session) & (told["cut_pct"] == head.cut_pct)
    rows = told.assign(is_own=told["estimand"] == head.estimand, is_asked=asked)
    return section(rows, lengths, facts)


def _solved(design: Any, found: Any, facts: Any) -> list[Any]:
    from report.studies.many_worlds import PREDICTED_AT_LEAST
    from report.studies.solved import SHOWN, section
    from simulate.studies.over_worlds import across

    told = found.study_performance
    own = told[told["is_headline"] & (told["decision_n_lag_visits"] == 0)]
    rows = across(own, found.study_cell, list(SHOWN))
    return section(rows, facts.threshold_pct, PREDICTED_AT_LEAST)


def _net_benefit(found: Any, facts: Any) -> list[Any]:
    from report.studies.sections import net_benefit
    from simulate.studies.net_benefit import curves

    shown = facts.test_sessions, facts.threshold_pct
    return net_benefit(curves(found.study_net_benefit, found.study_cell, *shown), *shown)


def _populations(both: Sequence[Told], facts: Any) -> list[Any]:
    """Section that sets populations side by side, where there are several."""
    from report.populations import test_periods

    if not both:
        return []
    return [test_periods([(one.label, _headline(one.found.study_choice)) for one in both], facts)]


def _headline(choice: pd.DataFrame) -> pd.DataFrame:
    return choice[choice["is_headline"] & (choice["decision_n_lag_visits"] == 0)]


def _over_worlds(
    design: Any,
    found: Any,
    both: Sequence[Told],
    extra: list[Any],
    answer: Answer,
) -> str:
    """Page over worlds, which weigh alike; the headline's truth first, then its other cuts."""
    from report import over_worlds as page
    from report.studies.many_worlds import COMPARED
    from simulate.studies import over_worlds

    cell, head = found.study_cell, design.headline
    facts = _facts(design, answer, "alike in weight")
    told = over_worlds.across(found.study_performance, cell, [measure for measure, _ in COMPARED])
    same = ("estimand", "horizon_session")
    others = [
        t for t in design.truths
        if t != head and all(getattr(t, k) == getattr(head, k) for k in same)
    ]  # fmt: skip
    truths = [_truth(design, found, told, truth, facts) for truth in (head, *others)]
    n_cohorts = int(cell.groupby("scenario_id")["n_replicates"].min().sum())
    n_worlds = cell["scenario_id"].nunique()
    extra = [*_shared(design, found, facts), *_populations(both, facts), *extra]
    return page.build(truths, n_cohorts, n_worlds, _next_study(design, cell, facts), facts, extra)


def _next_study(design: Any, cell: pd.DataFrame, facts: Any) -> Any:
    """Designs that would learn what differs between the worlds of this study."""
    from report.studies.next_study import NextStudy
    from simulate.studies import next_study
    from simulate.studies.knowing import worlds_table

    seen = next_study.seen(cell[cell["is_headline"]], facts.threshold_pct, facts.test_sessions)
    return NextStudy(
        designs=next_study.designs(worlds_table(design), seen),
        part_of_sd=next_study.PART_OF_SD,
        left=next_study.LEFT,
        horizon_session=seen.horizon_session,
        completed=seen.completed,
    )


def _truth(design: Any, found: Any, told: pd.DataFrame, truth: Any, facts: Any) -> Any:
    """What a page over worlds says of one truth: the rule in use, and its neighbours."""
    from report.over_worlds import Truth
    from simulate.studies import knowing, lengths, over_worlds

    def of_truth(rows: pd.DataFrame) -> pd.DataFrame:
        keys = truth.model_dump() | {"decision_n_lag_visits": 0}
        return rows[(rows[list(keys)] == pd.Series(keys)).all(axis=1)]

    counted = of_truth(found.study_block)
    counted = counted[counted["threshold_pct"] == facts.threshold_pct]
    own = counted[counted["rule"] == "last"]
    now, law = facts.test_sessions, design.performance
    shown = pd.DataFrame(
        [("last", now), ("mean_of_two", now), ("last", now + 1)], columns=["rule", "before"]
    )
    rate = {"sessions_per_responder": "rate"}
    steps = lengths.steps(counted[counted["rule"].isin(shown["rule"])])
    return Truth(
        cut_pct=truth.cut_pct,
        within_missed=law.within_missed_per_100,
        measures=of_truth(told),
        frontier=over_worlds.frontier(of_truth(told)),
        best=lengths.best_lengths(own, law.sessions_per_responder).rename(columns=rate),
        steps=shown.merge(steps[steps["after"] == steps["before"] + 1], on=list(shown)),
        near=lengths.near_least(own, law.within_missed_per_100),
        knowing=knowing.knowing(own, design).rename(columns=rate),
    )
