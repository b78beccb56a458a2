"""A small synthetic clinic as finished frames: what the warehouse hands to the page.

The estimates come from `classical`, so that the page is tested against the names in use.
"""

import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from bayes.surgery.records import Candidates
from bayes.surgery.tables import surgery_tables
from classical import estimates, safety, surgery
from report.facts import ReportFacts

RUN = "4f1c0a77"
MEASURES = ("sensitivity", "specificity", "ppv", "npv")


def make_facts(**changes):
    values = {
        "run_id": RUN,
        "created_at": datetime(2026, 11, 22, 3, 40, tzinfo=UTC),
        "data_until": date(2026, 11, 21),
        "kind": "synthetic",
        "preset": "paper_replica",
        "plateau_version": "0.1.0",
        "n_checks_passed": 58,
        "n_checks_failed": 1,
        "n_checks_warned": 2,
        "model_sentence": "model converged (largest R-hat 1.004)",
        "truth_definition": "mean expected report of sessions 13 to 15 of at least 30 %, had "
        "everyone gone on",
    }
    return ReportFacts(**(values | changes))


def make_frames(n_patients=60, seed=1, n_operated=6):
    """Frames of a plausible synthetic clinic; every row is made up."""
    rng = np.random.default_rng(seed)
    patients, sessions, latent = _patients_and_sessions(rng, n_patients)
    analysed = patients[patients["flow_state"] == "analysed"]
    status = _status(rng, analysed, sessions)
    long = _test_period_long(rng, analysed, sessions, status)
    curve, plateau = _model(analysed, sessions, latent)
    emcs = _emcs(rng, analysed, n_operated)
    counts = _safety_counts(len(emcs))
    after_surgery = _surgery_model(plateau, emcs)
    return {
        "patients": patients,
        "sessions": sessions,
        "flow": _flow(patients, status),
        "status": status,
        "long_term": _long_term(analysed, sessions, status),
        "emcs": emcs,
        "safety_counts": counts,
        "estimate_safety": safety.safety_table(counts),
        "estimate_emcs": surgery.emcs_table(*_of_surgery(emcs, patients, sessions)),
        **_standing(after_surgery),
        "estimate_baseline": estimates.baseline_table(_baseline(rng, analysed)),
        "estimate_test_period": estimates.test_period_table(long),
        "estimate_odds_ratio": estimates.odds_ratios(status),
        "patient_curve": curve,
        "patient_plateau": plateau,
        "population_estimate": _population(),
        "decomposition": _decomposition(),
        "model_status": _model_states(after_surgery["surgery_estimate"].iloc[0]),
        **model_checks(),
        **_study(),
        **_quality(rng),
    }


def _patients_and_sessions(rng, n):
    gain = np.where(rng.random(n) < 0.6, rng.normal(52, 20, n), rng.normal(0, 8, n))
    speed = rng.lognormal(-1.1, 0.6, n)
    counts = np.clip(rng.geometric(np.where(gain > 20, 0.035, 0.15)), 1, 125)
    if n > 1:
        counts[:2] = (2, 3)
    ids = [f"{rng.integers(1 << 62):032x}"[::-1] for _ in range(n)]
    rows = [
        (ids[i], s, max(0.0, min(100.0, 10 * round(_expected(gain[i], speed[i], s, rng) / 10))))
        for i in range(n)
        for s in range(1, counts[i] + 1)
    ]
    sessions = pd.DataFrame(rows, columns=["patient_id", "session_no", "pain_relief_pct"])
    sessions.loc[rng.random(len(sessions)) < 0.08, "pain_relief_pct"] = np.nan
    central = rng.random(n) < 0.75
    causes = np.where(
        central,
        rng.choice(["ischaemic_stroke", "haemorrhagic_stroke", "myelopathy", "syrinx"], n),
        rng.choice(["traumatic_surgical", "trigeminal_neuralgia", "polyneuropathy"], n),
    )
    reasons = [
        "loss_of_efficacy",
        "emcs_surgery",
        "patient_choice",
        "intercurrent_event",
        "ongoing",
    ]
    patients = pd.DataFrame(
        {
            "patient_id": ids,
            "age_years": rng.normal(56, 13, n).round(),
            "sex": rng.choice(["M", "F"], n),
            "laterality": rng.choice(["left", "right", "bilateral"], n, p=[0.5, 0.44, 0.06]),
            "topography": rng.choice(["hemibody", "lower_limb", "face_neck"], n),
            "lesion_level": np.where(central, "central", "peripheral"),
            "lesion_site": np.where(central, rng.choice(["thalamus", "cortex"], n), "nerve_trunk"),
            "aetiology": causes,
            "stroke_type": [_stroke(cause) for cause in causes],
            "pain_duration_years": rng.gamma(1, 6, n).round(1),
            "nrs_initial": rng.integers(4, 11, n).astype(float),
            "n_sessions": counts,
            "stop_reason": rng.choice(reasons, n),
            "flow_state": np.where(counts >= 4, "analysed", "protocol_violation"),
        }
    )
    return patients, sessions, dict(zip(ids, zip(gain, speed, strict=True), strict=True))


def _expected(gain, speed, session, rng):
    return gain * (1 - math.exp(-speed * session)) + rng.normal(0, 13)


def _stroke(cause):
    return cause.removesuffix("_stroke") if cause.endswith("_stroke") else None


def _status(rng, analysed, sessions):
    fourth = sessions[sessions["session_no"] == 4].set_index("patient_id")["pain_relief_pct"]
    relief = analysed["patient_id"].map(fourth)
    bounds = [-1, 10, 40, 70, 101]
    category = pd.cut(relief, bounds, right=False, labels=["failure", "poor", "good", "excellent"])
    return pd.DataFrame(
        {
            "patient_id": analysed["patient_id"],
            "status_relief_pct": relief,
            "responder_status": np.select(
                [relief >= 10, relief < 10], ["responder", "non_responder"], "unknown"
            ),
            "relief_category": category.astype(object).where(relief.notna(), None),
            "is_ge50": (relief >= 50).where(relief.notna()).astype("boolean"),
            "lesion_level": analysed["lesion_level"],
            "stroke_type": analysed["stroke_type"],
        }
    )


def _flow(patients, status):
    counts = patients.set_index("patient_id")["n_sessions"]
    groups = {"treated": list(counts.index)}
    for state in (
        "excluded_unassessable",
        "protocol_violation",
        "test_period_censored",
        "analysed",
    ):
        groups[state] = list(patients.loc[patients["flow_state"] == state, "patient_id"])
    for step in ("responder", "non_responder", "status_unknown"):
        known = status["responder_status"] == step.removeprefix("status_")
        groups[step] = list(status.loc[known, "patient_id"])
    rows = [
        (i, step, len(ids), int(counts.loc[ids].sum()))
        for i, (step, ids) in enumerate(groups.items(), 1)
    ]
    return pd.DataFrame(rows, columns=["step_no", "step", "n_patients", "n_sessions"])


def _baseline(rng, analysed):
    n = len(analysed)
    parts = ["burning", "deep", "paroxysmal", "evoked", "paresthesia"]
    npsi = pd.DataFrame(
        rng.uniform(0, 10, (n, 5)).round(), columns=[f"{p}_baseline" for p in parts]
    )
    npsi["gnpsi_baseline"] = 2 * npsi.sum(axis="columns")
    npsi["most_painful_component"] = rng.choice(parts, n)
    npsi.loc[rng.random(n) < 0.4] = np.nan
    return pd.concat([analysed.reset_index(drop=True), npsi], axis="columns")


def _test_period_long(rng, analysed, sessions, status):
    keys = pd.MultiIndex.from_product(
        [analysed["patient_id"], range(5)], names=["patient_id", "session_no"]
    )
    long = keys.to_frame(index=False).merge(
        sessions[["patient_id", "session_no", "pain_relief_pct"]], how="left"
    )
    long = long.merge(status[["patient_id", "responder_status", "lesion_level"]])
    relief = long["pain_relief_pct"]
    long["relief_duration_days"] = (relief / 5 + rng.normal(0, 2, len(long))).clip(0).round()
    long["gnpsi"] = (40 - relief.fillna(0) / 6 + rng.normal(0, 12, len(long))).clip(0, 100).round()
    long["ssnpsi"] = (7 - relief.fillna(0) / 40 + rng.normal(0, 2, len(long))).clip(0, 10).round()
    return long


def _long_term(analysed, sessions, status):
    responders = set(status.loc[status["responder_status"] == "responder", "patient_id"])
    many = set(analysed.loc[analysed["n_sessions"] >= 15, "patient_id"])
    parts = []
    for population, ids in (("responders", responders), ("responders_ge15", responders & many)):
        group = sessions[sessions["patient_id"].isin(ids)].groupby("session_no")["pain_relief_pct"]
        part = group.agg(
            n_treated="size", n_observed="count", mean_relief_pct="mean", sd_relief_pct="std"
        )
        parts.append(part.reset_index().assign(population=population))
    return pd.concat(parts, ignore_index=True)


def _emcs(rng, analysed, n):
    ids = analysed["patient_id"].head(n)
    last = pd.Series(rng.integers(0, 10, len(ids)) * 10.0)
    if len(ids) > 1:
        last.iloc[1] = np.nan
    return pd.DataFrame(
        {
            "patient_id": ids.to_numpy(),
            "rtms_last_relief_pct": rng.integers(0, 9, len(ids)) * 10.0,
            "emcs_first_relief_pct": rng.integers(0, 10, len(ids)) * 10.0,
            "emcs_last_relief_pct": last,
        }
    )


def _safety_counts(n_operated):
    row = ("surgery_complication", "surgery", min(1, n_operated), *(n_operated,) * 2, 0, 0)
    names = ["event_type", "unit", "n_events", "n_asked", "n_units", "n_serious"]
    return pd.DataFrame([row], columns=[*names, "n_seriousness_known"])


def _of_surgery(emcs, patients, sessions):
    """Frames as the marts have them, for what the tables of this page do not need."""
    days = pd.to_datetime(pd.Series("2020-01-06", index=patients.index))
    wide = emcs.assign(
        n_sessions_before=4, surgery_date=pd.Timestamp("2020-06-01"), emcs_first_months=5.0,
        emcs_last_months=30.0, emcs_category=None, rtms_last_is_responder=None,
    )  # fmt: skip
    dated = sessions.assign(session_date=pd.Timestamp("2020-02-03"), relief_duration_days=5.0)
    return wide, patients.assign(first_session_date=days), dated


def _surgery_model(plateau, emcs):
    """Tables of the surgery model on the plateaus as if they were known up to some points."""
    ids = plateau["patient_id"].to_numpy(dtype=str)
    level = plateau["plateau_mean_pct"].to_numpy(dtype=float)
    noise = np.random.default_rng(4).normal(0, 5, (100, len(ids)))
    first = plateau["patient_id"].map(emcs.set_index("patient_id")["emcs_first_relief_pct"])
    first = first.to_numpy(dtype=float)
    law = (np.full(100, value) for value in (12.0, 0.6, 0.75))
    who = Candidates(
        ids, np.clip(level + noise, 0, 100), 10 * np.round(level / 10), first,
        np.isfinite(first), *law, {"without a first evaluation that reports relief": 0},
    )  # fmt: skip
    return surgery_tables(who, seed=1)


def _standing(tables):
    """Tables as the warehouse keeps them: good rows or none."""
    is_good = (tables["surgery_estimate"]["status"] == "estimated").all()
    return tables if is_good else {name: table.head(0) for name, table in tables.items()}


def _model_states(surgery):
    """Every model good in this run, but for surgery where nothing was estimated."""
    said = {"model": "surgery", "status": surgery["status"], "reason": surgery["reason"]}
    if surgery["status"] != "estimated":
        said |= {"rows_run_id": None, "rows_fitted_at": pd.NaT}
    checks = model_status(model="relief_checks", status="made", reason="for the curves shown")
    return pd.concat([model_status(), checks, model_status(**said)], ignore_index=True)


def _model(analysed, sessions, latent):
    curves, plateaus = [], []
    seen = sessions.dropna(subset=["pain_relief_pct"]).groupby("patient_id").size()
    for patient in analysed["patient_id"]:
        gain, speed = latent[patient]
        n = int(seen.get(patient, 0))
        half = 45 / math.sqrt(1 + n / 2)
        for s in range(1, 31):
            mid = min(96.0, max(2.0, gain * (1 - math.exp(-speed * s))))
            low, high = max(0.0, mid - half), min(100.0, mid + half)
            curves.append((patient, s, mid, low, mid, high))
        level, can_tell = min(97.0, max(2.0, gain)), n >= 8 and gain > 20
        reason = None if can_tell else "plateau of 10 % not certain" if n >= 8 else "few sessions"
        s90 = math.log(10) / speed if can_tell else np.nan
        low, high = max(0.0, level - half), min(100.0, level + half)
        row = (patient, n, level, low, high, s90, 0.6 * s90, 1.7 * s90, reason)
        plateaus.append((*row, *(1 / (1 + math.exp((c - level) / 8)) for c in (10, 30, 50))))
    names = [f"{name}_relief_pct" for name in ("mean", "q05", "q50", "q95")]
    columns = ["patient_id", "n_observed", "plateau_mean_pct", "plateau_q05_pct", "plateau_q95_pct"]
    columns += ["saturation_session", "saturation_q05", "saturation_q95", "saturation_reason"]
    columns += [f"p_plateau_ge_{level}" for level in (10, 30, 50)]
    return (
        pd.DataFrame(curves, columns=["patient_id", "session_no", *names]),
        pd.DataFrame(plateaus, columns=columns),
    )


def _decomposition():
    rows = []
    for definition in ("recorded_status", "fourth_report"):
        for delta in (0, 10, 20, 30):
            accumulation, attrition = 8.2 - 0.15 * delta, 3.1 + 0.15 * delta
            terms = {
                "observed_change": (9.0, None, None),
                "selection_at_4": (-2.3, 1.5, 0.04),
                "accumulation": (accumulation, 2.0, 1.0),
                "attrition": (attrition, 1.8, 0.98),
            }
            for term, (mean, half, above) in terms.items():
                ends = (None, None) if half is None else (mean - half, mean + half)
                rows.append((definition, delta, term, mean, *ends, above, 36, 33, 21))
    names = ["status_definition", "delta_pct", "term", "mean_pct", "q05_pct", "q95_pct"]
    names += ["p_above_0", "n_responders", "n_observed_4", "n_observed_15"]
    return pd.DataFrame(rows, columns=names)


def _population():
    rows = [
        ("mean_plateau", 27.1, 2.0),
        ("sessions_to_90_pct", 7.4, 1.1),
        ("residual_scale", 9.8, 0.3),
    ]
    return pd.DataFrame(
        [
            (term, mean, sd, mean - 1.6 * sd, mean, mean + 1.6 * sd, 1.003, 1450.0, 1610.0)
            for term, mean, sd in rows
        ],
        columns=["term", "mean", "sd", "q05", "q50", "q95", "r_hat", "ess_bulk", "ess_tail"],
    )


def model_status(**changes):
    """One row of the model's state: converged in this run unless changed."""
    at = datetime(2026, 11, 22, 3, 31, tzinfo=UTC)
    row = {
        "model": "relief",
        "run_id": RUN,
        "attempted_at": at,
        "status": "converged",
        "reason": None,
        "engine": "marginal",
        "is_reused": False,
        "pareto_k": 0.21,
        "rows_run_id": RUN,
        "rows_fitted_at": at,
        "r_hat_max": 1.004,
        "ess_min": 812.0,
        "divergences": 0,
        "n_patients": 58,
        "n_sessions": 1310,
        "seconds": 41.2,
    }
    return pd.DataFrame([row | changes])


def model_checks():
    """Tables of what stands beside the model; one figure of the check lies outside."""
    check = [
        (model, status, session, statistic, 30.0 + 30 * (session == 6 and status == "all"))
        for model in ("relief", "gaussian_curve")
        for status in ("all", "responders", "non_responders")
        for session in (1, 2, 3, 4, 6, 10, 15)
        for statistic in ("zeros_pct", "tens_pct", "mean_pct", "sd_pct")
    ]
    check = pd.DataFrame(
        check, columns=["model", "status", "session_no", "statistic", "observed"]
    ).assign(q05=20.0, q50=31.0, q95=42.0, p_above=0.5, n_patients=41)
    told = [
        (model, term, 20.0 + k, 15.0 + k, 26.0 + k)
        for model in ("relief", "gaussian_curve", "linear_mixed")
        for k, term in enumerate(("mean_1", "mean_4", "saturation_session", "zeros_1_pct"))
        if (model, term) != ("linear_mixed", "saturation_session")
    ]
    told = pd.DataFrame(told, columns=["model", "term", "mean", "q05", "q95"])
    told.loc[told["model"] == "linear_mixed", ["q05", "q95"]] = np.nan
    told = told.assign(q50=told["mean"], observed=21.0, n_observed=55)
    variants = ("shipped", "shape_1.0", "no_flat_course", "gaussian_curve")
    left = pd.DataFrame(
        [(task, v) for task in ("patient_left_out", "future_left_out") for v in variants],
        columns=["task", "variant"],
    ).assign(elpd=-590.1, difference=-3.2, difference_se=1.4, n_scored=57, n_reports=903,
             n_unreliable=0, status="converged")  # fmt: skip
    left.loc[left["variant"] == "no_flat_course", "status"] = "not_converged"
    answers = ("saturation_mean_curve_all", "saturation_mean_curve_treated_15", "accumulation")
    other = pd.DataFrame(
        [(a, t) for a in ("shipped", "shape_0.7", "late_years") for t in answers],
        columns=["analysis", "term"],
    ).assign(q05=4.0, q50=5.1, q95=7.2, n_patients=57, n_reports=903, status="converged",
             reason="", families_differ=False)  # fmt: skip
    undone = {"analysis": "before_drug_change", "status": "not_made"}
    undone |= {"reason": "analgesics_changed was not delivered"}
    other = pd.concat([other, pd.DataFrame([undone])], ignore_index=True)
    scaled = pd.DataFrame(
        {"term": answers, "prior_sensitivity": 0.03, "likelihood_sensitivity": 0.1,
         "diagnosis": "the prior decides little"}
    )  # fmt: skip
    session = np.tile(np.arange(1, 31), 2)
    prior = pd.DataFrame({"quantity": np.repeat(["mean_curve", "new_patient"], 30)}).assign(
        session_no=session, prior_pct=100 / 30, posterior_pct=20.0 * (np.abs(session - 5) < 3)
    )
    tables = {
        "posterior_check": check,
        "comparator": told,
        "model_comparison": left,
        "sensitivity": other,
        "power_scaling": scaled,
        "prior_posterior": prior,
    }
    # As in the warehouse, where every row says which run fitted it.
    stamp = {"run_id": RUN, "fitted_at": pd.Timestamp("2024-01-05")}
    return {name: table.assign(**stamp) for name, table in tables.items()}


def _study():
    cells, rows = [], []
    for cut in (30, 50):
        for rule, lift in (("last", 0.0), ("maximum", 0.05)):
            for threshold in (10, 20, 30):
                for length in range(1, 11):
                    cell = f"{cut}-{rule}-{threshold}-{length}"
                    key = ("test_period_length", cell, rule, length, threshold)
                    cells.append((key[0], "replica", *key[1:], 15, cut, 200, 38_600))
                    shape = 1 - math.exp(-length / 3)
                    sens = 0.97 * shape + lift * (1 - shape) - 0.004 * threshold
                    spec = 0.55 + 0.02 * length + 0.006 * threshold - lift
                    values = (sens, spec, 0.4 + spec / 3, 0.6 + sens / 3)
                    rows += [
                        (*key, m, v, _se(v), 38_600) for m, v in zip(MEASURES, values, strict=True)
                    ]
                    missed = 40 * (1 - sens)
                    rows.append((*key, "missed_per_100", missed, 0.2, 38_600))
                    per = 60 * length + 600 * (1 - spec)
                    rows.append(
                        (*key, "sessions_without_long_term_relief_per_100", per, 1.4, 38_600)
                    )
                    rows.append((*key, "expected_test_sessions", float(length), 0.0, 38_600))
    key = ["cell_id", "rule", "test_sessions", "threshold_pct"]
    wide = [
        "study",
        "scenario_id",
        *key,
        "horizon_session",
        "cut_pct",
        "n_replicates",
        "n_patients",
    ]
    return {
        "study_cell": pd.DataFrame(cells, columns=wide),
        "study_performance": pd.DataFrame(
            rows, columns=["study", *key, "measure", "estimate", "mcse", "n"]
        ),
    }


def _se(share):
    return math.sqrt(max(share * (1 - share), 0) / 38_600)


def _quality(rng):
    states = ["passed"] * 40 + ["not_applicable"] * 3 + ["passed_with_rows"] * 4 + ["failed"]
    checks = pd.DataFrame(
        {
            "run_id": RUN,
            "rule_id": [f"session_rule_{i:02d}" for i in range(len(states))],
            "title": "What the rule says",
            "owner": "contract",
            "table_name": "raw_sessions",
            "column_name": "pain_relief_pct",
            "status": states,
            "severity": ["error" if s == "failed" else "warning" for s in states],
            "numerator": [
                int(rng.integers(1, 40)) if "rows" in s or s == "failed" else 0 for s in states
            ],
            "denominator": 1310,
        }
    )
    files = pd.DataFrame(
        [
            ("sessions_2026-11.csv", date(2026, 11, 21), "accepted", None, 1325, 1310, 9, 6),
            ("patients_2026-11.csv", date(2026, 11, 21), "accepted", None, 60, 60, 0, 0),
            ("sessions_old.csv", date(2026, 10, 1), "refused", "header not known", 12, 0, 12, 0),
        ],
        columns=["file_name", "delivery_date", "status", "reason", "n_rows", "n_kept",
                 "n_quarantined", "n_dropped"],
    )  # fmt: skip
    cells = pd.DataFrame(
        {"table_name": "sessions", "column_name": ["pain_relief_pct", "npsi_3", "npsi_3"],
         "rule_id": ["range", "range", "integer"]}
    )  # fmt: skip
    return {
        "dq_result": checks,
        "ingest_file": files,
        "quarantine_row": pd.DataFrame({"table_name": ["sessions"] * 9, "rule_id": "no_date"}),
        "quarantine_cell": cells,
    }


@pytest.fixture(scope="session")
def frames():
    """Frames of sixty synthetic patients; tests copy before they change."""
    return make_frames()


@pytest.fixture(scope="session")
def facts():
    """Facts of the synthetic run."""
    return make_facts()


@pytest.fixture(scope="session")
def clinic():
    """Function (n_patients, seed, n_operated) -> frames of another clinic."""
    return make_frames


@pytest.fixture(scope="session")
def facts_but():
    """Function (**changes) -> facts of the synthetic run, changed."""
    return make_facts


@pytest.fixture(scope="session")
def model_but():
    """Function (**changes) -> model_status, changed."""
    return model_status
