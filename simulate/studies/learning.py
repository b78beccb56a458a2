"""What the Bayesian rules know: posteriors, each learnt from one training cohort of the world.

Here: training cohorts as a clinic would have them, the relief model fitted to each, the chances it
gives evaluation cohorts. Not here: the model (`bayes/`), the rules on those chances (`methods.py`).

A training cohort is treated by the clinic's own rule, stops by the world's own drop-out, and is no
evaluation cohort: its replicate number lies beyond `APART`. Evaluation cohort r is judged by
posterior r modulo their number. In a world that is one member of an ensemble, training and
evaluation share the member. In worlds whose curve the model does not know it learns misspecified,
as a clinic's analyst would; `data.training.curve` has it learn from another family's cohorts.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate import batch
from simulate.engine.records import Stop
from simulate.margins import AETIOLOGIES, LEVELS, SITES
from simulate.members import parameters_for
from simulate.studies.study import canonical

if TYPE_CHECKING:
    from bayes.backward import Policy
    from bayes.bank import Bank
    from simulate.scenario import Scenario
    from simulate.studies.design import Design, Training

FloatArray = NDArray[np.float64]
APART = 10**12  # first replicate number of training cohorts
FOLLOWED = 30  # sessions of a training cohort, all that the model reads
KEPT = 4  # banks held in memory: some megabytes each
KEPT_POLICIES = 400  # and policies: some hundred bytes
_STROKES = {"ischaemic_stroke": "ischaemic", "haemorrhagic_stroke": "haemorrhagic"}
_banks: OrderedDict[str, "Bank"] = OrderedDict()
_policies: OrderedDict[str, "Policy"] = OrderedDict()


def forecasts(
    design: "Design", world: "Scenario", replicates: range, recorded: FloatArray
) -> FloatArray:
    """Return the chance in percent of each prediction of the design after every session.

    Parameters
    ----------
    recorded
        Reports of evaluation cohorts, shape (replicates, patients, sessions), NaN where missing.

    Returns
    -------
    numpy.ndarray
        Shape (replicates, patients, sessions, predictions and policies), sessions up to the last
        one at which a Bayesian rule looks; entry k knows the reports of sessions 1..k alone. What
        a policy has solved backwards stands as `bayes.backward.Policy.decide` says. Nothing where
        no rule asks for it.
    """
    from bayes.bank import weigh

    asked, training = design.predictions, design.data.training
    if not asked or training is None:
        return np.empty((*recorded.shape[:2], 0, 0))
    looks = design.last_look
    policies = design.policies
    found = np.empty((*recorded.shape[:2], looks, len(asked) + len(policies)))
    for r, replicate in enumerate(replicates):
        bank = learnt(training, world, design.seed, replicate % training.posteriors, looks)
        holds = np.stack([bank.reaches(one.horizon_session, one.cut_pct) for one in asked])
        reports = recorded[r, :, :looks]
        found[r, ..., : len(asked)] = 100 * weigh(bank, reports, holds)
        if policies:
            number = replicate % training.posteriors
            found[r, ..., len(asked) :] = _decided(design, world, number, bank, reports)
    return found


def _decided(
    design: "Design", world: "Scenario", number: int, bank: "Bank", reports: FloatArray
) -> FloatArray:
    """Return what every policy says after each session, shape (patients, sessions, policies)."""
    from bayes.bank import weigh

    training, seed = design.data.training, design.seed
    assert training is not None  # noqa: S101 - the design has a Bayesian rule
    sessions = reports.shape[1]
    learnt_key = _key(training, world, seed, number, sessions)
    columns = []
    for method, last in design.policies:
        known, key, own_seed = bank, learnt_key, seed + number
        if method.rule == "backward_induction_true":
            key, own_seed = canonical(["truth", learnt_key]), seed
            known = _kept(_banks, KEPT, key, lambda: _true_bank(training, world, seed, sessions))
        holds = known.reaches(method.predicts.horizon_session, method.predicts.cut_pct)
        asked = method.model_dump_json(exclude={"test_sessions", "targets"})
        policy = _kept(
            _policies, KEPT_POLICIES, canonical([key, asked, last]),
            partial(_solve, known, holds, method, last, own_seed),
        )  # fmt: skip
        chance = weigh(known, reports, holds[None])[..., 0]
        columns.append(policy.decide(chance, method.first_look_session))
    return np.stack(columns, axis=-1)


def _true_bank(training: "Training", world: "Scenario", seed: int, sessions: int) -> "Bank":
    from simulate.studies.true_bank import true_bank

    return true_bank(world, seed, training.courses, sessions)


def _solve(bank: "Bank", holds: NDArray[np.float32], method: Any, last: int, seed: int) -> "Policy":
    from bayes.backward import solve

    threshold = method.threshold_pct[0] / 100
    return solve(bank, holds, method.sessions_per_responder, threshold, last, seed)


def learnt(
    training: "Training", world: "Scenario", seed: int, number: int, sessions: int
) -> "Bank":
    """Return the courses that one posterior makes likely; made anew where it is not in memory."""

    def make() -> "Bank":
        from bayes.bank import draw_bank
        from bayes.fit import fit_population

        told, patients = training_cohort(training, world, seed, number)
        posterior = fit_population(told, patients, training.draws, seed + number)
        return draw_bank(posterior, training.courses, sessions, seed + number)

    return _kept(_banks, KEPT, _key(training, world, seed, number, sessions), make)


def _key(training: "Training", world: "Scenario", seed: int, number: int, sessions: int) -> str:
    return canonical([training.model_dump(mode="json"), world.scenario_id, seed, number, sessions])


def _kept[T](held: OrderedDict[str, T], most: int, key: str, make: Callable[[], T]) -> T:
    """Return what stands under a key; what was used longest ago is let go."""
    if key not in held:
        held[key] = make()
        while len(held) > most:
            held.popitem(last=False)
    held.move_to_end(key)
    return held[key]


def training_cohort(
    training: "Training", world: "Scenario", seed: int, number: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sessions and patients of a training cohort, as `bayes.fit.fit` takes them."""
    numbers = np.array([APART + number])
    parameters = parameters_for(world, seed, numbers)
    if training.curve != "own":
        parameters = parameters.with_values(curve=training.curve)
    drawn = batch.draw(
        parameters, seed, numbers, training.n_patients, FOLLOWED,
        ("recorded", "covariates", "calendar"),
    )  # fmt: skip
    return as_told(drawn, 0, training.n_patients, FOLLOWED)


def as_told(
    drawn: "batch.Batch", row: int, n_patients: int, seen: int | NDArray[np.int64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first patients of a drawn cohort, their sessions up to `seen`, for `bayes.fit`.

    The batch has `recorded` and `covariates`; `seen` is one number, or one a patient; who goes on
    beyond it is ongoing.
    """
    n_sessions = drawn.n_sessions[row, :n_patients].astype(int)
    given = np.minimum(n_sessions, seen)
    who = np.repeat(np.arange(n_patients), given)
    session = np.concatenate([np.arange(1, n + 1) for n in given])
    told = pd.DataFrame(
        {
            "patient_id": who.astype(str),
            "session_no": session,
            "pain_relief_pct": drawn.recorded[row][who, session - 1].astype(float),
        }
    )
    reason = np.array([stop.name.lower() for stop in Stop])[drawn.stop_reason[row, :n_patients]]
    causes = drawn.aetiology[row, :n_patients]
    patients = pd.DataFrame(
        {
            "patient_id": np.arange(n_patients).astype(str),
            "lesion_level": np.array(LEVELS)[drawn.level[row, :n_patients]],
            "lesion_site": np.array([*SITES[:-1], ""])[drawn.site[row, :n_patients]],
            "stroke_type": [_STROKES.get(AETIOLOGIES[code], "") for code in causes],
            "n_sessions": n_sessions,
            "stop_reason": np.where(n_sessions > seen, "ongoing", reason),
        }
    )
    return told, patients
