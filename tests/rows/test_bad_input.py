"""Every table of estimates on data that carry little or nothing: a reason, never a silent NaN.

Warnings are errors in this test run, so a flood of them would fail here.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from classical.agreement import agreement_table
from classical.association import line, spearman, within_patients
from classical.bands import band_table
from classical.batched.trials import DropOut, Trial, analyse, seeded
from classical.cohort import cohort_table
from classical.comparisons import compare_groups, compare_pairs, compare_shares
from classical.contingency import chi_square, odds_ratio, wilson_interval
from classical.course import course_table
from classical.describe import ESTIMATE_COLUMNS, estimate_frame
from classical.exact import exact_odds_ratio
from classical.groups import group_table
from classical.imputation import draw_missing, pool
from classical.means import compare_means, from_moments
from classical.mixed import fit_random_intercept
from classical.power import closed_form
from classical.random_slope import fit_random_slope
from classical.ranks import rank_sum, signed_rank
from classical.safety import clopper_pearson
from classical.shifts import group_shift, pseudomedian
from classical.slopes import slope_table
from classical.surgery import emcs_table
from classical.survival import aalen_johansen, kaplan_meier

DAY = pd.Timestamp("2020-01-01")


def well_formed(frame):
    assert tuple(frame.columns) == ESTIMATE_COLUMNS
    assert not frame.duplicated(["analysis", "population", "term"]).any()
    assert frame["status"].str.match(r"ok$|not_estimable: \w").all()
    assert frame.loc[frame["status"] == "ok", "estimate"].notna().all()
    assert frame.loc[frame["status"] != "ok", ["estimate", "lo", "hi"]].isna().all(axis=None)
    assert np.isfinite(frame["estimate"].dropna()).all()


def marts(n, relief=20.0, status="responder"):
    """The marts of n patients who all say the same."""
    ids = [f"p{k}" for k in range(n)]
    patients = pd.DataFrame(
        {
            "patient_id": ids, "n_sessions": 6, "flow_state": "analysed",
            "stop_reason": "tolerance",
            "is_operated": True, "is_ongoing": False, "follow_up_years": 1.0, "sex": "F",
            "first_session_date": DAY, "last_session_date": DAY, "age_years": 50.0,
            "pain_duration_years": np.nan, "laterality": None, "topography": None,
            "lesion_level": "central", "lesion_site": "thalamus", "aetiology": "other",
        }
    )  # fmt: skip
    known = {"status_relief_pct": relief, "responder_status": status, "lesion_level": "central",
             "stroke_type": None, "relief_category": "poor", "relief_band": "10_29",
             "is_ge10": True, "is_ge30": False, "is_gt30": False, "is_ge50": False}  # fmt: skip
    sessions = pd.DataFrame(
        [
            {"patient_id": one, "session_no": k, "session_date": DAY, "pain_relief_pct": relief,
             "relief_duration_days": np.nan}
            for one in ids for k in range(1, 7)
        ],
        columns=["patient_id", "session_no", "session_date", "pain_relief_pct",
                 "relief_duration_days"],
    )  # fmt: skip
    course = pd.DataFrame(
        [
            {"patient_id": one, "session_no": k, "responder_status": status,
             "lesion_level": "central", "pain_relief_pct": relief if k else np.nan,
             "relief_duration_days": np.nan, "gnpsi": 0.0, "ssnpsi": np.inf}
            for one in ids for k in range(5)
        ],
        columns=["patient_id", "session_no", "responder_status", "lesion_level",
                 "pain_relief_pct", "relief_duration_days", "gnpsi", "ssnpsi"],
    )  # fmt: skip
    changes = {"responder_status": status, "is_ephemeral": True, "is_late_loss": False,
               "session_at_stop": 6, "is_late_responder": False, "n_extra_sessions": 2,
               "conversion_session_no": None}  # fmt: skip
    surgery = {"rtms_last_relief_pct": relief, "rtms_last_is_responder": True,
               "n_sessions_before": 6, "emcs_first_relief_pct": relief, "emcs_first_months": 5.0,
               "emcs_category": "poor", "emcs_last_relief_pct": np.nan,
               "emcs_last_months": np.nan, "surgery_date": DAY}  # fmt: skip
    band = {"relief_band": "10_29", "n_sessions": 6, "relief_at_15_pct": np.nan,
            "relief_at_30_pct": np.nan, "is_stopped_for_inefficacy": True,
            "is_ge30_at_15": False}  # fmt: skip
    interval = {"is_headline": False, "interval_days": 14}
    test_period = {"pain_relief_pct_s4": relief, "relief_duration_days_s4": np.nan}

    def of(values):
        return pd.DataFrame({"patient_id": ids} | {k: [v] * n for k, v in values.items()})

    return {
        "patients": patients, "status": of(known), "sessions": sessions, "course": course,
        "transitions": of(changes), "emcs": of(surgery), "bands": of(band),
        "intervals": of(interval), "test_period": of(test_period),
    }  # fmt: skip


@pytest.mark.parametrize("n", [0, 1, 2, 12])
@pytest.mark.parametrize("relief", [20.0, np.nan, 0.0])
def test_every_table_of_nobody_of_one_and_of_patients_who_say_the_same(n, relief):
    m = marts(max(n, 1), relief)
    if n == 0:
        m = {name: frame.iloc[:0] for name, frame in m.items()}
    baseline = m["patients"][["patient_id", "lesion_site", "aetiology"]]
    frames = [
        cohort_table(m["patients"], m["status"], m["transitions"]),
        band_table(m["bands"]),
        group_table(m["status"], baseline, m["test_period"]),
        course_table(m["patients"], m["status"], m["intervals"], m["sessions"]),
        emcs_table(m["emcs"], m["patients"], m["sessions"]),
        agreement_table(m["course"]),
        slope_table(m["course"], draws=2),
    ]
    for frame in frames:
        well_formed(frame)


def test_comparisons_without_values_or_with_ties_everywhere():
    nothing, same = pd.Series([], dtype=float), pd.Series([3.0] * 5)
    rows = [
        *compare_groups("a", "p", "empty", nothing, same),
        *compare_groups("a", "p", "ties", same, same),
        *compare_groups("a", "p", "infinite", pd.Series([1.0, np.inf, 2.0]), pd.Series([3.0, 4.0])),
        *compare_pairs("a", "p", "pairs", same, same),
    ]
    frame = estimate_frame(rows).set_index("term")
    well_formed(estimate_frame(rows))
    assert frame.loc["empty.W", "status"] == "not_estimable: one group has no values"
    assert frame.loc["ties.W", "status"] == "not_estimable: all values are equal"
    assert frame.loc["ties.mean_difference", "status"] == "not_estimable: neither group varies"
    assert frame.loc["infinite.W", "n_missing"] == 1
    assert frame.loc["pairs.V", "status"] == "not_estimable: no pair differs"


def test_separation_keeps_the_exact_p_and_says_so():
    frame = estimate_frame(compare_shares("a", "p", "x", (9, 9), (30, 50))).set_index("term")
    assert frame.loc["x.odds_ratio", "status"] == "not_estimable: separation, one cell is empty"
    assert frame.loc["x.odds_ratio", "p"] == pytest.approx(0.0218403168680509)
    assert frame.loc["x.odds_ratio_conditional", "p"] == pytest.approx(0.0218403168680509)


def test_functions_refuse_what_is_not_finite():
    for call in (rank_sum, compare_means):
        with pytest.raises(ValueError, match="finite"):
            call([1.0, np.nan], [2.0, 3.0])
    with pytest.raises(ValueError, match="finite"):
        signed_rank([np.inf])
    with pytest.raises(ValueError, match="finite"):
        kaplan_meier([np.nan], [True])
    with pytest.raises(ValueError, match="at least one"):
        kaplan_meier([], [])
    with pytest.raises(ValueError, match="interval must be one of"):
        kaplan_meier([1.0], [True], interval="log-logg")


def test_imputation_refuses_a_session_that_nobody_has():
    rng = np.random.default_rng(0)
    for empty in (np.empty((0, 0)), np.empty((0, 4)), np.empty((4, 0))):
        with pytest.raises(ValueError, match="every session two"):
            next(draw_missing(empty, draws=1, rng=rng))
    with pytest.raises(ValueError, match="every session two"):
        next(draw_missing([[1.0, np.nan], [2.0, np.nan]], draws=1, rng=rng))
    with pytest.raises(ValueError, match="at least two finite"):
        pool([1.0], [1.0], 10)


def test_imputed_slope_mends_what_missing_by_status_spoils():
    """Early sessions of poor courses are missing: as observed the slope is too flat."""
    rng = np.random.default_rng(4)
    n = 400
    level = rng.normal(0, 10, n)
    values = 5 * np.arange(1.0, 5) + level[:, None] + rng.normal(0, 5, (n, 4))
    holes = np.zeros((n, 4), dtype=bool)
    holes[:, 0] = values[:, 3] < np.median(values[:, 3])
    seen = np.where(holes, np.nan, values)
    time = np.arange(4) - 1.5
    slopes = [(table @ time / 5).mean() for table in draw_missing(seen, draws=30, rng=rng)]
    truth, complete = (values @ time / 5).mean(), (values[~holes[:, 0]] @ time / 5).mean()
    assert np.mean(slopes) == pytest.approx(truth, abs=0.25)
    assert abs(complete - truth) > 0.25


def test_rubin_of_equal_tables_is_one_table():
    found = pool([2.0, 2.0, 2.0], [0.5, 0.5, 0.5], 100)
    assert (found.estimate, found.se, found.missing_information) == (2.0, 0.5, 0.0)
    wider = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5], 100)
    assert wider.se == pytest.approx(np.sqrt(0.25 + 4 / 3))
    assert wider.df < 5


@pytest.mark.parametrize(
    "counts", [(-1, 5), (6, 5), (1.5, 5), (1, 5.5), (np.nan, 5), (np.inf, 5), (1, np.nan)]
)
def test_what_is_no_count_is_refused(counts):
    other = (1, 5)
    for refuses in (
        lambda: wilson_interval(*counts),
        lambda: clopper_pearson(*counts),
        lambda: odds_ratio(*counts, *other),
        lambda: odds_ratio(*other, *counts),
        lambda: exact_odds_ratio(*counts, *other),
        lambda: chi_square(*other, *counts, correct=True),
    ):
        with pytest.raises(ValueError, match="whole numbers|between 0 and the total"):
            refuses()


@pytest.mark.parametrize("bad", [(np.nan, 1, 5), (0, -1, 5), (0, np.inf, 5), (0, 1, 1)])
def test_moments_that_describe_no_group_are_refused(bad):
    with pytest.raises(ValueError, match="moments must be finite"):
        from_moments(bad, (0, 1, 5))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_one_at_a_time(bad):
    y, x, who = [1.0, 2.0, 4.0, bad], np.arange(4.0), [1, 1, 2, 2]
    design = np.column_stack([np.ones(4), x])
    for refuses in (
        lambda: fit_random_intercept(y, design, who),
        lambda: fit_random_slope(y, design, x, who),
        lambda: spearman(x, y),
        lambda: line(x, y, [0.0]),
        lambda: within_patients(x, y, who),
        lambda: rank_sum(y, x),
        lambda: signed_rank(y),
        lambda: group_shift(x, y),
        lambda: pseudomedian(y),
        lambda: compare_means(y, x),
        lambda: kaplan_meier(y, [True] * 4),
        lambda: aalen_johansen(y, ["a"] * 4, "a"),
    ):
        with pytest.raises(ValueError, match="finite"):
            refuses()


TRIAL = Trial(10, (1.0, 2.0, 3.0), slope=1, tau=1, sigma=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_trial_is_of_finite_numbers(bad):
    for change in ({"slope": bad}, {"tau": bad}, {"sessions": (1.0, bad)},
                   {"drop_out": DropOut(0.0, on_last=bad)}):  # fmt: skip
        with pytest.raises(ValueError, match="must be finite"):
            replace(TRIAL, **change)


def test_an_unknown_remedy_is_not_taken_for_none():
    with pytest.raises(ValueError, match="none, robust, random_slope"):
        analyse(TRIAL, seeded(1), 1, remedy="randomslope")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"sessions": (1.0,)}, {"sessions": (2.0, 2.0)}, {"n_patients": 1, "sessions": (1, 2)}],
)
def test_the_closed_form_says_when_there_is_no_slope(change):
    with pytest.raises(ValueError, match="no slope"):
        closed_form(replace(TRIAL, **change))


@pytest.mark.parametrize("observed", [[1, 0.5, -0.2], [1, np.nan, 0.2], [1, 0.2, 0.5], [1.1, 1, 1]])
def test_shares_observed_are_shares_that_never_rise(observed):
    with pytest.raises(ValueError, match="never rises"):
        closed_form(TRIAL, observed=observed)


@pytest.mark.parametrize("y", [[4.0, 4.0, 4.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
def test_a_line_without_residual_has_no_error_to_go_by(y):
    found = line([1.0, 2.0, 3.0], y, [0.0])
    assert found.status == "not_estimable: y does not vary about the line"
    assert np.isnan(found.estimate).all()


@pytest.mark.parametrize("n", [4, 5, 13, 40])
def test_ranks_in_the_same_order_correlate_by_one(n):
    found = spearman(np.arange(n), np.arange(n) ** 3)
    assert (found.estimate, found.se, found.p) == (1.0, 0.0, 0.0)


def test_where_nothing_has_happened_no_interval_of_width_0_claims_certainty():
    curve = kaplan_meier([5, 6, 7], [False, True, False])
    nobody = aalen_johansen([5, 6, 7], [None, "a", None], "b")
    for found in (curve.at(1, 1.0), curve.at(5, 1.0)):
        assert found[0] == 1
        assert np.isnan(found[1:]).all()
    assert nobody.at(7, 0.0)[0] == 0
    assert np.isnan(nobody.at(7, 0.0)[1:]).all()
    assert 0 < curve.at(6, 1.0)[2] < 0.5 < curve.at(6, 1.0)[3] < 1


def test_a_stroke_of_unknown_site_is_not_one_outside_the_thalamus():
    status = pd.DataFrame({
        "patient_id": range(6), "lesion_level": "central", "stroke_type": None,
        "status_relief_pct": 20.0,
        "responder_status": ["responder", "non_responder"] * 3,
    })  # fmt: skip
    baseline = pd.DataFrame({
        "patient_id": range(6),
        "lesion_site": ["thalamus", "thalamus", None, "brainstem", None, None],
        "aetiology": ["ischaemic_stroke"] * 4 + ["multiple_sclerosis", None],
    })  # fmt: skip
    reliefs = pd.DataFrame({"patient_id": range(6), "pain_relief_pct_s4": 20.0,
                            "relief_duration_days_s4": 3.0})  # fmt: skip
    frame = group_table(status, baseline, reliefs).set_index("term")
    rest = frame.loc["thalamic_stroke_vs_rest.odds_ratio"]
    other = frame.loc["thalamic_stroke_vs_other_stroke.odds_ratio"]
    assert (rest["n"], rest["n_missing"]) == (4, 2)
    assert (other["n"], other["n_missing"]) == (3, 1)


def in_long(values, status):
    """Rows of the mart `test_period_long`, sessions 1-4, only relief known."""
    rows = [
        {"patient_id": f"{status}{i}", "session_no": k, "responder_status": status,
         "lesion_level": "central", "pain_relief_pct": value,
         "relief_duration_days": np.nan, "gnpsi": np.nan, "ssnpsi": np.nan}
        for i, own in enumerate(values) for k, value in enumerate(own, start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_an_imputed_slope_has_the_interval_of_the_model_that_its_method_names():
    """Own slopes that scatter less than noise allows: REML is at its boundary, their SD is not."""
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 10, (40, 4))
    centred = np.arange(4) - 1.5
    noise -= 0.6 * (noise @ centred / (centred @ centred))[:, None] * centred
    values = 5.0 * np.arange(1, 5) + rng.normal(0, 15, (40, 1)) + noise
    found = slope_table(in_long(values, "responder"), draws=2)
    found = found[found["population"] == "responders"].set_index(["analysis", "term"])
    for model in ("random_intercept", "random_slope"):
        seen, imputed = (
            found.loc[(reading, f"pain_relief_pct.{model}")]
            for reading in ("as_observed", "imputed_by_status")
        )
        assert (
            "a variance between patients is 0"
            in found.loc[("imputed_by_status", "pain_relief_pct.random_slope"), "method"]
        )
        assert imputed["se"] == pytest.approx(seen["se"], rel=1e-6)
    own = (values @ centred / 5).std(ddof=1) / 40**0.5
    assert imputed["se"] > 1.2 * own


def test_imputed_readings_count_who_was_left_out_as_missing():
    values = np.random.default_rng(3).normal(20, 10, (12, 4))
    values[0], values[1, 2] = np.nan, np.nan
    found = slope_table(
        pd.concat([in_long(values, "responder"), in_long(values[2:4] * np.nan, "non_responder")]),
        draws=2,
    )
    found = found[found["term"] == "pain_relief_pct.random_slope"]
    found = found.set_index(["analysis", "population"])
    row = found.loc[("imputed_by_status", "responders")]
    assert (row["n"], row["n_missing"]) == (43, 5)
    assert "2 imputations of 1 values" in row["method"]
    nobody = found.loc[("imputed_by_status", "non_responders")]
    assert (nobody["n"], nobody["n_missing"]) == (0, 8)
