"""Printed figures of simulated clinics against a plain second implementation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from classical.mixed import fit_random_intercept
from simulate.batch import draw
from simulate.calibration.calibrate import COURSE, LONGEST, draw_clinics
from simulate.calibration.figures import figures
from simulate.calibration.targets import HELD_OUT, calibration_rows, held_out_rows, targets
from simulate.engine.records import Stop
from simulate.margins import AETIOLOGIES, SITES
from simulate.parameters import of_scenario
from simulate.population import SEXES
from simulate.scenario import load

N = 70
POPULATION = load("replica").population
CATEGORIES = {"excellent": (70, 999), "good": (40, 70), "poor": (10, 40)}
DIMENSIONS = {
    "burning": [1],
    "deep": [2, 3],
    "paroxysmal": [5, 6],
    "evoked": [8, 9, 10],
    "paresthesia": [11, 12],
}


@pytest.fixture(scope="module")
def worlds():
    return of_scenario(load("replica", {"course.surgery_hazard": 0.05}), 2)


@pytest.fixture(scope="module")
def names():
    fitted, held_out = targets(calibration_rows()), targets(held_out_rows(), HELD_OUT)
    return (*(one.statistic for one in (*fitted, *held_out)), "odds.central.peripheral")


def test_every_figure_equals_a_plain_second_implementation(worlds, names):
    """The second implementation reads every session; the first one a few, and what is counted."""
    batch = draw_clinics(worlds, 5, np.arange(2), n_patients=N, also=("demography",))
    table = figures(batch, names)
    whole = draw(worlds, 5, np.arange(2), N, LONGEST, (*COURSE, "demography"))
    patients, sessions = as_frames(whole, batch.npsi, 1)
    for k, name in enumerate(names):
        expected = plain(name, patients, sessions)
        assert table[1, k] == pytest.approx(expected, rel=1e-5, abs=1e-6, nan_ok=True), name


def as_frames(batch, npsi, r):
    """One clinic as a statistician would get it: a row a patient, a row a session."""
    stops = [Stop(code).name.lower() for code in batch.stop_reason[r]]
    patients = pd.DataFrame(
        {
            "assessment": batch.assessment[r].astype(float),
            "n": batch.n_sessions[r].astype(int),
            "reason": stops,
            "level": np.array(["central", "peripheral", "mixed"])[batch.level[r]],
            "cause": np.array(AETIOLOGIES)[batch.aetiology[r]],
            "site": np.array(SITES)[batch.site[r]],
            "age": batch.age_years[r].astype(float),
            "duration": batch.pain_duration_years[r].astype(float),
            "sex": np.array(SEXES)[batch.sex[r]],
            "topography": np.array(list(POPULATION.topography))[batch.topography[r]],
            "laterality": np.array(list(POPULATION.laterality))[batch.laterality[r]],
            "last": batch.last_relief[r].astype(float),
            "first_eval": batch.emcs_first[r].astype(float),
            "last_eval": batch.emcs_last[r].astype(float),
        }
    )
    rows = []
    for i in range(N):
        for k in range(1, batch.n_sessions[r, i] + 1):
            rows.append(
                {
                    "patient": i,
                    "k": k,
                    "pr": float(batch.recorded[r, i, k - 1]),
                    "dpr": float(batch.duration_days[r, i, k - 1]),
                    "day": int(batch.session_day[r, i, k - 1]),
                }
            )
    sessions = pd.DataFrame(rows)
    for visit in range(5):
        answers = npsi[r, :, visit].astype(float)
        for name, items in DIMENSIONS.items():
            scores = [
                np.nanmean(row)
                if np.isfinite(row).sum() >= (2 if len(items) == 3 else len(items))
                else np.nan
                for row in answers[:, [i - 1 for i in items]]
            ]
            patients[f"{name}{visit}"] = scores
        scored = [i - 1 for items in DIMENSIONS.values() for i in items]
        patients[f"gnpsi{visit}"] = answers[:, scored].sum(axis=1)
    named = patients[[f"{name}0" for name in DIMENSIONS]].to_numpy()
    patients["named"] = [
        list(DIMENSIONS)[int(np.argmax(row))] if np.isfinite(row).all() else None for row in named
    ]
    for visit in range(5):
        patients[f"ssnpsi{visit}"] = [
            patients.loc[i, f"{one}{visit}"] if isinstance(one, str) else np.nan
            for i, one in enumerate(patients["named"])
        ]
    at4 = sessions[sessions["k"] == 4].set_index("patient")["pr"].reindex(range(N))
    patients["status"] = patients["assessment"].where(patients["assessment"].notna(), at4)
    patients["responder"] = patients["status"] >= 10
    span = sessions.groupby("patient")["day"].agg(lambda d: d.iloc[-1] - d.iloc[0])
    patients["years"] = span.reindex(range(N)).to_numpy() / 365.25
    late = sessions[(sessions["k"] > 4) & (sessions["pr"] >= 10)].groupby("patient")["k"].min()
    patients["converted"] = late.reindex(range(N)).to_numpy()
    patients.loc[~(patients["status"] < 10), "converted"] = np.nan
    return patients, sessions


def group_of(patients, name):
    """Patient numbers of a group."""
    relief = patients["status"]
    held = {
        "whole": relief.notna() | True,
        "responders": relief >= 10,
        "non_responders": relief < 10,
        "central": patients["level"] == "central",
        "peripheral": patients["level"] == "peripheral",
        "pr_10_29": (relief >= 10) & (relief < 30),
        "pr_30_49": (relief >= 30) & (relief < 50),
        "ischaemic": patients["cause"] == "ischaemic_stroke",
        "haemorrhagic": patients["cause"] == "haemorrhagic_stroke",
        "central_responders": (patients["level"] == "central") & (relief >= 10),
        "peripheral_responders": (patients["level"] == "peripheral") & (relief >= 10),
        "operated": patients["reason"] == "emcs_surgery",
        **{cause: patients["cause"] == cause for cause in AETIOLOGIES},
    }[name]
    return patients.index[held]


def outcome(patients, sessions, name, k):
    """Value of every patient at a session or visit."""
    if name.endswith("npsi"):
        return patients[f"{name}{k}"]
    return sessions[sessions["k"] == k].set_index("patient")[name].reindex(patients.index)


def long(patients, sessions, name, members):
    first = 0 if name.endswith("npsi") else 1
    wide = pd.concat(
        {k: outcome(patients, sessions, name, k) for k in range(first, 5)}, axis=1
    ).loc[members]
    stacked = wide.stack().dropna()  # noqa: PD013 - one row a patient x session
    who = stacked.index.get_level_values(0)
    at = stacked.index.get_level_values(1)
    return stacked.to_numpy(), at.to_numpy(dtype=float), who.to_numpy()


def summary(values, what):
    known = pd.Series(values).dropna()
    if known.empty:
        return np.nan
    return {"mean": known.mean(), "sd": known.std(ddof=1), "max": known.max()}[what]


def share(part, whole):
    return 100 * (part & whole).sum() / whole.sum() if whole.sum() else np.nan


def plain(name, patients, sessions):
    family, *rest = name.split(".")
    what = rest[-1]
    if family in ("pr", "dpr", "gnpsi", "ssnpsi"):
        return repeated(family, rest, patients, sessions)
    if family == "assessed":
        return summary(patients.loc[group_of(patients, rest[0]), "status"], what)
    if family == "status":
        return status(rest[0], patients)
    if family == "course":
        return course(rest, patients, sessions)
    if family == "npsi":
        if what == "share":
            return share(patients["named"] == rest[0], patients["named"].notna())
        return summary(patients[f"{rest[0]}0"], what)
    if family == "odds":
        odds = []
        for one in rest:
            members = patients.loc[group_of(patients, one)]
            yes = members["responder"].sum()
            odds.append(yes / (len(members) - yes))
        return odds[0] / odds[1]
    if family == "operated":
        return of_operated(rest, patients)
    return emcs(rest, patients)


def repeated(family, rest, patients, sessions):
    what = rest[-1]
    if rest[0] == "start":
        y, at, who = long(patients, sessions, family, patients.index)
        two = patients["responder"].to_numpy()[who].astype(float)
        one = 1 - two
        fit = fit_random_intercept(y, np.column_stack([one, two, one * at, two * at]), who)
        k = ["non_responders", "responders"].index(rest[1])
        return fit.estimate[k] if what == "mean" else 1.959963984540054 * fit.se[k]
    members = group_of(patients, rest[0])
    if what in ("slope", "half_width"):
        y, at, who = long(patients, sessions, family, members)
        fit = fit_random_intercept(y, np.column_stack([np.ones(len(y)), at]), who)
        return fit.estimate[1] if what == "slope" else 1.959963984540054 * fit.se[1]
    return summary(outcome(patients, sessions, family, int(rest[1][1:])).loc[members], what)


def status(name, patients):
    relief, known = patients["status"], patients["status"].notna()
    bounds = {"ge10": (10, 999), "ge50": (50, 999), **CATEGORIES}
    if name not in bounds:
        members = patients.index.isin(group_of(patients, name))
        return share(relief >= 10, known & members)
    low, high = bounds[name]
    return share((relief >= low) & (relief < high), known)


def course(rest, patients, sessions):
    name, what = rest[0], rest[-1]
    n, responder = patients["n"], patients["responder"]
    ongoing = patients["reason"] == "ongoing"
    lost = responder & (patients["reason"] == "loss_of_efficacy")
    everyone = patients["n"] > 0
    if name.startswith("pr_"):
        return band(rest, patients.loc[group_of(patients, name)], sessions)
    if name.startswith("stopped"):
        early = n < int(name[7:])
        return share(early & ~ongoing, responder & ~(early & ongoing))
    if what == "share":
        part, whole = {
            "ongoing": (ongoing, everyone),
            "efficacy_stop": (lost, responder),
            "ephemeral": (lost & (n < 15), lost),
            "late": (patients["converted"].notna(), ~responder),
            "over100": (n > 100, responder),
        }[name]
        return share(part, whole)
    if name == "ephemeral":
        return summary(n[lost & (n < 15)], what)
    if name == "late":
        return summary(patients["converted"], what)
    if name == "interval":
        days = sessions.pivot_table(index="patient", columns="k", values="day")
        gap = days.get(15) - days.get(14)
        return summary(gap.reindex(patients.index)[responder], what)
    return summary(patients["years" if name == "years" else "n"][responder], what)


def band(rest, members, sessions):
    if rest[1] == "sessions":
        return summary(members["n"], rest[2])
    if rest[1] == "efficacy_stop":
        return 100 * (members["reason"] == "loss_of_efficacy").mean() if len(members) else np.nan
    at15 = sessions[sessions["k"] == 15].set_index("patient")["pr"]
    answers = []
    for i, one in members.iterrows():
        if one["n"] >= 15 and np.isfinite(at15[i]):
            answers.append(at15[i] >= 30)
        elif one["n"] < 15 and one["reason"] != "ongoing":
            answers.append(False)
    return 100 * np.mean(answers) if answers else np.nan


def of_operated(rest, patients):
    operated, (name, *_, what) = patients.loc[group_of(patients, "operated")], rest
    if name in ("age", "duration"):
        return summary(operated[name], what)
    if name == "site":
        operated = operated[operated["level"] == "central"]
    column = {"male": "sex", "central": "level"}.get(name, name)
    word = {"male": "M", "central": "central"}.get(name, rest[1])
    return 100 * (operated[column] == word).mean() if len(operated) else np.nan


def emcs(rest, patients):
    name, what = rest[0], rest[-1]
    operated = patients[patients["reason"] == "emcs_surgery"]
    if name == "operated":
        return 100 * len(operated) / len(patients)
    if name == "relieved":
        return share(operated["last"] >= 10, operated["last"].notna())
    if name == "no_last":
        return 100 * operated["last_eval"].isna().mean()
    if name in ("rho", "first_last"):
        one, two = ("last", "first_eval") if name == "rho" else ("first_eval", "last_eval")
        both = operated[[one, two]].dropna()
        return spearmanr(both[one], both[two]).statistic if len(both) > 3 else np.nan
    if name.startswith("better"):
        both = operated[["last", "first_eval"]].dropna()
        sign = 1 if name == "better_emcs" else -1
        return 100 * (sign * (both["first_eval"] - both["last"]) > 0).mean()
    if rest[1] in CATEGORIES:
        values = operated["first_eval" if name == "first" else "last"].dropna()
        return 100 * values.between(*CATEGORIES[rest[1]], inclusive="left").mean()
    columns = {"sessions": "n", "years": "years", "first": "first_eval", "last": "last_eval"}
    return summary(operated[columns.get(name, "last")], what)
