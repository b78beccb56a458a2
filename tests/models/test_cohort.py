"""What enters the relief model, how it is coded, what is refused."""

import numpy as np
import pandas as pd
import pytest

from bayes.cohort import (
    FINE,
    FIVES,
    HUNDRED,
    LOST_EFFICACY,
    MISSING,
    NOTHING,
    ONES,
    SURGERY,
    TENS,
    WENT_ON,
    ZERO,
    kinds,
    prepare,
    printed_widths,
)  # fmt: skip
from bayes.covariates import covariates_of


def test_missing_reports_keep_their_session_and_late_ones_are_counted(make_sessions):
    data = pd.concat([make_sessions([10, np.nan, 30]), make_sessions([50] * 3, 29, "b")])
    cohort = prepare(data.sample(frac=1, random_state=1))
    assert sorted(cohort.patients) == ["a", "b"]
    by_patient = dict(zip(cohort.patients, cohort.n_reports, strict=True))
    assert by_patient == {"a": 2, "b": 2}
    assert (cohort.n_missing, cohort.n_later) == (1, 1)
    a = cohort.patient == cohort.patients.tolist().index("a")
    assert cohort.session[a].tolist() == [1, 2, 3, 4]  # the fourth is silent
    assert cohort.kind[a].tolist() == [TENS, MISSING, TENS, MISSING]


@pytest.mark.parametrize(
    ("reports", "n_sessions", "asked", "unreported"),
    [
        ([10, np.nan, 30, np.nan, 50], 5, 3, 1),  # that of session 4 decides the status
        ([10, np.nan, np.nan], 3, 2, 1),  # that of the last session is not due yet
        ([10, np.nan], 2, 1, 0),
        ([10], 1, 0, 0),
        ([np.nan, np.nan, 30, np.nan, np.nan, 60], 6, 3, 2),
        ([10, 20], 9, 2, 0),  # sessions 3 to 9 are not listed: nothing is known of their reports
    ],
)
def test_reports_before_the_fourth_that_were_due(
    make_sessions, reports, n_sessions, asked, unreported
):
    """They stand at session 4, which every patient has a row of."""
    who = pd.DataFrame({"patient_id": ["a"], "n_sessions": [n_sessions]})
    cohort = prepare(make_sessions(reports), who)
    at = cohort.session == 4
    assert (cohort.asked[at].tolist(), cohort.unreported[at].tolist()) == ([asked], [unreported])
    assert not cohort.asked[~at].any()
    assert not cohort.unreported[~at].any()


def test_a_patient_without_reports_is_not_invented(make_sessions):
    data = pd.concat([make_sessions([10, 20]), make_sessions([np.nan] * 2, patient="b")])
    assert prepare(data).patients.tolist() == ["a"]


def test_kind_and_printed_width_of_reports():
    y = np.array([0, 100, 30, 35, 33, 33.5, 9.6, 49.95, np.nan])
    assert kinds(y).tolist() == [ZERO, HUNDRED, TENS, FIVES, ONES, FINE, FINE, FINE, MISSING]
    assert printed_widths(y) == pytest.approx([1, 1, 1, 1, 1, 0.1, 0.1, 0.01, 1])


@pytest.mark.parametrize(
    ("reason", "at_last"),
    [
        ("loss_of_efficacy", LOST_EFFICACY), ("emcs_surgery", SURGERY), ("patient_choice", NOTHING),
        ("ongoing", NOTHING), (None, NOTHING),
    ],
)  # fmt: skip
def test_what_followed_a_session(make_sessions, reason, at_last):
    """A patient who went on after the fourth; the test period itself says nothing."""
    data = make_sessions([10] * 6)
    cohort = prepare(data, pd.DataFrame({"patient_id": ["a"], "stop_reason": [reason]}))
    assert cohort.fate.tolist() == [NOTHING] * 3 + [WENT_ON] * 2 + [at_last]


def test_nothing_is_said_of_stopping_without_a_reason_column(make_sessions):
    assert (prepare(make_sessions([10] * 6)).fate == NOTHING).all()


def test_sessions_beyond_the_last_one_listed_mean_going_on(make_sessions):
    who = pd.DataFrame(
        {"patient_id": ["a"], "stop_reason": ["loss_of_efficacy"], "n_sessions": [9]}
    )
    assert prepare(make_sessions([10] * 5), who).fate.tolist() == [NOTHING] * 3 + [WENT_ON] * 2


def test_an_unknown_code_is_a_reference_without_effect(make_sessions, make_lesions):
    data = pd.concat([make_sessions([10], patient=name) for name in "abcd"])
    who = make_lesions(data)
    cohort = prepare(data, who)
    covariates = covariates_of(cohort)
    assert covariates.labels == [
        "level[central]", "level[peripheral]", "stroke[ischaemic]",
        "site[cortex]", "site[plexus]", "site[thalamus]",
    ]  # fmt: skip
    design = covariates.design(cohort)
    assert (design[1:, 2] == 0).all() and design[0, 2] > 0
    assert covariates.design(prepare(data)).sum() == 0


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"pain_relief_pct": [101.25]}, "pain_relief_pct"),
        ({"pain_relief_pct": [-1.25]}, "pain_relief_pct"),
        ({"pain_relief_pct": [np.nan]}, "pain_relief_pct"),
        ({"session_no": [0]}, "session_no"),
        ({"session_no": [1.5]}, "session_no"),
        ({"session_no": None}, "session_no"),
    ],
)
def test_refusals_name_the_column_and_print_no_value(make_sessions, change, names):
    data = make_sessions([10]).drop(columns=[n for n, v in change.items() if v is None])
    data = data.assign(**{name: v for name, v in change.items() if v is not None})
    with pytest.raises(ValueError, match=names) as refusal:
        prepare(data)
    assert "1.25" not in str(refusal.value)


def test_a_session_twice_and_an_empty_cohort_are_refused(make_sessions):
    with pytest.raises(ValueError, match="patient_id, session_no"):
        prepare(pd.concat([make_sessions([10]), make_sessions([20])]))
    with pytest.raises(ValueError, match="no report to fit"):
        prepare(make_sessions([10]).iloc[:0])
    twice = pd.DataFrame({"patient_id": ["a", "a"], "stop_reason": [None, None]})
    with pytest.raises(ValueError, match="patient_id of patients"):
        prepare(make_sessions([10]), twice)
