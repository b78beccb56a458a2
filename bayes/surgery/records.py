"""Who enters the surgery model, and with what.

Here: joining the curves' patients with the operated, and why an operated patient is not used. Not
here: which visit is the first evaluation (mart `emcs`, rule R14), the model (`line.py`).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.parameters import NAMES
from bayes.posterior import mean_reports
from bayes.quantities import HORIZON, SESSIONS

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

UNUSED = {
    "has_curve": "without rTMS sessions and a curve",
    "has_first": "without a first evaluation that reports relief",
    "is_in_window": "first evaluated outside the window or under another stimulation",
}


@dataclass(frozen=True)
class Candidates:
    """All patients with a curve: the candidates, the operated among them.

    Attributes
    ----------
    patients
        Ids, shape (patients,).
    relief
        m_i(s) at the last rTMS session (before surgery for the operated), percent, shape
        (draws, patients): equation (14).
    last_report
        Last relief reported until then, percent.
    first
        First evaluation after surgery, percent, NaN where there is none to use.
    is_operated
        Operated, evaluated or not.
    noise, tens_share, fives_share
        Of a session's report, by draw.
    unused
        Operated patients who are not used, by reason.
    """

    patients: NDArray[np.str_]
    relief: FloatArray
    last_report: FloatArray
    first: FloatArray
    is_operated: Mask
    noise: FloatArray
    tens_share: FloatArray
    fives_share: FloatArray
    unused: dict[str, int]

    @property
    def is_used(self) -> Mask:
        """Operated with a first evaluation that enters the model."""
        return np.isfinite(self.first)

    @property
    def n_operated(self) -> int:
        """Operated patients, with those who are not used."""
        return int(self.is_used.sum()) + sum(self.unused.values())

    def joined_by(self, relief: FloatArray, last_report: float) -> "Candidates":
        """Return these and one more patient, not operated; `relief` is (draws,)."""
        return replace(
            self,
            patients=np.append(self.patients, ""),
            relief=np.column_stack([self.relief, relief]),
            last_report=np.append(self.last_report, last_report),
            first=np.append(self.first, np.nan),
            is_operated=np.append(self.is_operated, False),
        )

    def only(self, position: int) -> "Candidates":
        """Return one of these patients alone."""
        one = slice(position, position + 1)
        return replace(
            self,
            patients=self.patients[one],
            relief=self.relief[:, one],
            last_report=self.last_report[one],
            first=self.first[one],
            is_operated=self.is_operated[one],
        )

    @property
    def unused_in_words(self) -> str:
        """Who is not used and why, empty where everyone is."""
        told = [f"{n} {reason}" for reason, n in self.unused.items() if n]
        return "; ".join(told)


def candidates(
    patients: NDArray[np.str_],
    natural: FloatArray,
    effects: FloatArray,
    sessions: pd.DataFrame,
    emcs: pd.DataFrame,
) -> Candidates:
    """Lay out candidates and operated.

    Parameters
    ----------
    patients, natural, effects
        Ids, natural values (draws, parameters) and effects (draws, patients, 5) of a fitted relief
        model, see `Posterior.flat`.
    sessions
        patient_id, session_no, pain_relief_pct.
    emcs
        patient_id, n_sessions_before, emcs_first_relief_pct, is_first_in_window,
        is_first_conventional of the mart; one row an operated patient.
    """
    operated = emcs.set_index("patient_id")
    before = sessions["patient_id"].map(operated["n_sessions_before"])
    early = sessions[before.isna() | (sessions["session_no"] <= before)]
    last = early.groupby("patient_id")["session_no"].max().reindex(patients)
    given = early.dropna(subset=["pain_relief_pct"]).sort_values("session_no")
    report = given.groupby("patient_id")["pain_relief_pct"].last().reindex(patients)
    told = _why_unused(operated, set(report.dropna().index))
    used = operated.index[told == ""]
    first = operated["emcs_first_relief_pct"].loc[used].reindex(patients)
    at = np.minimum(last.fillna(1).to_numpy(dtype=int), HORIZON)
    course = mean_reports(natural, effects, SESSIONS)
    return Candidates(
        patients=patients,
        relief=np.take_along_axis(course, at[None, :, None] - 1, axis=-1)[..., 0],
        last_report=report.to_numpy(dtype=float, na_value=np.nan),
        first=first.to_numpy(dtype=float, na_value=np.nan),
        is_operated=np.isin(patients, operated.index.to_numpy(dtype=str)),
        noise=natural[:, NAMES.index("noise")],
        tens_share=natural[:, NAMES.index("tens_share")],
        fives_share=natural[:, NAMES.index("fives_share")],
        unused={reason: int((told == reason).sum()) for reason in UNUSED.values()},
    )


def _why_unused(operated: pd.DataFrame, with_curve: set[str]) -> pd.Series:
    """Return the first reason not to use an operated patient, empty where there is none."""
    tests = {
        "has_curve": operated.index.isin(list(with_curve)),
        "has_first": operated["emcs_first_relief_pct"].notna().to_numpy(),
        "is_in_window": (
            operated["is_first_in_window"].fillna(False).astype(bool)
            & operated["is_first_conventional"].fillna(True).astype(bool)
        ).to_numpy(),
    }
    told = pd.Series("", index=operated.index, dtype=object)
    for name, holds in reversed(tests.items()):
        told[~np.asarray(holds, dtype=bool)] = UNUSED[name]
    return told
