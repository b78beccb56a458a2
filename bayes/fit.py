"""Sampling the relief model.

Here: NUTS with its settings, and what a fit consists of. Not here: the model (`relief.py`), the
gate (`diagnostics.py`), the tables (`quantities.py`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayes.diagnostics import Diagnosis, diagnose
from bayes.draws import PatientDraws, patient_draws, reported
from bayes.priors import Priors
from bayes.relief import Reports, build, prepare

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class FitConfig:
    """Settings of the sampler; the defaults pass the gate on a cohort of the study's size.

    Attributes
    ----------
    draws, tune, chains
        Kept draws and tuning draws of each chain.
    seed
        Of the sampler and of every random number used in the reported quantities.
    cores
        Chains sampled at the same time.
    target_accept
        Mean acceptance of NUTS; raise it for cohorts of a few patients.
    """

    draws: int = 3500
    tune: int = 500
    chains: int = 4
    seed: int = 20261122
    cores: int = 2
    target_accept: float = 0.8


@dataclass(frozen=True)
class Fit:
    """A fitted relief model.

    Attributes
    ----------
    posterior
        DataTree with groups `posterior` and `sample_stats`.
    reports
        What was fitted, with counts of dropped rows.
    patients
        Draws of each patient's curve.
    diagnosis
        Verdict of the gate.
    seed
        Seed of the configuration.
    seconds
        Wall time of `compile`, `sample` and `judge`.
    """

    posterior: "xr.DataTree"
    reports: Reports
    patients: PatientDraws
    diagnosis: Diagnosis
    seed: int
    seconds: dict[str, float] = field(default_factory=dict)


def fit(
    data: pd.DataFrame,
    config: FitConfig | None = None,
    progress: Callable[[float], None] | None = None,
    priors: Priors | None = None,
) -> Fit:
    """Fit the relief model with NUTS (nutpie).

    Parameters
    ----------
    data
        See `relief.prepare`.
    config
        Default `FitConfig()`.
    progress
        Called from another thread, about once a second, with the share of draws done (0-1).
    priors
        Default `Priors()`.

    Returns
    -------
    Fit
        Also when the gate fails: read `diagnosis.status` before using any number.

    Raises
    ------
    ValueError
        If the data cannot enter the model (see `relief.prepare`).
    """
    import nutpie

    config = config or FitConfig()
    reports = prepare(data)
    clock = [time.monotonic()]
    compiled = nutpie.compile_pymc_model(build(reports, priors))
    clock.append(time.monotonic())
    tree = nutpie.sample(
        compiled,
        draws=config.draws,
        tune=config.tune,
        chains=config.chains,
        cores=config.cores,
        seed=config.seed,
        target_accept=config.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_share_done(progress) if progress else None,
        progress_rate=1000,
    )
    clock.append(time.monotonic())
    posterior = tree["posterior"].to_dataset()
    patients = patient_draws(posterior, reports, config.seed)
    divergences = int(tree["sample_stats"]["diverging"].sum())
    diagnosis = diagnose(reported(posterior, patients), divergences)
    clock.append(time.monotonic())
    spent = [later - earlier for earlier, later in zip(clock, clock[1:], strict=False)]
    seconds = dict(zip(("compile", "sample", "judge"), spent, strict=True))
    return Fit(tree, reports, patients, diagnosis, config.seed, seconds)


def _share_done(progress: Callable[[float], None]) -> Callable[[list[Any]], None]:
    def report(chains: list[Any]) -> None:
        total = sum(chain.total_draws for chain in chains)
        if total:
            progress(sum(chain.finished_draws for chain in chains) / total)

    return report
