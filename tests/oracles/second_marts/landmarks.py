"""Who still comes at a landmark, and relief by session number (R8)."""

from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from second_marts.course import End
from second_marts.records import Patient
from second_marts.relief import relief_at

from expectations.protocol import Protocol


@dataclass(frozen=True)
class Member:
    """An analysed patient with the end of the course and the status."""

    patient: Patient
    end: End
    status: str

    @property
    def n(self) -> int:
        """Numbered sessions."""
        return len(self.patient.sessions)


def landmark_row(members: list[Member], landmark: int) -> dict[str, Any]:
    """Row of the mart `landmarks`, over the responders (R8)."""
    responders = [m for m in members if m.status == "responder"]
    before = [m for m in responders if m.n < landmark]
    ongoing = [m for m in before if m.end.is_ongoing]
    reasons = [m.end.reason for m in before if not m.end.is_ongoing]
    denominator = len(responders) - len(ongoing)
    reliefs = known_reliefs(responders, landmark)
    named = ("loss_of_efficacy", "emcs_surgery")
    return {
        "landmark_session": landmark,
        "n_responders": len(responders),
        "n_ongoing_before": len(ongoing),
        "n_denominator": denominator,
        "n_stopped_before": len(reasons),
        "stopped_share": share(len(reasons), denominator),
        "stopped_share_of_all": share(len(reasons), len(responders)),
        "n_reached": sum(m.n >= landmark for m in responders),
        "n_relief_known": len(reliefs),
        "mean_relief_pct": mean(reliefs) if reliefs else None,
        "n_stopped_loss_of_efficacy": reasons.count("loss_of_efficacy"),
        "n_stopped_emcs_surgery": reasons.count("emcs_surgery"),
        "n_stopped_other": sum(reason not in named for reason in reasons),
    }


def share(part: int, whole: int) -> float | None:
    """Part of the whole; None of nobody."""
    return part / whole if whole else None


def known_reliefs(members: list[Member], session_no: int) -> list[float]:
    """Reported reliefs of a session, those that are known."""
    said = (relief_at(m.patient, session_no) for m in members)
    return [relief for relief in said if relief is not None]


def long_term_rows(members: list[Member], protocol: Protocol) -> list[dict[str, Any]]:
    """Rows of the mart `long_term`: every session number that anybody of a population reached."""
    responders = [m for m in members if m.status == "responder"]
    populations = {
        "responders": responders,
        "responders_ge15": [m for m in responders if m.n >= protocol.long_term_session],
        "analysed": members,
    }
    return [
        long_term_row(population, group, session_no)
        for population, group in populations.items()
        for session_no in range(1, max((m.n for m in group), default=0) + 1)
    ]


def long_term_row(population: str, group: list[Member], session_no: int) -> dict[str, Any]:
    """One session number: at risk, observed, mean and standard deviation, how many end here."""
    reliefs = known_reliefs(group, session_no)
    ended = [m for m in group if m.n == session_no]
    return {
        "population": population,
        "session_no": session_no,
        "n_treated": sum(m.n >= session_no for m in group),
        "n_observed": len(reliefs),
        "mean_relief_pct": mean(reliefs) if reliefs else None,
        "sd_relief_pct": stdev(reliefs) if len(reliefs) > 1 else None,
        "n_stopped": sum(not m.end.is_ongoing for m in ended),
        "n_censored": sum(m.end.is_ongoing for m in ended),
    }
