"""What a next study would need to learn one thing that the best length of a test period hinges on.

Here: closed forms on the worlds of a study and on its own counts. Not here: what knowing it is
worth (`knowing.py`), or words (`report/studies/next_study.py`).

Every design aims at a standard error of half the SD between worlds. With a normal prior of that SD
and a normal error, 1 / (1 + 2^2) = a fifth of the variance between worlds is left (conjugate normal
posterior; Gelman and others 2013, section 2.5). Errors are taken as normal and independent, hence
the numbers are the least: outlying reports, heaped numbers and missing answers ask for more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simulate.studies.knowing import QUESTIONS, is_alike
from simulate.studies.over_worlds import SPREAD

PART_OF_SD = 0.5
"""Standard error aimed at, in SDs between worlds."""
LEFT = PART_OF_SD**2 / (1 + PART_OF_SD**2)
"""Share of the variance between worlds that this error leaves."""


@dataclass(frozen=True)
class Seen:
    """What a study's own cohorts show, means over its worlds.

    Attributes
    ----------
    horizon_session
        Longest test studied.
    completed
        Share of those who start who still come at that session.
    sessions
        Sessions a patient who starts is given until then.
    responders
        Share of those who start whose last report reaches the threshold of the rule in use.
    """

    horizon_session: int
    completed: float
    sessions: float
    responders: float


def seen(cell: pd.DataFrame, threshold_pct: float, test_sessions: int) -> Seen:
    """Return what the cohorts of a study show under the rule in use, `last`.

    Parameters
    ----------
    cell
        `study_cell` of one truth that judges all who start.
    threshold_pct, test_sessions
        The rule in use.
    """
    own = cell[
        (cell["rule"] == "last")
        & (cell["threshold_pct"] == threshold_pct)
        & (cell["decision_n_lag_visits"] == 0)
    ]
    longest = own[own["test_sessions"] == own["test_sessions"].max()]
    now = own[own["test_sessions"] == test_sessions]
    return Seen(
        horizon_session=int(own["test_sessions"].max()),
        completed=float((longest["n_completed"] / longest["n_patients"]).mean()),
        sessions=float((longest["n_test_sessions"] / longest["n_patients"]).mean()),
        responders=float(((now["tp"] + now["fp"]) / now["n_patients"]).mean()),
    )


def of_sd(sd: float, error: float, _: Seen) -> tuple[float, float]:
    """Pairs of measurements of something that stays the same between them, one pair a patient.

    The within-subject SD of n pairs has n degrees of freedom, hence with normal errors
    SE = sd / sqrt(2 n) (Bland and Altman 1996, BMJ 313:744), so that n = sd^2 / (2 SE^2).
    """
    n = sd**2 / (2 * error**2)
    return n, n


def of_share(share: float, error: float, _: Seen) -> tuple[float, float]:
    """Patients whose answer is known: SE = sqrt(p (1 - p) / n), the binomial law (Wald)."""
    n = share * (1 - share) / error**2
    return n, n


def of_responders(share: float, error: float, found: Seen) -> tuple[float, float]:
    """The same among responders, who are the study's own share of those who start."""
    n, _ = of_share(share, error, found)
    return n, n / found.responders


def of_log_hazard(_: float, error: float, found: Seen) -> tuple[float, float]:
    """Stops that are asked for their reason: SE of a log rate = 1 / sqrt(D), D stops.

    Clayton and Hills 1993, ch. 9 (Poisson likelihood). Patients who start: as many as bring D stops
    of any kind before the last session, from the study's own share of completers; for want of
    relief fewer stop.
    """
    n = 1 / error**2
    return n, n / (1 - found.completed)


def of_hazard(hazard: float, error: float, found: Seen) -> tuple[float, float]:
    """Stops counted over the sessions at risk: SE of a rate = rate / sqrt(D) (same source).

    D / rate sessions at risk bring D stops; a patient who starts is given the study's own mean
    number of sessions.
    """
    n = (hazard / error) ** 2
    return n, n / hazard / found.sessions


DESIGNS: dict[str, Callable[[float, float, Seen], tuple[float, float]]] = {
    "noise_sd": of_sd,
    "assessment_sd": of_sd,
    "rise_share": of_share,
    "missing_responder_4": of_responders,
    "efficacy_at_zero": of_log_hazard,
    "other_hazard": of_hazard,
}
"""By column of the worlds; what is not here, no closed form on this study's rows can size."""


def designs(worlds: pd.DataFrame, found: Seen) -> pd.DataFrame:
    """Return what would learn each thing that differs between worlds.

    Parameters
    ----------
    worlds
        From `knowing.worlds_table`.

    Returns
    -------
    pandas.DataFrame
        question, column, mean, lo, hi (nine worlds of ten), standard_error (aimed at), n (units
        that the design counts: patients, or stops), n_start (patients who start a test period),
        each rounded up. Things that are the same in every world have no row; structures and what
        cannot be sized have no numbers.
    """
    rows = []
    for question, column in QUESTIONS.items():
        values = worlds[column]
        if is_alike(values):
            continue
        row: dict[str, Any] = {"question": question, "column": column}
        if pd.api.types.is_numeric_dtype(values):
            lo, hi = values.quantile(list(SPREAD))
            row |= {"mean": values.mean(), "lo": lo, "hi": hi}
            if column in DESIGNS:
                error = PART_OF_SD * values.std()
                n, n_start = DESIGNS[column](values.mean(), error, found)
                row |= {"standard_error": error, "n": np.ceil(n), "n_start": np.ceil(n_start)}
        rows.append(row)
    told = ["question", "column", "mean", "lo", "hi", "standard_error", "n", "n_start"]
    return pd.DataFrame(rows).reindex(columns=told)
