"""What a prediction rests on: how many patients were like this one.

Here: counts, and when a prediction is an extrapolation. Not here: the prediction (`predict.py`).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WITHIN_PCT = 10.0
SIMILAR_AT_LEAST = 10


def similar_patients(
    sessions: pd.DataFrame, patients: pd.DataFrame, relief: FloatArray, level: str
) -> int:
    """Return how many patients have that level and first reports within 10 points.

    Parameters
    ----------
    sessions, patients
        patient_id, session_no, pain_relief_pct; patient_id, lesion_level.
    relief
        Reports of sessions 1..k, NaN where missing: a session without report asks nothing.
    level
        Code of the lesion's level, empty if unknown: then every level counts.
    """
    ids = patients["patient_id"]
    if level:
        ids = ids[patients["lesion_level"] == level]
    asked = [k for k in range(1, len(relief) + 1) if np.isfinite(relief[k - 1])]
    wide = sessions.pivot_table(
        index="patient_id", columns="session_no", values="pain_relief_pct", dropna=False
    ).reindex(index=ids, columns=asked)
    near = (wide - relief[np.array(asked, dtype=int) - 1]).abs() <= WITHIN_PCT
    return int(near.all(axis=1).sum())


def basis(
    sessions: pd.DataFrame, patients: pd.DataFrame, relief: FloatArray, level: str
) -> dict[str, Any]:
    """Return n_patients, n_similar, extrapolated, and why it is where it is."""
    n_similar = similar_patients(sessions, patients, relief, level)
    reasons = []
    if level and not (patients["lesion_level"] == level).any():
        reasons.append(f"no patient here had a lesion of level {level}")
    elif n_similar < SIMILAR_AT_LEAST:
        of = f" of level {level}" if level else ""
        reasons.append(
            f"{n_similar} patients{of} had first reports within {WITHIN_PCT:.0f} points, "
            f"fewer than {SIMILAR_AT_LEAST}"
        )
    return {
        "n_patients": len(patients),
        "n_similar": n_similar,
        "extrapolated": bool(reasons),
        "extrapolated_reason": "; ".join(reasons) or None,
    }
