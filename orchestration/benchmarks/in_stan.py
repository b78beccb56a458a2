"""The relief model in Stan, as a peer of NUTS here and as an oracle of the tests.

Stan runs in a Python of its own, since it wants older versions of packages than Plateau. Here: what
it is asked, and what its chains are worth. Not here: the model (`relief.stan`), what runs there
(`relief_stan.py`).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes.parameters import PARAMETERS
from orchestration.benchmarks import Measured, Say, nuts

if TYPE_CHECKING:
    import pandas as pd

    from bayes.cohort import Cohort
    from bayes.covariates import Covariates

PYTHON = "PLATEAU_STAN_PYTHON"
INSTALL = (
    "not installed: python3 -m venv stan && stan/bin/pip install pystan (and a C++ compiler), "
    f"then set {PYTHON}=stan/bin/python"
)

OURS, STANS, STAN_CHAINS = nuts.Task(draws=1000, tune=500), nuts.Task(draws=100, tune=150), 2
AT_MOST = 1800.0
"""Seconds that Stan's chains may take, compiling included."""


class NotInstalled(RuntimeError):
    """There is no Python with PyStan."""


def ask(request: dict[str, Any], timeout: float | None = None) -> dict[str, Any]:
    """Return what `relief_stan.py` answers.

    Raises
    ------
    NotInstalled
        Neither this Python nor the one that `PLATEAU_STAN_PYTHON` names has PyStan.
    RuntimeError
        It took longer than `timeout` seconds, or failed.
    """
    python = shutil.which(os.environ.get(PYTHON, sys.executable))
    look = "import importlib.util as u; assert u.find_spec('stan.fit')"
    if not python or subprocess.run([python, "-c", look], capture_output=True).returncode:
        raise NotInstalled(INSTALL)
    script = str(files("orchestration.benchmarks") / "relief_stan.py")
    with TemporaryDirectory() as folder:
        asked, answer = Path(folder) / "request.json", Path(folder) / "answer.npz"
        asked.write_text(json.dumps(request), encoding="utf-8")
        # A group of its own, so that its chains end with it; the compiler leaves a folder `build`.
        command = [str(Path(python).absolute()), "-P", script, str(asked), str(answer)]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
        ) as running:  # fmt: skip
            try:
                said = running.communicate(timeout=timeout)[1].decode()
            except BaseException as reason:
                os.killpg(running.pid, signal.SIGKILL)
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise RuntimeError(f"Stan took more than {timeout:g} s") from reason
                raise
        if running.returncode:
            raise RuntimeError(f"Stan failed: {(said.strip() or 'in silence').splitlines()[-1]}")
        with np.load(answer) as found:
            return dict(found)


def data_of(cohort: "Cohort", covariates: "Covariates", centred: Any) -> dict[str, Any]:
    """Return the data of `relief.stan`.

    Parameters
    ----------
    centred
        How far start, plateau and log rate are sampled as themselves (1) rather than as deviations
        (0), shape (patients, 3).
    """
    return {
        "n_patients": len(cohort.patients),
        "n_rows": len(cohort.session),
        "patient": (cohort.patient + 1).tolist(),
        "session": cohort.session.tolist(),
        "report": np.nan_to_num(cohort.relief, nan=-1.0).tolist(),
        "width": cohort.width.tolist(),
        "fate": cohort.fate.tolist(),
        "asked": cohort.asked.tolist(),
        "unreported": cohort.unreported.tolist(),
        "n_effects": len(covariates.labels),
        "design": covariates.design(cohort).tolist(),
        "centre": [float(parameter.centre) for parameter in PARAMETERS],
        "spread": [float(parameter.spread) for parameter in PARAMETERS],
        "centred": np.asarray(centred, dtype=float).tolist(),
    }


def partly_centred(cohort: "Cohort") -> NDArray[np.float64]:
    """Return how a hand would write it: plateaus as themselves where many reports are above 0."""
    above = np.bincount(
        cohort.patient[np.nan_to_num(cohort.relief) > 0], minlength=len(cohort.patients)
    )
    weight = np.zeros((len(cohort.patients), 3))
    weight[:, 1] = above / (above + 0.7)
    return weight


def beside_nuts(
    sessions: "pd.DataFrame", patients: "pd.DataFrame", seed: int, say: Say
) -> Measured:
    """Measure NUTS here beside NUTS in Stan on one clinic: worst parameter or effect.

    The model and its posterior are the same. Stan samples the patients' effects as a hand would
    write them, in chains that are fewer and shorter: a draw takes twenty times as long.
    """
    from bayes.cohort import prepare
    from bayes.covariates import covariates_of

    cohort = prepare(sessions, patients)
    name = f"{len(cohort.patients)} patients, sessions 1-{cohort.session.max()}, NUTS"
    unit = "effective draws per CPU second"
    say(f"{name}: {nuts.CHAINS} chains of {OURS.draws} draws after {OURS.tune} for tuning")
    found, before, after = nuts.run(sessions, patients, OURS, seed, say)
    ours = worth(found.posterior.scores, before, after)
    say(f"the same in Stan: {STAN_CHAINS} chains of {STANS.draws} draws after {STANS.tune}")
    data = data_of(cohort, covariates_of(cohort), partly_centred(cohort))
    request = {
        "data": data, "chains": STAN_CHAINS, "tune": STANS.tune, "draws": STANS.draws, "seed": seed,
    }  # fmt: skip
    try:
        told = ask(request, AT_MOST)
    except RuntimeError as reason:
        return Measured(name, ours.rate, unit, "Stan", None, 5, str(reason))
    scores = np.concatenate([told["score"], told["effect_score"]], axis=-1)
    stans = worth(scores, float(told["before"]), float(told["sampling"]))
    note = "; ".join(
        f"{who} +- {one.error:.2g}, largest R-hat {one.r_hat_max:.2f}, {one.before:.0f} CPU s "
        "before the draws, which are not counted"
        for who, one in (("ours", ours), ("Stan", stans))
    )
    slope = 1000 * float(told["sampling"] / told["steps"])
    note = f"worst parameter: {note}; {slope:.2g} ms a slope in Stan"
    return Measured(name, ours.rate, unit, "Stan", stans.rate, 5, note)


def worth(scores: NDArray[np.float64], before: float, after: float) -> nuts.Worth:
    """Return effective draws of the worst parameter or effect per CPU second.

    Parameters
    ----------
    scores
        Shape (chains, draws, size); ranks, and so effective numbers, are those of natural values.
    before, after
        CPU seconds until the first draw, and of the draws.
    """
    from bayes.diagnostics import diagnose_marginal_chains

    names = [str(k) for k in range(scores.shape[-1])]

    def judged(kept: NDArray[np.bool_]) -> Any:
        return diagnose_marginal_chains(scores[kept], names, float("nan"))

    every = np.full(len(scores), True)
    ess, error = nuts.over_chains(lambda kept: float(judged(kept).ess_min), len(scores))
    return nuts.Worth(ess / after, error / after, before, judged(every).r_hat_max)
