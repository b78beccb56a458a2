"""Definitions of plateau and saturation session on draws made by hand."""

import numpy as np
import pytest
import xarray as xr

from bayes.diagnostics import diagnose
from bayes.draws import PatientDraws, patient_draws, plateau_pct, reported, saturation_session
from bayes.fit import Fit
from bayes.quantities import patient_curve, patient_plateau, population_estimate
from bayes.relief import Reports

PATIENTS = ["fast", "slow", "silent", "vague"]
SHAPE = (2, 300)
# Five sessions each; only the silent patient never reports relief.
REPORTS = Reports(
    np.array(PATIENTS),
    np.repeat(np.arange(4), 5),
    np.tile(np.arange(1.0, 6), 4),
    np.array([50.0] * 10 + [0.0] * 5 + [50.0] * 5),
    0,
    0,
)


def hand_made_posterior():
    """Four patients: known fast and slow courses, one without relief, one of unknown speed."""
    rng = np.random.default_rng(11)

    def about(value, sd):
        return value + sd * rng.standard_normal(SHAPE)

    log_rate = [about(np.log(1.2), 0.05), about(np.log(0.15), 0.05), about(-1, 1), about(-1, 1.2)]
    population = {
        "start": about(-20, 1), "plateau_mean": about(45, 2), "plateau_sd": about(15, 1),
        "log_rate_mean": about(-1, 0.1), "log_rate_sd": about(1, 0.05),
        "rising_share": np.clip(about(0.7, 0.02), 0, 1), "noise": about(12, 0.3),
    }  # fmt: skip
    plateau = [about(60, 2), about(60, 2), about(40, 15), about(50, 5)]
    return xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in population.items()}
        | {
            "plateau": (("chain", "draw", "patient"), np.stack(plateau, -1)),
            "log_rate": (("chain", "draw", "patient"), np.stack(log_rate, -1)),
            "heaping": (("chain", "draw", "grid"), rng.dirichlet([60, 30, 10], SHAPE)),
        },
        coords={"patient": PATIENTS, "grid": ["10", "5", "1"]},
    )


@pytest.fixture(scope="module")
def fitted():
    posterior = hand_made_posterior()
    patients = patient_draws(posterior, REPORTS, seed=1)
    verdict = diagnose(reported(posterior, patients))
    return Fit(xr.DataTree.from_dict({"/posterior": posterior}), REPORTS, patients, verdict, seed=1)


def test_saturation_session_is_the_first_at_nine_tenths_of_the_maximum():
    course = np.array([[10, 44, 45, 50.0, 50], [5, 5, 5, 5, 5], [50, 40, 30, 20, 10]])
    assert saturation_session(course).tolist() == [3, 1, 1]


def test_plateau_is_the_largest_mean_report_within_thirty_sessions():
    still_rising = PatientDraws(
        np.array(["a"]),
        start=np.full((1, 1, 1), 0.0),
        plateau=np.full((1, 1, 1), 50.0),
        rate=np.full((1, 1, 1), np.log(2) / 30),
        noise=np.full((1, 1, 1), 0.01),
    )
    assert plateau_pct(still_rising)[0, 0, 0] == pytest.approx(25, abs=0.05)


def test_patient_tables_have_the_promised_columns_and_order(fitted):
    table = patient_plateau(fitted).set_index("patient_id")
    assert table["n_observed"].tolist() == [5, 5, 5, 5]
    assert table.loc["fast", "saturation_session"] < table.loc["slow", "saturation_session"]
    assert table.loc["fast", "plateau_mean_pct"] == pytest.approx(60, abs=2)
    assert table.loc["fast", "p_plateau_ge_50"] > 0.95
    assert table.loc["silent", "p_plateau_ge_10"] < 0.1
    curve = patient_curve(fitted)
    assert len(curve) == 4 * 15
    assert (curve["q05_relief_pct"] <= curve["q95_relief_pct"]).all()
    assert curve.filter(like="relief_pct").stack().between(0, 100).all()


def test_speed_is_not_told_before_the_reports_tell_it(fitted):
    table = patient_plateau(fitted).set_index("patient_id")
    told = table["saturation_reason"].isna()
    assert told.to_dict() == {"fast": True, "slow": True, "silent": False, "vague": False}
    assert table.loc[~told, "saturation_session"].isna().all()
    assert table.loc[~told, "saturation_reason"].str.startswith("too early to tell: ").all()


def test_population_table_names_parameters_and_new_patients(fitted):
    table = population_estimate(fitted).set_index("term")
    assert list(table.columns) == [
        "mean", "sd", "q05", "q50", "q95", "r_hat", "ess_bulk", "ess_tail",
    ]  # fmt: skip
    assert table.loc["start", "mean"] == pytest.approx(-20, abs=0.3)
    assert table.loc[["heaping_10", "heaping_5", "heaping_1"], "mean"].sum() == pytest.approx(1)
    # Three in ten new patients do not rise: their plateau is the little that noise reports.
    assert table.loc["new_patient_plateau_pct", "q05"] < 5
    assert table.loc["new_patient_saturation_session", "q05"] >= 1
    assert table.notna().all(axis=None)


def test_same_seed_same_tables(fitted):
    again = patient_draws(hand_made_posterior(), REPORTS, seed=1)
    assert np.array_equal(again.plateau, fitted.patients.plateau)
