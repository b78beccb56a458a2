"""The page of a study: its tables and its design, handed to the report room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestration.files import replace_file


def write_page(design: Any, found: Any, path: Path) -> int:
    """Write the page of a study; return its size in bytes."""
    page = _PAGES[design.kind](design, found).encode()
    replace_file(path, page)
    return len(page)


def _test_periods(design: Any, found: Any) -> str:
    """Page of the study's first world."""
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

    facts = StudyFacts(
        title=design.title,
        question=design.aims.strip(),
        decision=design.decision.strip(),
        truth=design.truth_in_words(),
        threshold_pct=protocol.responder_threshold_pct,
        test_sessions=protocol.test_period_sessions,
        worlds=f"world {names}",
        rates=design.performance.sessions_per_responder,
        assumptions=(
            f"World: {names}. Its numbers decide the answer; the published tables do not settle "
            "all of them, session-to-session noise least of all.",
            *design.assumptions,
        ),
    )
    n_cohorts = int(cell["n_replicates"].min())
    return build(headline(found.study_choice), headline(found.study_performance), n_cohorts, facts)


def _trials(design: Any, found: Any) -> str:
    from report.trials import TrialFacts, build

    head = design.headline
    facts = TrialFacts(
        title=design.title,
        question=design.aims.strip(),
        decision=design.decision.strip(),
        assumptions=design.assumptions,
        trial=head.trial,
        method=head.method,
        missing=head.missing,
        sessions=head.sessions,
        power=design.performance.power,
        level=design.performance.level,
        measure="coverage" if design.performance.stop.measure == "coverage" else "power",
    )
    return build(found.study_performance, int(found.study_cell["n_replicates"].min()), facts)


_PAGES: dict[str, Callable[[Any, Any], str]] = {"test_periods": _test_periods, "trials": _trials}
