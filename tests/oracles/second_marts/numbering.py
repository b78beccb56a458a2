"""Which sessions count, and their numbers (R0)."""

from datetime import date

from second_marts.records import Row, Session

from expectations.protocol import Protocol


def is_delivered(row: Row, protocol: Protocol) -> bool:
    """20 Hz over M1 and not aborted (R0); a number of pulses nobody wrote is not too few.

    An empty protocol was read as 20 Hz over M1 before; a missing one could not be read.
    """
    if row["protocol"] != "m1_20hz":
        return False
    enough = protocol.aborted_share * protocol.full_session_pulses
    return row["n_pulses"] is None or row["n_pulses"] >= enough


def is_in_window(day: date, protocol: Protocol, end: date) -> bool:
    """First and last day of the analysis window belong to it."""
    return (protocol.window_start is None or day >= protocol.window_start) and day <= end


def completeness(row: Row) -> tuple[int, str, int]:
    """Of sessions on one day the one with most pulses counts, then the later start (R0).

    Where both are alike the higher recorded number counts (docs/marts.md, Choices).
    """
    pulses = -1 if row["n_pulses"] is None else row["n_pulses"]
    return pulses, row["session_time"] or "", row["session_no_recorded"]


def one_a_day(rows: list[Row]) -> list[Row]:
    """The most complete session of each day, in order of date."""
    best: dict[date, Row] = {}
    for row in rows:
        day = row["session_date"]
        if day not in best or completeness(row) > completeness(best[day]):
            best[day] = row
    return [best[day] for day in sorted(best)]


def number(rows: list[Row], protocol: Protocol, end: date) -> list[Session]:
    """Sessions 1, 2, 3 ... over the whole history; a long gap opens a new course (R0)."""
    counted = [
        row
        for row in rows
        if is_delivered(row, protocol) and is_in_window(row["session_date"], protocol, end)
    ]
    sessions: list[Session] = []
    for row in one_a_day(counted):
        this = Session(row, len(sessions) + 1, row["session_date"])
        if sessions:
            before = sessions[-1]
            gap = (this.on - before.on).days
            this.days_since_previous = before.days_to_next = gap
            this.course_no = before.course_no + (gap > protocol.course_gap_days)
        sessions.append(this)
    return sessions
