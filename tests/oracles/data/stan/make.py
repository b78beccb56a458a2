"""What Stan says of a small clinic: `relief.json`.

    PLATEAU_STAN_PYTHON=.../bin/python python tests/oracles/data/stan/make.py

Twelve invented patients with every kind of report and of fate. At random points of the population
and of the patients' effects: each patient's log likelihood, kinds of course and of scatter summed
out, and the log density of its effects. At one point also the likelihood with the effects
integrated, by the trapezoidal rule over their prior standard scores.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.parameters import NAMES, values
from orchestration.benchmarks.in_stan import ask, data_of

SEED, N_POINTS, WIDTH = 20261128, 6, 0.6
# Thirty reports tell a plateau to a tenth of the prior's spread; those of 100 alone lie far above.
STARTS, RATES = (np.linspace(-4.5, 4.5, n) for n in (21, 37))
PLATEAUS = np.linspace(-4.5, 7, 139)

_ = None
# reports from session 1 on; level, site, stroke; why treatment ended
CLINIC = {
    "zeros": ([0, 0, 0, 0], ("central", "thalamus", "ischaemic"), "loss_of_efficacy"),
    "hundreds": ([100, 100, 100, 100, 100, 100], ("peripheral", "plexus", None), "ongoing"),
    "rises": (
        [0, 10, 30, 40, 50, 50, 70, 60, 60, 70, 60, 70], ("central", "cortex", "haemorrhagic"), _,
    ),
    "relapses": (
        [20, 40, 60, 70, 70, 60, 50, 50, 30, 40, 20, 30, 20, 10, 0, 10, 0, 0, 0, 0],
        ("central", "thalamus", "haemorrhagic"), "loss_of_efficacy",
    ),
    "decimals": ([33.5, 12.25, 45, 66.125, 55.5, 50, 49.9], ("peripheral", "root", None), _),
    "missing": ([_, 20, _, _, 30, _, 25, 40, _, 35], ("central", "cortex", None), "ongoing"),
    "operated": (
        [0, 20, 10, 30, 40, 30, 45, 50, 40], ("central", "thalamus", "ischaemic"), "emcs_surgery",
    ),
    "operated_at_once": ([10, 0, 5, 10], ("peripheral", "plexus", None), "emcs_surgery"),
    "one_session": ([40], (None, None, None), _),
    "whole_numbers": (
        [3, 17, 28, 33, 42, 47, 51, 55, 58, 61, 57, 62, 64, 66, 59, 61, 63, 67, 62, 64, 66, 58, 61,
         63, 65, 60, 62, 64, 61, 63],
        ("central", "cortex", "ischaemic"), "ongoing",
    ),
    "up_and_down": ([0, 80, 0, 100, 20, 90, 0, 50], ("peripheral", "root", None), "adverse_event"),
    "lost_later": ([30, 30, 20, 10, 0, 0, 0], (None, None, None), "loss_of_efficacy"),
}  # fmt: skip


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sessions and patients of the clinic."""
    sessions = pd.concat(
        pd.DataFrame({"patient_id": name, "session_no": range(1, len(y) + 1), "pain_relief_pct": y})
        for name, (y, _, _) in CLINIC.items()
    )
    # A session that was not delivered is no row.
    gap = (sessions["patient_id"] == "lost_later") & (sessions["session_no"] == 3)
    patients = pd.DataFrame(
        [(name, *lesion, reason) for name, (_, lesion, reason) in CLINIC.items()],
        columns=["patient_id", "lesion_level", "lesion_site", "stroke_type", "stop_reason"],
    )
    return sessions[~gap].astype({"pain_relief_pct": float}), patients


def point_of(scores, own):
    """Return Stan's vector of parameters; own standard scores, shape (patients, 3)."""
    return [*scores, *own.T.ravel()]


def main() -> None:
    sessions, patients = frames()
    cohort = prepare(sessions, patients)
    covariates = covariates_of(cohort)
    n, size = len(cohort.patients), len(NAMES) + len(covariates.labels)
    rng = np.random.default_rng(SEED)
    scores = WIDTH * rng.standard_normal((N_POINTS, size))
    own = rng.standard_normal((N_POINTS, n, 3))
    request = {
        "data": data_of(cohort, covariates, np.zeros((n, 3))),
        "points": [point_of(*pair) for pair in zip(scores, own, strict=True)],
        "with_density": True,
    }
    found = ask(request)
    _check(found, scores, own)
    points = [
        {
            "population": dict(zip(NAMES, values(score[: len(NAMES)]).tolist(), strict=True)),
            "effect_score": score[len(NAMES) :].tolist(),
            **{name: found[name][k].tolist() for name in found if found[name].shape[1:] == (n,)},
        }
        for k, score in enumerate(scores)
    ]
    told = {
        "made_with": f"PyStan, httpstan {found['version']}",
        "seed": SEED,
        "sessions": {name: _plain(column) for name, column in sessions.items()},
        "patients": {name: _plain(column) for name, column in patients.items()},
        "covariates": covariates.labels,
        "points": points,
        "log_marginal_at_first": _integrated(sessions, patients, scores[0]).tolist(),
    }
    parts = [f" {json.dumps(key)}: {_lines(value)}" for key, value in told.items()]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    Path(__file__).with_name("relief.json").write_text(text, encoding="utf-8")


def _check(found, scores, own) -> None:
    """Stan samples the density whose parts are told: they differ by a constant."""
    prior = -((scores**2).sum(axis=1) + (own**2).sum(axis=(1, 2))) / 2
    np.testing.assert_allclose(
        np.ptp(found["log_p"] - prior - found["log_lik"].sum(axis=1)), 0, atol=1e-9
    )


def _lines(value) -> str:
    """Return JSON with a line for each point."""
    if isinstance(value, list) and isinstance(value[0], dict):
        return "[\n  " + ",\n  ".join(json.dumps(item) for item in value) + "\n ]"
    return json.dumps(value)


def _plain(column: pd.Series) -> list:
    return column.astype(object).where(column.notna(), None).tolist()


def _integrated(sessions, patients, score):
    """Return each patient's log marginal likelihood: a copy of the clinic for every node."""
    pairs = np.meshgrid(STARTS, PLATEAUS, indexing="ij")
    nodes = np.stack([axis.ravel() for axis in pairs], axis=-1)
    copies = [
        pd.concat([part.assign(patient_id=part["patient_id"] + f"-{k}") for k in range(len(nodes))])
        for part in (sessions, patients)
    ]
    cohort = prepare(*copies)
    n = len(CLINIC)
    points = []
    for rate in RATES:
        own = np.column_stack([nodes, np.full(len(nodes), rate)])
        points.append(point_of(score, np.repeat(own, n, axis=0)))
    data = data_of(cohort, covariates_of(cohort), np.zeros((n * len(nodes), 3)))
    log_lik = ask({"data": data, "points": points})["log_lik"].reshape(len(RATES), len(nodes), n)
    log_weight = -(RATES[:, None] ** 2 + (nodes**2).sum(axis=1)) / 2
    log_weight -= np.logaddexp.reduce(log_weight, axis=None)
    return np.logaddexp.reduce(log_lik + log_weight[..., None], axis=(0, 1))


if __name__ == "__main__":
    main()
