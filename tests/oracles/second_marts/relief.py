"""Which session a reported relief describes, and what its duration says (R3, R11)."""

from second_marts.records import Patient, Session

from expectations.protocol import Protocol


def attribute(sessions: list[Session], protocol: Protocol) -> None:
    """Give every session the relief that describes it: its own row's, or the next one's (R3)."""
    for session in sessions:
        position = session.session_no - 1 + protocol.pr_lag_visits
        if position >= len(sessions):
            continue
        said = sessions[position].row
        session.relief_row_key = said["row_key"]
        session.evaluation_date = said["evaluation_date"]
        session.pain_relief_pct = said["pain_relief_pct"]
        session.relief_duration_days = said["relief_duration_days"]
        skipped = session.relief_duration_days is None and session.pain_relief_pct == 0
        if protocol.dpr_skip_logic and skipped:
            session.relief_duration_days = 0


def is_asked_late(session: Session, protocol: Protocol) -> bool | None:
    """Asked after the day of the next session, or too many days after its own (R3)."""
    if session.evaluation_date is None:
        return None
    waited = (session.evaluation_date - session.on).days
    after_next = session.days_to_next is not None and waited > session.days_to_next
    return after_next or waited > protocol.latest_question_days


def is_capped(session: Session) -> bool | None:
    """Relief said to last longer than the days until somebody asked (R11)."""
    if session.evaluation_date is None or session.relief_duration_days is None:
        return None
    return session.relief_duration_days > (session.evaluation_date - session.on).days


def relief_at(patient: Patient, session_no: int) -> float | None:
    """Reported relief of a session; None if there was no such session or nobody knows."""
    if session_no > len(patient.sessions):
        return None
    return patient.sessions[session_no - 1].pain_relief_pct
