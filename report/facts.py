"""What a report says about the run it was made from.

Belongs here: the facts that are in no table. Does not: anything a frame already holds.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """Facts of one run, and the clinical constants that captions quote.

    Attributes
    ----------
    run_id
        Run that published the marts.
    created_at
        When the page was made; UTC, time zone aware.
    data_until
        Newest delivery in the warehouse.
    kind
        'synthetic' puts the label SIMULATED DATA on the page and on every section heading.
    preset
        Name of the protocol preset, for example 'clinic' or 'paper_replica'.
    plateau_version
        Version that made the page.
    n_checks_passed, n_checks_failed, n_checks_warned
        Data checks of the run; a check that only warns is never counted as failed.
    model_sentence
        One sentence on the state of the model, for the run line.
    truth_definition
        What counts as long-term relief in the simulated cohorts, as one clause without full stop.
    test_period_sessions
        Sessions in the test period (rule R2).
    long_term_session
        Session from which a patient counts as followed long (rule R8).
    relief_thresholds_pct
        Reported relief that counts as a responder, as moderate and as substantial (rule R4), in
        percent.
    headline_cut_pct
        Long-term relief, in percent, that counts as true in the simulated cohorts shown.
    category_bounds_pct
        Lower bounds of the categories poor, good and excellent (rule R4), in percent.

    Raises
    ------
    ValueError
        If `created_at` has no time zone or `kind` is unknown.
    """

    run_id: str
    created_at: datetime
    data_until: date
    kind: Literal["synthetic", "real"]
    preset: str
    plateau_version: str
    n_checks_passed: int
    n_checks_failed: int
    n_checks_warned: int
    model_sentence: str
    truth_definition: str
    test_period_sessions: int = 4
    long_term_session: int = 15
    relief_thresholds_pct: tuple[float, float, float] = (10, 30, 50)
    headline_cut_pct: float = 30
    category_bounds_pct: tuple[float, float, float] = (10, 40, 70)

    def __post_init__(self) -> None:
        """Refuse facts that would mislabel the page."""
        if self.created_at.utcoffset() is None:
            raise ValueError("created_at has no time zone; give it in UTC")
        if self.kind not in ("synthetic", "real"):
            raise ValueError(f"kind is 'synthetic' or 'real', got {self.kind!r}")

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are simulated."""
        return self.kind == "synthetic"
