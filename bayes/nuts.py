"""Sampling the relief model with NUTS (nutpie): the audit of the marginal engine.

Here: the sampler's settings and its draws in the common form. Not here: the model (`relief.py`),
the coordinates in which it is sampled (`coordinates.py`, `summary.py`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.coordinates import WITHIN
from bayes.covariates import Covariates
from bayes.parameters import KERNEL_NAMES, NAMES, values
from bayes.posterior import Posterior

KEPT = ("scores", *WITHIN, "flat_odds")
"""What is kept of a draw."""


def compiled_model(cohort: Cohort, covariates: Covariates, seed: int, threads: int = 1) -> Any:
    """Return the model as machine code, in coordinates that follow the marginal fit."""
    import nutpie

    from bayes.relief import build
    from bayes.summary import informed

    model = build(cohort, covariates, informed(cohort, covariates, seed, threads))
    # Chains begin at draws of the coordinates' standard normal, which is wide enough.
    return nutpie.compile_pymc_model(model, default_initialization_strategy="prior", var_names=KEPT)


def sample(
    cohort: Cohort,
    covariates: Covariates,
    *,
    draws: int,
    tune: int,
    chains: int,
    cores: int,
    target_accept: float,
    seed: int,
    progress: Callable[[float], None] | None = None,
    compiled: Any = None,
) -> Posterior:
    """Sample the relief model; each chain keeps `draws` draws after `tune`.

    `progress` is called from another thread, about once a second, with the share done. `compiled`
    is the `compiled_model` of the same cohort, where more than one run is made of it.
    """
    import nutpie

    tree = nutpie.sample(
        compiled or compiled_model(cohort, covariates, seed, cores),
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        seed=seed,
        target_accept=target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_share_done(progress) if progress else None,
        progress_rate=1000,
    )
    found = {name: value.to_numpy() for name, value in tree["posterior"].to_dataset().items()}
    kind_to_come = np.zeros_like(found["start"])
    rising = [found[name] for name in ("start", "plateau", "log_rate")]
    effects = np.stack([kind_to_come, *rising, kind_to_come], axis=-1)
    _draw_kinds(cohort, covariates, found, effects, seed)
    stats = {
        name: tree["sample_stats"][name].to_numpy().astype(float)
        for name in ("diverging", "n_steps")
    }
    return Posterior(cohort, covariates, "nuts", found["scores"], effects, seed, stats)


def _draw_kinds(
    cohort: Cohort,
    covariates: Covariates,
    found: dict[str, NDArray[np.float64]],
    effects: NDArray[np.float64],
    seed: int,
) -> None:
    """Draw each patient's kind of course and of scatter in each draw, (3), (8a); in place."""
    from bayes.marginal.courses import draw_kinds
    from bayes.marginal.target import Target

    target = Target(cohort, covariates)
    chains, draws = found["scores"].shape[:2]
    for number, at in enumerate(np.ndindex(chains, draws)):
        score = found["scores"][at]
        natural = np.ascontiguousarray(values(score[: len(NAMES)])[: len(KERNEL_NAMES)])
        draw_kinds(
            natural, target.rising(score), target.rows, target.nodes, found["level"][at],
            found["flat_odds"][at], effects[at], np.random.default_rng([seed, 3, number]),
        )  # fmt: skip


def _share_done(progress: Callable[[float], None]) -> Callable[[list[Any]], None]:
    def report(chains: list[Any]) -> None:
        total = sum(chain.total_draws for chain in chains)
        if total:
            progress(sum(chain.finished_draws for chain in chains) / total)

    return report
