"""The clinical constants and choices of the study, in one frozen object: their only defaults.

Belongs here: thresholds, landmarks, windows and readings of a rule that a clinician would name,
and their hand-over to dbt. Does not: paths, seeds or anything a machine needs. Standard library
only. `python -m expectations.protocol` prints the dbt vars of a preset, for a dbt run by hand.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import date

PRESETS = ("clinic", "paper_replica")

DbtVars = dict[str, str | int | float | bool | list[float]]


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
        Reported relief that counts as at least 10, 30 and 50 %; also the bands (rule R4).
    good_threshold_pct, excellent_threshold_pct
        Lower bounds of the categories good and excellent; poor starts at the responder threshold.
    test_period_sessions
        Sessions in the test period (rule R2).
    conform_gap_days, tolerated_gap_days
        Shortest and longest gap, both included, of a conform and of a tolerated test period (R2).
    covid_start, covid_end
        First and last day of the first French lockdown; a gap that touches it is flagged (R2).
    landmark_sessions, long_term_session
        Sessions at which stopping is counted (rule R8), and the first of them.
    pr_lag_visits
        0: relief on a row describes the row's own session. 1: the session before (rule R3).
    latest_question_days
        Relief asked more days after its session than this was asked late (rule R3).
    dpr_skip_logic
        Whether an empty duration beside a relief of 0 was left empty by design, so 0 (rule R11).
    ongoing_gap_days, ongoing_interval_multiple
        A patient without a stop record is ongoing while the last session lies within
        max(gap, multiple x own median interval) of the window's end (rule R7).
    course_gap_days, long_gap_days
        A longer gap starts a new course (rule R0); a longer interval is flagged (rule R10).
    full_session_pulses, aborted_share
        A session with less than this share of the pulses is aborted and not numbered (rule R0).
    inclusion_nrs_above, inclusion_pain_months
        Clinical inclusion: pain rated above this, for at least so many months; only warned (R1).
    npsi_worsening_share
        An NPSI total this share above its baseline is a worsening (rule R15).
    emcs_first_window_months
        Months after surgery in which the first evaluation is expected, both included (rule R14).
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
    conform_gap_days: tuple[int, int] = (14, 21)
    tolerated_gap_days: tuple[int, int] = (10, 42)
    covid_start: date = date(2020, 3, 17)
    covid_end: date = date(2020, 5, 11)
    landmark_sessions: tuple[int, ...] = (15, 30, 90)
    long_term_session: int = 15
    pr_lag_visits: int = 0
    latest_question_days: int = 60
    dpr_skip_logic: bool = False
    ongoing_gap_days: int = 90
    ongoing_interval_multiple: float = 2
    course_gap_days: int = 180
    long_gap_days: int = 180
    full_session_pulses: int = 1600
    aborted_share: float = 0.5
    inclusion_nrs_above: float = 4
    inclusion_pain_months: float = 6
    npsi_worsening_share: float = 0.3
    emcs_first_window_months: tuple[float, float] = (2, 12)
    window_start: date | None = None
    window_end: date | None = None
    emcs_end: date | None = None

    def __post_init__(self) -> None:
        """Refuse constants that contradict each other."""
        for rising in (
            (
                0,
                self.responder_threshold_pct,
                self.good_threshold_pct,
                self.excellent_threshold_pct,
            ),
            (0, self.responder_threshold_pct, self.moderate_threshold_pct),
            (self.moderate_threshold_pct, self.substantial_threshold_pct),
            (0, *self.landmark_sessions),
            (self.test_period_sessions, self.long_term_session),
        ):
            if any(low >= high for low, high in zip(rising, rising[1:], strict=False)):
                raise ValueError(f"bounds must rise, got {', '.join(map(str, rising))}")
        if max(self.excellent_threshold_pct, self.substantial_threshold_pct) > 100:
            raise ValueError("category bounds lie within 0 to 100 %")
        inner, outer = self.conform_gap_days, self.tolerated_gap_days
        if not outer[0] <= inner[0] <= inner[1] <= outer[1]:
            raise ValueError(f"conform gaps {inner} lie outside the tolerated ones {outer}")
        if self.pr_lag_visits not in (0, 1):
            raise ValueError(f"pr_lag_visits is 0 or 1, got {self.pr_lag_visits}")
        for start, end in (
            (self.window_start, self.window_end),
            (self.covid_start, self.covid_end),
        ):
            if start and end and start > end:
                raise ValueError(f"window starts {start} after it ends {end}")

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

    def dbt_vars(self, is_synthetic: bool) -> DbtVars:
        """Every constant as a dbt var; dates as ISO text, an open date as the empty text.

        Parameters
        ----------
        is_synthetic
            Whether the data directory holds simulated deliveries.
        """
        constants = asdict(self) | {"is_synthetic": is_synthetic}
        return {name: _for_dbt(one) for name, one in constants.items() if name != "name"}


def _for_dbt(value: object) -> str | int | float | bool | list[float]:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    assert isinstance(value, str | int | float)
    return value


def main() -> None:
    """Print the dbt vars of a preset as JSON; simulated data unless told otherwise."""
    parser = argparse.ArgumentParser(description="dbt vars of a preset, for a dbt run by hand")
    parser.add_argument("preset", nargs="?", default=PRESETS[0], choices=PRESETS)
    parser.add_argument("--real", action="store_true", help="the deliveries are not simulated")
    given = parser.parse_args()
    print(json.dumps(Protocol.preset(given.preset).dbt_vars(is_synthetic=not given.real)))


if __name__ == "__main__":
    main()
