"""What only the simulator knows: whole courses as they would have gone on.

Here: each patient's expected report at every session, and long-term truth derived from it. Not
here: anything a clinic could observe. Estimates are compared with these numbers; no estimator
may read them.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort import Cohort
from simulate.streams import FloatArray

LONG_TERM_SESSIONS = (13, 14, 15)
CUTS_PCT = (10, 30, 50)
CURVE_SESSIONS = 30


def long_term_relief(expected: FloatArray) -> FloatArray:
    """Return the mean expected report of sessions 13-15 along the last axis, 0-100.

    The hypothetical estimand: relief had the patient gone on, whoever stopped in fact.
    """
    first, *_, last = LONG_TERM_SESSIONS
    return np.asarray(expected[..., first - 1 : last].mean(axis=-1))


def has_long_term_relief(expected: FloatArray, cut_pct: float = 30) -> NDArray[np.bool_]:
    """Return whether long-term relief is at least `cut_pct`."""
    return long_term_relief(expected) >= cut_pct


def curves(cohort: Cohort, ipp: NDArray[np.object_]) -> pd.DataFrame:
    """Return one row a patient and session 1-30: ipp, session_no, expected_relief_pct."""
    expected = cohort.batch.expected[0, :, :CURVE_SESSIONS]
    n, sessions = expected.shape
    return pd.DataFrame(
        {
            "ipp": np.repeat(ipp, sessions),
            "session_no": np.tile(np.arange(1, sessions + 1), n),
            "expected_relief_pct": expected.ravel(),
        }
    )


def world(cohort: Cohort) -> pd.DataFrame:
    """Return one row a parameter of the world that this clinic had: parameter, value, as text.

    The scenario's own or, where it has an ensemble, those of the member that was drawn.
    """
    drawn = cohort.batch.parameters.to_frame().iloc[0]
    return pd.DataFrame({"parameter": drawn.index, "value": drawn.astype(str).to_numpy()})


def patients(cohort: Cohort, ipp: NDArray[np.object_]) -> pd.DataFrame:
    """Return one row a patient: latent constants, status, long-term truth, scenario_id."""
    batch = cohort.batch
    curve = cohort.batch.parameters.to_frame()["curve"].iloc[0]
    relief = long_term_relief(batch.expected[0])
    return pd.DataFrame(
        {
            "ipp": ipp,
            "scenario_id": cohort.scenario.scenario_id,
            "seed": cohort.seed,
            "replicate": cohort.replicate,
            "curve_family": curve,
            "has_relief": batch.rises[0],
            "latent_asymptote": batch.asymptote[0],
            "half_gain_sessions": batch.half_gain_sessions[0],
            "relapse_session": batch.relapse_session[0],
            "answering_grid_pct": batch.grid[0],
            "is_responder": batch.is_responder[0],
            "n_sessions": cohort.n_sessions,
            "stop_reason": cohort.patients["stop_reason"].to_numpy(),
            "long_term_relief_pct": relief,
            **{f"is_long_term_ge{cut}": relief >= cut for cut in CUTS_PCT},
        }
    )
