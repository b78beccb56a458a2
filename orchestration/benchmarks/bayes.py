"""The relief model: marginal engine beside NUTS, NUTS beside Stan's, predictions, in one run.

One simulated clinic of the published size. Seconds are of the process's CPU, since cores are often
shared; the marginal engine's code is compiled before it is timed. Of NUTS the draws alone are
timed, and few of them unless the whole task is asked for.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestration.benchmarks import Measured, Say, in_stan, nuts

if TYPE_CHECKING:
    from simulate.cohort import Cohort

SEED, N_DRAWS, N_BULK, BULK_DRAWS = 20261126, 250, 5000, 20
COURSES = 20_000
MANY = 10_000


def run(say: Say, *, full: bool = False) -> list[Measured]:
    """Measure the fit of both engines, and predictions; `full`: with NUTS of four long chains."""
    from bayes.bank import draw_bank, weigh
    from bayes.fit import FitConfig, fit
    from bayes.predict import Population, predict_courses

    sessions, patients = clinic()
    quick = FitConfig(engine="marginal", marginal_draws=N_DRAWS)
    test_period = sessions[sessions["session_no"] <= 4]
    say("compiling, or taking what an earlier run compiled")
    fit(test_period, FitConfig(engine="marginal", marginal_draws=30), patients=patients)
    say("marginal engine, all sessions and the test period")
    spent, found = _cpu(lambda: fit(sessions, quick, patients=patients))
    known, known_short = (_mode_seconds(rows, patients) for rows in (sessions, test_period))
    short, _ = _cpu(lambda: fit(test_period, quick, patients=patients))
    say(f"{MANY:,} patients")
    once, many = _density_seconds(sessions, patients, 1), _density_seconds(sessions, patients, MANY)
    task = nuts.LONG if full else nuts.SHORT
    say(f"NUTS, {nuts.CHAINS} chains of {task.draws} draws after {task.tune} for tuning")
    audit = nuts.measure(sessions, patients, task, SEED, say)
    told = (
        f"of the worst reported quantity; NUTS +- {audit.error:.2g} (standard error over "
        f"{nuts.CHAINS} chains of {task.draws} draws, largest R-hat {audit.r_hat_max:.2f}) after "
        f"{audit.before:.0f} CPU seconds of compiling and tuning, which are not counted; ours "
        "counts everything"
    )
    peer = in_stan.beside_nuts(test_period, patients, SEED, say)
    population = Population(found.posterior.scores[0], found.posterior.covariates)
    new = _new_patients(N_BULK)
    say(f"predictions for {N_BULK:,} patients")
    bulk, _ = _cpu(lambda: predict_courses(population.thinned(BULK_DRAWS), new, copies=2))
    drawn, bank = _cpu(lambda: draw_bank(found.posterior, COURSES, 4, SEED))
    reports, holds = _new_reports(N_BULK), bank.reaches(15, 30)[None]
    weigh(bank, reports[:2], holds)
    weighed, _ = _cpu(lambda: weigh(bank, reports, holds))
    single, _ = _cpu(lambda: predict_courses(population.thinned(50), _new_patients(1)))
    unit = "fits per CPU second"
    size = f"{patients['patient_id'].nunique()} patients"
    note = f"{N_DRAWS} patient-level draws; wall time on two idle cores is about half"
    return [
        Measured(f"{size}, population with its uncertainty", 1 / known, unit, goal=1 / 3),
        Measured(f"{size}, sessions 1-4, the same", 1 / known_short, unit, goal=10),
        Measured(f"{size}, all sessions", 1 / spent, unit, goal=1 / 6, note=note),
        Measured(f"{size}, sessions 1-4", 1 / short, unit, note=note),
        Measured(
            f"density of {MANY:,} patients", once / many, "times the patients of one clinic a "
            "second", goal=0.9, note="1: cost is linear in patients",
        ),
        Measured(
            f"{size}, effective draws", found.diagnosis.ess_min / spent, "per CPU second",
            "NUTS (nutpie)", audit.rate, 35, told,
        ),
        peer,
        Measured("four sessions, one patient", 1 / single, "predictions per CPU second", goal=50),
        Measured(
            "four sessions, bulk", N_BULK / weighed, "patients per CPU second", goal=5000,
            note=f"a bank of {COURSES:,} courses, drawn in {drawn:.1f} s, weighed by reports",
        ),
        Measured(
            "four sessions, many with nodes of their own", N_BULK / bulk, "patients per CPU second"
        ),
    ]  # fmt: skip


def clinic() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sessions and patients of one simulated clinic of the published size."""
    from simulate.cohort import generate
    from simulate.scenario import load

    return clinic_of(generate(load("replica"), SEED))


def clinic_of(drawn: "Cohort") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the analysed of a simulated clinic, as `bayes.cohort.prepare` takes them.

    A patient_id is the position in the simulated cohort.
    """
    kept = np.flatnonzero(drawn.patients["exclusion_reason"].isna() & (drawn.n_sessions >= 4))
    n = drawn.n_sessions[kept]
    number = np.concatenate([np.arange(1, k + 1) for k in n])
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(kept.astype(str), n),
            "session_no": number,
            "pain_relief_pct": drawn.pain_relief_pct[np.repeat(kept, n), number - 1],
        }
    )
    columns = ["lesion_level", "lesion_site", "stop_reason"]
    patients = drawn.patients.iloc[kept][columns].reset_index(drop=True)
    recorded = drawn.patients["test_period_relief_pct"].to_numpy(dtype=float)[kept]
    status = np.where(np.isnan(recorded), drawn.pain_relief_pct[kept, 3], recorded)
    return sessions, patients.assign(
        patient_id=kept.astype(str),
        n_sessions=n,
        is_responder=np.where(np.isnan(status), np.nan, status >= 10),
    )


def _new_patients(n: int) -> Any:
    from bayes.predict import cohort_of

    return cohort_of(_new_reports(n), ["central"] * n, [""] * n, [""] * n)


def _new_reports(n: int) -> NDArray[np.float64]:
    return np.asarray(10.0 * np.random.default_rng(SEED).integers(0, 8, (n, 4)), dtype=float)


def _mode_seconds(sessions: pd.DataFrame, patients: pd.DataFrame) -> float:
    """CPU seconds to every population parameter with its uncertainty (mode and curvature)."""
    from bayes.cohort import prepare
    from bayes.covariates import covariates_of
    from bayes.marginal.mode import find_mode
    from bayes.marginal.target import Target

    cohort = prepare(sessions, patients)
    return _cpu(lambda: find_mode(Target(cohort, covariates_of(cohort))))[0]


def _density_seconds(sessions: pd.DataFrame, patients: pd.DataFrame, n: int) -> float:
    """CPU seconds a patient of density and slopes; the clinic is repeated to n patients."""
    from bayes.cohort import prepare
    from bayes.covariates import covariates_of
    from bayes.marginal.target import Target

    copies = -(-n // patients["patient_id"].nunique())
    many = [
        pd.concat([part.assign(patient_id=part["patient_id"] + f"-{k}") for k in range(copies)])
        for part in (sessions, patients)
    ]
    cohort = prepare(*many)
    target = Target(cohort, covariates_of(cohort), threads=1)
    point, places = np.zeros(target.size), target.new_places()
    target.adapt(point, places, 8)
    times = 20 if copies == 1 else 3
    spent, _ = _cpu(lambda: [target.density_and_slope(point, places) for _ in range(times)])
    return spent / times / len(cohort.patients)


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result
