"""Numbers of the estimate tables that are small enough to count by hand."""

import numpy as np
import pandas as pd
import pytest

from classical.agreement import agreement_table
from classical.course import course_table
from classical.surgery import emcs_table

DAY = pd.Timestamp("2020-01-01")


def test_landmarks_leave_the_ongoing_out_and_kaplan_meier_does_not():
    """Four responders: stopped at 5 and at 20, ongoing at 10 and at 40."""
    ids, n = ["a", "b", "c", "d"], [5, 20, 10, 40]
    patients = pd.DataFrame({
        "patient_id": ids, "n_sessions": n, "is_ongoing": [False, False, True, True],
        "stop_reason": ["loss_of_efficacy", "emcs_surgery", None, None], "follow_up_years": 1.0,
    })  # fmt: skip
    status = pd.DataFrame({"patient_id": ids, "responder_status": "responder"})
    intervals = pd.DataFrame({"patient_id": ids, "is_headline": False, "interval_days": 14})
    sessions = pd.DataFrame({"patient_id": ids, "session_no": 1, "pain_relief_pct": 20.0})
    found = course_table(patients, status, intervals, sessions).set_index(["analysis", "term"])
    shares = [found.loc[("landmark", f"stopped_before_{k}.n")] for k in (15, 30)]
    assert [(one["estimate"], one["n"]) for one in shares] == [(1, 3), (2, 3)]
    left = [found.loc[("retention", f"stopped_before_{k}"), "estimate"] for k in (15, 30)]
    assert left == pytest.approx([25, 100 * (1 - 3 / 4 * 1 / 2)])
    surgery = found.loc[("retention", "stopped_before_30.emcs_surgery"), "estimate"]
    assert surgery == pytest.approx(100 * 3 / 4 * 1 / 2)


def test_relief_is_set_against_the_fall_of_the_score_in_percent_of_baseline():
    rows = [
        {"patient_id": who, "session_no": k, "responder_status": "responder",
         "pain_relief_pct": relief, "gnpsi": score, "ssnpsi": np.nan}
        for who in "abc"
        for k, relief, score in ((0, np.nan, 40.0), (1, 30.0, 30.0), (2, 70.0, 20.0))
    ]  # fmt: skip
    found = agreement_table(pd.DataFrame(rows)).set_index(["population", "term"])
    # relief exceeds the falls of 25 and 50 % by 5 and 20 points
    assert found.loc[("all", "gnpsi.difference"), "estimate"] == pytest.approx(12.5)
    assert found.loc[("all", "gnpsi.within_patients"), "estimate"] == pytest.approx(-1)


def test_months_to_surgery_are_of_30_4375_days():
    emcs = pd.DataFrame({
        "patient_id": ["a", "b"], "n_sessions_before": 4, "surgery_date": DAY,
        "rtms_last_relief_pct": [9.6, 40.0], "rtms_last_is_responder": [False, True],
        "emcs_first_relief_pct": [0.0, 70.0], "emcs_last_relief_pct": np.nan,
        "emcs_first_months": 5.0, "emcs_last_months": np.nan,
        "emcs_category": ["failure", "excellent"],
    })  # fmt: skip
    patients = pd.DataFrame({
        "patient_id": ["a", "b"], "age_years": 50.0, "pain_duration_years": 3.0,
        "lesion_site": "thalamus", "first_session_date": DAY - pd.Timedelta(days=426),
        "sex": "F", "laterality": "left", "topography": "trunk", "lesion_level": "central",
    })  # fmt: skip
    sessions = pd.DataFrame({
        "patient_id": ["a", "b"], "session_no": 4, "relief_duration_days": 3.0,
        "session_date": [DAY - pd.Timedelta(days=k) for k in (0, 60.875)],
        "pain_relief_pct": [9.6, 40.0],
    })  # fmt: skip
    found = emcs_table(emcs, patients, sessions).set_index("term")
    assert found.loc["months_rtms_to_surgery.mean", "estimate"] == pytest.approx(30 / 30.4375)
    assert found.loc["no_result.n", "estimate"] == 1
    assert found.loc["rtms_category=failure.n", "estimate"] == 1
    assert found.loc["rtms_category=good.n", "estimate"] == 1
