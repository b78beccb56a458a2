"""Marts in, tidy estimates out."""

import numpy as np
import pandas as pd
import pytest

from classical import estimates
from classical.describe import ESTIMATE_COLUMNS
from classical.published import published_comparison
from expectations import estimate_suites
from orchestration.assets.estimates import COMPARISON, ESTIMATES

CODES = [*estimates.BASELINE_CODES, *estimates.CODES_WITHIN_LEVEL]
BASELINE_COLUMNS = [*estimates.BASELINE_NUMBERS, *CODES]


def baseline(**columns):
    n = len(next(iter(columns.values())))
    numbers = {name: [np.nan] * n for name in estimates.BASELINE_NUMBERS}
    return pd.DataFrame(numbers | {name: [None] * n for name in CODES} | columns)


def course(values, status="responder", patient="a", outcome="pain_relief_pct"):
    """One patient's sessions 0-4, the other outcomes missing."""
    empty = dict.fromkeys(estimates.OUTCOME_FROM, np.nan)
    return pd.DataFrame(
        [
            empty
            | {"patient_id": patient, "session_no": k, "responder_status": status}
            | {outcome: v}
            for k, v in enumerate(values)
        ]
    )


def pick(frame, term, population="all"):
    found = frame[(frame["term"] == term) & (frame["population"] == population)]
    assert len(found) == 1, f"{term} of {population}: {len(found)} rows"
    return found.iloc[0]


def well_formed(frame):
    assert tuple(frame.columns) == ESTIMATE_COLUMNS
    assert not frame.duplicated(["analysis", "population", "term"]).any()
    assert frame["status"].str.match(r"ok$|not_estimable: \w").all()
    assert frame["n"].ge(0).all()
    assert frame["n_missing"].ge(0).all()
    assert frame.loc[frame["status"] == "ok", "estimate"].notna().all()
    assert frame.loc[frame["status"] != "ok", "estimate"].isna().all()


def test_baseline_counts_missing_and_keeps_denominators():
    frame = estimates.baseline_table(
        baseline(
            age_years=[40.0, 50.0, np.nan, 60.0],
            sex=["F", "F", "M", None],
            lesion_level=["central", "central", "peripheral", "mixed"],
            lesion_site=["thalamus", None, "plexus", None],
        )
    )
    well_formed(frame)
    age = pick(frame, "age_years.mean")
    assert (age["estimate"], age["n"], age["n_missing"]) == (50.0, 3, 1)
    assert pick(frame, "age_years.sd")["estimate"] == 10.0
    share = pick(frame, "sex=F.percent")
    assert (round(share["estimate"], 1), share["n"], share["n_missing"]) == (66.7, 3, 1)
    assert pick(frame, "lesion_site=thalamus.percent", "central")["estimate"] == 100.0
    assert pick(frame, "lesion_site=thalamus.n", "central")["n_missing"] == 1


def test_baseline_of_nobody_and_of_one_patient():
    nobody = estimates.baseline_table(pd.DataFrame(columns=BASELINE_COLUMNS))
    well_formed(nobody)
    assert nobody["status"].str.match("not_estimable: no (known values|patients)$").all()
    one = estimates.baseline_table(baseline(age_years=[40.0]))
    well_formed(one)
    assert pick(one, "age_years.sd")["status"] == "not_estimable: one known value"


def test_test_period_means_and_slopes():
    frame = estimates.test_period_table(
        pd.concat(
            [
                course([np.nan, 10, 20, 30, 45], patient="a"),
                course([np.nan, 0, 10, 25, 30], patient="b"),
                course([np.nan, 0, 5, 0, np.nan], "non_responder", patient="c"),
                course([np.nan, 5, 0, 0, 5], "non_responder", patient="d"),
            ]
        )
    )
    well_formed(frame)
    mean = pick(frame, "pain_relief_pct.session_4.mean")
    assert (round(mean["estimate"], 2), mean["n"], mean["n_missing"]) == (26.67, 3, 1)
    slope = pick(frame, "pain_relief_pct.slope", "responders")
    assert round(slope["estimate"], 2) == 11.0
    assert slope["n"] == 8
    # Relief has no session 0: its absence there is not a missing value.
    assert slope["n_missing"] == 0
    difference = pick(frame, "pain_relief_pct.slope_difference")
    assert difference["estimate"] > 8
    assert pick(frame, "gnpsi.slope")["status"] == "not_estimable: no observations"


def test_test_period_of_constant_outcome_and_of_nobody():
    zeros = pd.concat([course([0] * 5, patient="a"), course([0] * 5, patient="b")])
    frame = estimates.test_period_table(zeros)
    well_formed(frame)
    assert pick(frame, "pain_relief_pct.slope")["status"] == (
        "not_estimable: the outcome is constant"
    )
    well_formed(estimates.test_period_table(zeros.iloc[:0]))


def status(level, stroke, responders, others, unknown=0):
    kinds = ["responder"] * responders + ["non_responder"] * others + ["unknown"] * unknown
    return pd.DataFrame({"lesion_level": level, "stroke_type": stroke, "responder_status": kinds})


def test_odds_ratios_of_the_published_counts():
    frame = estimates.odds_ratios(
        pd.concat(
            [
                status("central", "ischaemic", 44, 18),
                status("central", "haemorrhagic", 8, 11),
                status("central", None, 40, 25, unknown=2),
                status("peripheral", None, 21, 25),
                status("mixed", None, 0, 1),
            ]
        )
    )
    well_formed(frame)
    central = frame[(frame["analysis"] == "odds_ratio")].iloc[0]
    assert central[["estimate", "lo", "hi", "p"]].astype(float).round(2).tolist() == [
        2.03, 1.04, 4.0, 0.04,
    ]  # fmt: skip
    assert (central["n"], central["n_missing"]) == (192, 2)
    share = pick(frame, "central_vs_peripheral", "central")
    assert (share["estimate"], share["n"]) == (pytest.approx(100 * 92 / 146), 146)


def test_odds_ratios_without_patients_or_with_separation():
    empty = estimates.odds_ratios(status("central", None, 0, 0))
    well_formed(empty)
    assert not empty["status"].eq("ok").any()
    separated = estimates.odds_ratios(
        pd.concat([status("central", None, 5, 0), status("peripheral", None, 1, 4)])
    )
    well_formed(separated)
    row = separated[separated["analysis"] == "odds_ratio"].iloc[0]
    assert row["status"] == "not_estimable: separation, one cell is empty"
    assert row["p"] < 0.1


def test_the_documented_columns_and_tables_are_those_that_are_written():
    assert set(estimate_suites.KEYS) == {*ESTIMATES, COMPARISON}
    kinds = {"varchar": "str", "double": "float64", "bigint": "int64"}
    frames = {name: estimates.estimate_frame([]) for name in ESTIMATES}
    for name, frame in (frames | {COMPARISON: published_comparison(frames)}).items():
        columns = estimate_suites.columns_of(name)
        assert list(columns) == list(frame.columns)
        said = {column: kinds[kind] for column, (kind, _) in columns.items()}
        assert {c: str(t).lower() for c, t in frame.dtypes.items()} == said
