"""The page of a study: its tables and its design, handed to the report room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.files import replace_file

if TYPE_CHECKING:
    from simulate.studies.design import Design
    from simulate.studies.tables import Tables


def write_page(design: Design, found: Tables, path: Path) -> int:
    """Write the page of a study's first world; return its size in bytes."""
    from expectations.protocol import Protocol
    from report.study import StudyFacts, build

    protocol = Protocol.preset("clinic")
    first = found.study_cell["scenario_id"].iloc[0]
    names = found.study_cell.loc[found.study_cell["scenario_id"] == first, "world"].unique()

    def headline(frame):  # type: ignore[no-untyped-def]
        own = frame["is_headline"] & (frame["decision_n_lag_visits"] == 0)
        return frame[own & (frame["scenario_id"] == first)]

    facts = StudyFacts(
        title="How long should the test period be?",
        question=design.aims.strip(),
        truth=design.truth_in_words(),
        threshold_pct=protocol.responder_threshold_pct,
        test_sessions=protocol.test_period_sessions,
        worlds=f"world {', '.join(names)}",
        rates=design.performance.sessions_per_responder,
        assumptions=(
            f"World: {', '.join(names)}. Its numbers decide the answer; the published tables do "
            "not settle all of them, session-to-session noise least of all.",
            "Every patient is offered sessions to the horizon and stops for reasons of his own; "
            "who stops before the decision is not accepted.",
            "A missing report is replaced by the last recorded one; who has none goes on.",
            "The report of the last test session is known before the next visit.",
        ),
    )
    n_cohorts = int(
        found.study_cell.loc[found.study_cell["scenario_id"] == first, "n_replicates"].min()
    )
    page = build(
        headline(found.study_choice), headline(found.study_performance), n_cohorts, facts
    ).encode()
    replace_file(path, page)
    return len(page)
