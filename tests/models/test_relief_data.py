"""What enters the relief model, what is dropped and counted, what is refused."""

import numpy as np
import pandas as pd
import pytest

from bayes.relief import prepare


def sessions(relief, first=1, patient="a"):
    number = range(first, first + len(relief))
    return pd.DataFrame({"patient_id": patient, "session_no": number, "pain_relief_pct": relief})


def test_missing_and_late_reports_are_dropped_and_counted():
    reports = prepare(pd.concat([sessions([10, np.nan, 30]), sessions([50] * 3, 29, "b")]))
    assert reports.patients.tolist() == ["a", "b"]
    assert reports.session.tolist() == [1, 3, 29, 30]
    assert (reports.n_missing, reports.n_later) == (1, 1)


def test_a_patient_without_reports_is_not_invented():
    reports = prepare(pd.concat([sessions([10, 20]), sessions([np.nan, np.nan], patient="b")]))
    assert reports.patients.tolist() == ["a"]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (sessions([10, 101.25]), "pain_relief_pct"),
        (sessions([-1.25]), "pain_relief_pct"),
        (sessions([10], first=0), "session_no"),
        (pd.concat([sessions([10]), sessions([20])]), "patient_id, session_no"),
        (sessions([np.nan]), "pain_relief_pct"),
        (sessions([]), "pain_relief_pct"),
        (sessions([10]).drop(columns="session_no"), "session_no"),
    ],
)
def test_refusals_name_the_column_and_print_no_value(data, names):
    with pytest.raises(ValueError, match=names) as refusal:
        prepare(data)
    assert "1.25" not in str(refusal.value)
