"""Does the relief model hold in worlds whose truth is known? Coverage and predictions, resumable.

Worlds: `ensemble`, equal parts of the calibrated ensemble of the simulator, each a clinic of the
published size; or `own`, cohorts of the model itself, where intervals must hold. Every clinic is
fitted once. Its intervals are held to each patient's truth; then patients of the same world that
the fit has not seen are predicted after k sessions. One folder a clinic, none is done twice.

python tests/benchmarks/model_worlds.py --world ensemble --clinics 50 --seed 71 --out DIR
python tests/benchmarks/model_worlds.py --world own --clinics 50 --seed 71 --out DIR
python tests/benchmarks/model_worlds.py --world ensemble --clinics 400 --new 0 --out DIR
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.cohort import prepare
from bayes.fit import FitConfig, fit
from bayes.outlook import reported_chances
from bayes.parameters import NAMES
from bayes.population import new_patients
from bayes.posterior import mean_reports
from bayes.predict import Population, predict_courses
from bayes.quantities import SESSIONS, plateau_pct, saturation_session
from bayes.replicate import covariates, draw_cohort
from bayes.scoring import auc, brier, ici, ici_if_true, logistic_brier, pit

LEVELS = (50, 80, 90, 95)
LANDMARKS = (2, 4, 6, 10)
CUT_PCT, LAST = 30, 15
COPIES = 6
"""Courses a patient and population draw."""


@dataclass
class Clinic:
    """Sessions and patients of a fit; m(s) of its patients by id; the population's m(s); family."""

    sessions: pd.DataFrame
    patients: pd.DataFrame
    truth: np.ndarray
    population: np.ndarray
    family: str


@dataclass
class Unseen:
    """Reports (NaN where none), m(s), sessions had and level of new patients, and the prior
    scores of their population where it is one of the model's."""

    reports: np.ndarray
    truth: np.ndarray
    n_sessions: np.ndarray
    level: np.ndarray
    scores: np.ndarray | None = None


def ensemble_world(number, clinics, seed, n_new):
    """Return clinic and new patients of one part of the ensemble; new ones are offered sessions."""
    from orchestration.benchmarks.bayes import clinic_of
    from simulate.cohort import generate
    from simulate.members import parameters_for
    from simulate.parameter_table import Curve
    from simulate.scenario import load
    from simulate.studies.worlds import draw

    part = {"ensemble": "thomas2024", "members": clinics, "member": number + 1}
    world = load("replica", {f"population.{name}": value for name, value in part.items()})
    drawn = generate(world, seed)
    sessions, patients = clinic_of(drawn)
    row = parameters_for(world, seed, [0])
    family = Curve(int(np.ravel(row["curve"])[0])).name.lower()
    many = draw(world, seed + 1, range(5), 2000, len(SESSIONS)).expected.reshape(-1, len(SESSIONS))
    clinic = Clinic(sessions, patients, drawn.batch.expected[0][:, : len(SESSIONS)], many, family)
    if not n_new:
        return clinic, None
    new = generate(world, seed + 2, n_patients=n_new)
    own = new.n_sessions
    reports = np.where(
        np.arange(1, LAST + 1) <= own[:, None], new.pain_relief_pct[:, :LAST], np.nan
    )
    kept = new.patients["exclusion_reason"].isna().to_numpy() & (own >= 1)
    level = new.patients["lesion_level"].fillna("").to_numpy(dtype=str)
    truth = new.batch.expected[0][:, : len(SESSIONS)].astype(float)
    return clinic, Unseen(reports[kept], truth[kept], own[kept], level[kept])


def own_world(number, clinics, seed, n_new):
    """Return clinic and new patients of the model itself, its population near the replica's fit."""
    rng = np.random.default_rng([seed, number])
    scores = typical_population(rng)
    natural = natural_of(scores)
    drawn = draw_cohort(scores, 190, len(SESSIONS), rng)
    truth = mean_reports(natural, drawn.effects[None], SESSIONS)[0]
    many = draw_cohort(scores, 10_000, 1, rng)
    population = mean_reports(natural, many.effects[None], SESSIONS)[0]
    had = drawn.sessions.groupby("patient_id").size()
    patients = drawn.patients.assign(n_sessions=drawn.patients["patient_id"].map(had))
    clinic = Clinic(drawn.sessions, patients, truth, population, "own")
    if not n_new:
        return clinic, None
    new = draw_cohort(scores, n_new, LAST, rng)
    wide = new.sessions.pivot_table(
        index="patient_id", columns="session_no", values="pain_relief_pct", dropna=False
    )
    reports = wide.reindex(index=new.patients["patient_id"]).to_numpy()
    own = new.sessions.groupby("patient_id").size().reindex(new.patients["patient_id"]).to_numpy()
    m = mean_reports(natural, new.effects[None], SESSIONS)[0]
    level = new.patients["lesion_level"].to_numpy(dtype=str)
    return clinic, Unseen(reports, m, own, level, scores)


def typical_population(rng):
    """Return prior scores of a population like the replica's: a fifth of the prior's spread around
    rounded estimates of it."""
    from bayes.parameters import scores_of, values

    natural = dict(zip(NAMES, values(np.zeros(len(NAMES))), strict=True))
    natural |= {
        "start_mean": -22.0, "plateau_mean": 55.0, "plateau_sd": 18.0, "log_rate_mean": -1.0,
        "log_rate_sd": 1.0, "noise": 15.0, "tens_share": 0.7, "rising_share": 0.65,
        "stop_test_low": 0.8, "stop_later_high": 0.03, "surgery_high": 0.02,
    }  # fmt: skip
    centre = scores_of(np.array([natural[name] for name in NAMES]))
    spread = rng.standard_normal(len(NAMES) + len(covariates().labels))
    return np.concatenate([centre, np.zeros(len(covariates().labels))]) + 0.2 * spread


def natural_of(scores):
    """Return natural parameters of one population, shape (1, parameters)."""
    from bayes.parameters import values

    return values(scores[None, : len(NAMES)])


def coverage(found, clinic):
    """Rows patient x quantity: truth, mean, and whether each level's interval holds it."""
    cohort = found.posterior.cohort
    truth = clinic.truth[cohort.patients.astype(int)].astype(float)
    course = found.posterior.mean_reports(SESSIONS)
    drawn = {
        "plateau": (plateau_pct(course), plateau_pct(truth)),
        "saturation": (saturation_session(course), saturation_session(truth)),
        f"mean_{LAST}": (course[..., LAST - 1], truth[:, LAST - 1]),
    }
    p_defined = (drawn["plateau"][0] >= 10).mean(axis=0)
    about = pd.DataFrame({
        "patient_id": cohort.patients, "n_sessions": cohort.n_sessions,
        "is_responder": cohort.is_responder, "true_plateau": drawn["plateau"][1],
        "p_plateau_ge_10": p_defined,
    })  # fmt: skip
    rows = []
    for quantity, (draws, true) in drawn.items():
        rows.append(about.assign(quantity=quantity, truth=true, **held(draws, true)))
    return pd.concat(rows)


def held(draws, true):
    """Return mean, 90 % width and whether each level's interval holds the truth, by column."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no draw has an S90: no interval
        ends = {c: np.nanquantile(draws, [0.5 - c / 200, 0.5 + c / 200], axis=0) for c in LEVELS}
        columns = {"mean": np.nanmean(draws, axis=0), "width_90": ends[90][1] - ends[90][0]}
    inside = {f"in_{c}": (ends[c][0] <= true) & (true <= ends[c][1]) for c in LEVELS}
    return columns | {name: np.where(np.isfinite(true), x, np.nan) for name, x in inside.items()}


def population_rows(found, clinic):
    """Rows of population quantities on the reported scale, held to the world's population."""
    new = new_patients(found.posterior, 400)
    true = clinic.population.astype(float)
    pairs = {
        "mean_4": (new[..., 3].mean(axis=1), true[:, 3].mean()),
        f"mean_{LAST}": (new[..., LAST - 1].mean(axis=1), true[:, LAST - 1].mean()),
        "plateau": (plateau_pct(new).mean(axis=1), plateau_pct(true).mean()),
        "share_plateau_ge_30": (
            (plateau_pct(new) >= 30).mean(axis=1), (plateau_pct(true) >= 30).mean()),
        "saturation_mean_curve": (
            saturation_session(new.mean(axis=1)), saturation_session(true.mean(axis=0))),
    }  # fmt: skip
    rows = []
    for quantity, (draws, true) in pairs.items():
        one = held(draws[:, None], np.array([true]))
        rows.append(
            {"quantity": quantity, "truth": float(true)} | {k: v[0] for k, v in one.items()}
        )
    return pd.DataFrame(rows)


def sessions_of(reports, kept, k):
    """Return sessions 1..k of the kept patients, as `prepare` takes them."""
    who = np.flatnonzero(kept)
    return pd.DataFrame({
        "patient_id": np.repeat(who.astype(str), k),
        "session_no": np.tile(np.arange(1, k + 1), len(who)),
        "pain_relief_pct": reports[who, :k].ravel(),
    })  # fmt: skip


def new_cohort(new, kept, k, listed=None):
    """Return new patients after k sessions, still treated; `listed` sessions are had, the later
    ones without report."""
    reports = new.reports.copy()
    reports[:, k:] = np.nan
    some = kept & np.isfinite(reports[:, :k]).any(axis=1)
    who = np.flatnonzero(some)
    patients = pd.DataFrame({
        "patient_id": who.astype(str), "lesion_level": new.level[who], "stop_reason": "ongoing",
    })  # fmt: skip
    return some, prepare(sessions_of(reports, some, listed or k), patients)


def predictions(population, new, rng):
    """Rows patient x landmark: chances, outcomes, scores without a model, and PITs."""
    rows = []
    for k in LANDMARKS:
        for listed in (k, k + 1):  # all who had k sessions; those who came again
            rows.append(at_landmark(population, new, k, listed, rng))
    return pd.concat(rows)


def at_landmark(population, new, k, listed, rng):
    """Rows by patient who had `listed` sessions, from the reports of the first k."""
    some, cohort = new_cohort(new, new.n_sessions >= listed, k, listed)
    courses = predict_courses(population, cohort, copies=COPIES, seed=k)
    course, truth = courses.mean_reports(), new.truth[some]
    late = slice(LAST - 3, LAST)
    rows = pd.DataFrame({
        "k": k, "group": "all at k" if listed == k else "still treated",
        "patient": np.flatnonzero(some),
        "p_plateau": courses.probability(plateau_pct(course) >= CUT_PCT),
        "p_late": courses.probability(course[..., late].mean(axis=-1) >= CUT_PCT),
        "plateau": plateau_pct(truth) >= CUT_PCT,
        "late": truth[:, late].mean(axis=-1) >= CUT_PCT,
    })  # fmt: skip
    rows = rows.assign(**simple_scores(new.reports[some][:, :k]))
    if listed > k:
        for name, at in (("next", k + 1), ("15", LAST)):
            rows[f"pit_{name}"], rows[f"in_90_{name}"] = report_pit(
                population, new, k, at, some, rng
            )
    return rows


def report_pit(population, new, k, at, some, rng):
    """Return PIT and plain 90 % coverage of the report after session `at`, of those who gave it."""
    found, inside = np.full(len(some), np.nan), np.full(len(some), np.nan)
    gave = some & (new.n_sessions >= at) & np.isfinite(new.reports[:, at - 1])
    if at <= k or not gave.any():
        return found[some], inside[some]
    kept, cohort = new_cohort(new, gave, k, listed=at)
    courses = predict_courses(population, cohort, copies=COPIES, seed=100 + k)
    table = np.stack([
        reported_chances(courses, at, i) @ w for i, w in enumerate(courses.weight.T)
    ], axis=1)  # fmt: skip
    report = new.reports[kept, at - 1]
    found[kept] = pit(table, np.round(report), rng)
    below = np.cumsum(table, axis=0)
    low, high = (below < 0.05).sum(axis=0), (below < 0.95).sum(axis=0)
    inside[kept] = (low <= report) & (report <= high)
    return found[some], inside[some]


def simple_scores(reports):
    """Return last and best report, and the least-squares line's value at the last session."""
    k = reports.shape[1]
    filled = pd.DataFrame(reports).ffill(axis=1).bfill(axis=1).to_numpy()
    x = np.arange(k) - (k - 1) / 2
    slope = (filled * x).sum(axis=1) / (x**2).sum()
    return {"last": filled[:, -1], "best": np.nanmax(reports, axis=1), "slope": slope}


def one_clinic(folder, world, number, asked):
    """Fit one clinic, judge it, and write its tables."""
    make = {"ensemble": ensemble_world, "own": own_world}[world]
    clinic, new = make(number, asked.clinics, asked.seed, asked.new)
    config = FitConfig(engine="marginal", marginal_draws=asked.draws, cores=1, seed=number)
    found = fit(clinic.sessions, config, patients=clinic.patients)
    verdict = found.diagnosis
    common = {"clinic": number, "family": clinic.family, "status": verdict.status,
              "pareto_k": verdict.pareto_k, "ess": verdict.ess_min}  # fmt: skip
    tables = {"patients": coverage(found, clinic), "population": population_rows(found, clinic)}
    if new is not None:
        population = Population(found.posterior.scores[0], found.posterior.covariates)
        rng = np.random.default_rng([asked.seed, number, 5])
        tables["predictions"] = predictions(population.thinned(asked.population), new, rng)
        if new.scores is not None:
            true = Population(np.repeat(new.scores[None], asked.population, 0), covariates())
            tables["predictions_true"] = predictions(true, new, rng)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.assign(**common).to_parquet(folder / f"{name}.parquet")
    (folder / "done").touch()


def clustered(rows, column):
    """Return the share and its error, clinics as clusters."""
    known = rows.dropna(subset=[column])
    by = known.groupby("clinic")[column].agg(["sum", "size"])
    share, n = by["sum"].sum() / by["size"].sum(), len(by)
    resid = by["sum"] - share * by["size"]
    return share, np.sqrt(n / max(n - 1, 1) * (resid**2).sum()) / by["size"].sum()


def coverage_table(patients):
    """Coverage by quantity and group."""
    length = pd.cut(patients["n_sessions"], [0, 4, 14, np.inf], labels=["1-4", "5-14", "15+"])
    status = patients["is_responder"].map({1.0: "responder", 0.0: "other"}).fillna("unknown")
    true = np.where(patients["true_plateau"] >= 30, "plateau >= 30", "plateau < 30")
    groups = {"all": np.full(len(patients), "all"), "family": patients["family"],
              "sessions": length.astype(str), "status": status, "truth": true}  # fmt: skip
    shown = patients.assign(told=patients["p_plateau_ge_10"] >= 0.8)
    rows = []
    for kind, labels in groups.items():
        for (quantity, label), part in shown.groupby(["quantity", np.asarray(labels)]):
            for told, some in (("all", part), ("told", part[part["told"]])):
                if quantity != "saturation" and told == "told":
                    continue
                cells = {}
                for level in LEVELS:
                    share, error = clustered(some, f"in_{level}")
                    cells |= {f"cov_{level}": 100 * share, f"mcse_{level}": 100 * error}
                rows.append(
                    {
                        "quantity": quantity,
                        "of": told,
                        "by": kind,
                        "group": label,
                        "n": len(some),
                        "bias": (some["mean"] - some["truth"]).mean(),
                    }
                    | cells
                )
    return pd.DataFrame(rows)


def prediction_table(told, rng):
    """ICI, AUC and Brier by landmark, event and group, beside scores without a model."""
    rows = []
    for (k, group), part in told.groupby(["k", "group"]):
        for event in ("plateau", "late"):
            if len(part):
                y, p = part[event].to_numpy(bool), part[f"p_{event}"].to_numpy()
                each = [
                    ici(one[f"p_{event}"].to_numpy(), one[event].to_numpy(bool))
                    for _, one in part.groupby("clinic")
                    if len(one) >= 200
                ] or [np.nan]
                row = {"k": k, "group": group, "event": event, "n": len(part), "share": y.mean(),
                       "ici": ici(p, y), "ici_if_true": ici_if_true(p, rng),
                       "ici_median_clinic": np.median(each),
                       "ici_p90_clinic": np.quantile(each, 0.9),
                       "auc": auc(p, y), "brier": brier(p, y)}  # fmt: skip
                for score in ("last", "best", "slope"):
                    row[f"auc_{score}"] = auc(part[score].to_numpy(), y)
                    row[f"brier_{score}"] = logistic_brier(part[score].to_numpy(), y)
                rows.append(row)
    return pd.DataFrame(rows)


def pit_table(told):
    """Share of PITs within the middle 90 %, and of reports within plain 90 % intervals."""
    rows = []
    for k, part in told.groupby("k"):
        for name in ("next", "15"):
            known = part.dropna(subset=[f"pit_{name}"])
            inside = known.assign(held=known[f"pit_{name}"].between(0.05, 0.95).astype(float))
            if len(inside):
                share, error = clustered(inside, "held")
                plain, _ = clustered(inside, f"in_90_{name}")
                rows.append({"k": k, "report": name, "n": len(inside), "pit_90": 100 * share,
                             "mcse": 100 * error, "plain_90": 100 * plain})  # fmt: skip
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", choices=["ensemble", "own"], default="ensemble")
    parser.add_argument("--clinics", type=int, default=50)
    parser.add_argument("--new", type=int, default=1000, help="new patients a clinic, 0: none")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--population", type=int, default=30, help="population draws a prediction")
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    base = asked.out / f"{asked.world}-{asked.clinics}-{asked.new}-{asked.draws}-{asked.seed}"
    for number in range(asked.clinics):
        folder = base / f"clinic_{number:04d}"
        if not (folder / "done").exists():
            one_clinic(folder, asked.world, number, asked)
            print(folder.name, flush=True)
    summaries(base, asked)


def summaries(base, asked):
    """Write and print the tables over all clinics."""
    rng = np.random.default_rng([asked.seed, 9])
    read = {
        name: pd.concat(
            [pd.read_parquet(path) for path in sorted(base.glob(f"clinic_*/{name}.parquet"))]
        )
        for name in ("patients", "population", "predictions", "predictions_true")
        if list(base.glob(f"clinic_*/{name}.parquet"))
    }
    fits = read["population"].drop_duplicates("clinic")
    print(f"{len(fits)} fits, {(fits['status'] != 'converged').sum()} failed the gate")
    tables = {"coverage": coverage_table(read["patients"])}
    tables["coverage_population"] = pd.DataFrame([
        {"quantity": name, "clinics": len(part), "bias": (part["mean"] - part["truth"]).mean()}
        | {f"cov_{level}": 100 * part[f"in_{level}"].mean() for level in LEVELS}
        for name, part in read["population"].groupby("quantity", sort=False)
    ])  # fmt: skip
    for name in ("predictions", "predictions_true"):
        if name in read:
            tables[name] = prediction_table(read[name], rng)
            tables[f"{name}_pit"] = pit_table(read[name])
    for name, table in tables.items():
        table.to_csv(base / f"{name}.csv", index=False)
        print(name, table.round(3).to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()
