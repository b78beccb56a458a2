"""Small cohorts with known courses."""

import numpy as np
import pandas as pd
import pytest


def sessions_of(relief, first=1, patient="a"):
    number = range(first, first + len(relief))
    return pd.DataFrame({"patient_id": patient, "session_no": number, "pain_relief_pct": relief})


def two_kinds(n_patients, n_sessions, seed=3, noise=8.0):
    """Half of the patients rise to about 60, half stay near nothing; reports in tens."""
    rng = np.random.default_rng(seed)
    session = np.tile(np.arange(1, n_sessions + 1), n_patients)
    patient = np.repeat(np.arange(n_patients), n_sessions)
    plateau = rng.normal(60, 15, n_patients)[patient]
    rising = plateau - (plateau + 20) * np.exp(-0.6 * session)
    latent = np.where(patient % 2 == 0, rising, -20)
    report = (latent + rng.logistic(0, noise, len(session))) / 10
    relief = np.clip(10 * np.round(report), 0, 100)
    ids = [f"{k:032x}" for k in patient]
    return pd.DataFrame({"patient_id": ids, "session_no": session, "pain_relief_pct": relief})


def lesions_of(sessions, reasons=("loss_of_efficacy", "emcs_surgery", "ongoing", None)):
    """Patients of those sessions with lesions and reasons to stop, in turn."""
    ids = sessions["patient_id"].unique()
    turn = np.arange(len(ids))
    return pd.DataFrame(
        {
            "patient_id": ids,
            "lesion_level": np.array(["central", "peripheral"])[turn % 2],
            "lesion_site": np.array(["thalamus", "plexus", "cortex"])[turn % 3],
            "stroke_type": np.where(turn % 4 == 0, "ischaemic", None),
            "stop_reason": np.array(reasons, dtype=object)[turn % len(reasons)],
            "is_responder": (turn % 2 == 0).astype(float),
        }
    )


@pytest.fixture(scope="session")
def make_sessions():
    """Function (relief, first, patient) -> sessions of one patient."""
    return sessions_of


@pytest.fixture(scope="session")
def make_cohort():
    """Function (n_patients, n_sessions, seed, noise) -> sessions of two kinds of patients."""
    return two_kinds


@pytest.fixture(scope="session")
def make_lesions():
    """Function (sessions) -> their patients."""
    return lesions_of
