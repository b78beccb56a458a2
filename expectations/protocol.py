"""The clinical constants of the study, in one frozen object.

Belongs here: thresholds, landmarks and windows that a clinician would name, and their hand-over
to dbt. Does not: paths, seeds or anything a machine needs. Standard library only.
"""

from dataclasses import dataclass
from datetime import date

PRESETS = ("clinic", "paper_replica")


@dataclass(frozen=True)
class Protocol:
    """Clinical constants; the defaults are those of the published protocol.

    Reported relief is in percent against the pain before the first session. Category bounds are
    half open on the raw number (rule R4): below 10, [10, 40), [40, 70), [70, 100].

    Attributes
    ----------
    name
        Preset the object came from; `warehouse_meta` records it.
    responder_threshold_pct, moderate_threshold_pct, substantial_threshold_pct
        Reported relief that counts as at least 10, 30 and 50 % (rule R4).
    good_threshold_pct, excellent_threshold_pct
        Lower bounds of the categories good and excellent; poor starts at the responder threshold.
    test_period_sessions
        Sessions in the test period (rule R2).
    landmark_sessions, long_term_session
        Sessions at which stopping is counted (rule R8), and the first of them.
    ongoing_gap_days, ongoing_interval_multiple
        A patient without a stop record is ongoing while the last session lies within
        max(gap, multiple x own median interval) of the window's end (rule R7).
    full_session_pulses, aborted_share
        A session with less than this share of the pulses is aborted and not numbered (rule R0).
    window_start, window_end, emcs_end
        Analysis window and end of the surgical follow-up; None is open, that is up to the newest
        delivery.
    """

    name: str = "clinic"
    responder_threshold_pct: float = 10
    moderate_threshold_pct: float = 30
    substantial_threshold_pct: float = 50
    good_threshold_pct: float = 40
    excellent_threshold_pct: float = 70
    test_period_sessions: int = 4
    landmark_sessions: tuple[int, ...] = (15, 30, 90)
    long_term_session: int = 15
    ongoing_gap_days: int = 90
    ongoing_interval_multiple: float = 2
    full_session_pulses: int = 1600
    aborted_share: float = 0.5
    window_start: date | None = None
    window_end: date | None = None
    emcs_end: date | None = None

    def __post_init__(self) -> None:
        """Refuse constants that contradict each other."""
        poor, good, excellent = (
            self.responder_threshold_pct,
            self.good_threshold_pct,
            self.excellent_threshold_pct,
        )
        if not 0 < poor < good < excellent <= 100:
            raise ValueError(
                f"category bounds must rise within 0 to 100 %, got {poor}, {good}, {excellent}"
            )
        if self.window_start and self.window_end and self.window_start > self.window_end:
            raise ValueError(f"window starts {self.window_start} after it ends {self.window_end}")

    @classmethod
    def preset(cls, name: str) -> "Protocol":
        """Return the constants of a named preset.

        Parameters
        ----------
        name
            `clinic`: a living clinic, every date open. `paper_replica`: the dates of the study
            (October 2010 to March 2022, surgical visits to June 2023; the days are our reading of
            months).

        Raises
        ------
        ValueError
            For any other name; the message names the allowed ones.
        """
        if name == "clinic":
            return cls(name=name)
        if name == "paper_replica":
            return cls(
                name=name,
                window_start=date(2010, 10, 1),
                window_end=date(2022, 3, 31),
                emcs_end=date(2023, 6, 30),
            )
        raise ValueError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")

    def dbt_vars(self, is_synthetic: bool) -> dict[str, str | int | float | bool]:
        """Constants as dbt vars; an open date is the empty string.

        Parameters
        ----------
        is_synthetic
            Whether the data directory holds simulated deliveries.
        """
        return {
            "window_start": _iso(self.window_start),
            "window_end": _iso(self.window_end),
            "emcs_end": _iso(self.emcs_end),
            "is_synthetic": is_synthetic,
            "responder_threshold_pct": self.responder_threshold_pct,
            "moderate_threshold_pct": self.moderate_threshold_pct,
            "substantial_threshold_pct": self.substantial_threshold_pct,
            "good_threshold_pct": self.good_threshold_pct,
            "excellent_threshold_pct": self.excellent_threshold_pct,
            "test_period_sessions": self.test_period_sessions,
            "long_term_session": self.long_term_session,
            "ongoing_gap_days": self.ongoing_gap_days,
            "ongoing_interval_multiple": self.ongoing_interval_multiple,
            "full_session_pulses": self.full_session_pulses,
            "aborted_share": self.aborted_share,
        }


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()
