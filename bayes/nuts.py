"""Sampling the relief model with NUTS (nutpie): the audit of the marginal engine.

Here: the sampler's settings and its draws in the common form. Not here: the model (`relief.py`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bayes.cohort import Cohort
from bayes.covariates import Covariates
from bayes.parameters import KERNEL_NAMES, NAMES, PARAMETERS
from bayes.posterior import Posterior


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
) -> Posterior:
    """Sample the relief model; each chain keeps `draws` draws after `tune`.

    `progress` is called from another thread, about once a second, with the share done.
    """
    import nutpie

    from bayes.relief import build

    compiled = nutpie.compile_pymc_model(build(cohort, covariates))
    tree = nutpie.sample(
        compiled,
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
    found = tree["posterior"].to_dataset()
    scores = [found[f"score_{parameter.name}"].to_numpy()[..., None] for parameter in PARAMETERS]
    if covariates.labels:
        scores.append(found["effect_score"].to_numpy())
    joined = np.concatenate(scores, axis=-1)
    parts = [found[name].to_numpy() for name in ("start", "plateau", "log_rate")]
    unknown = np.zeros_like(parts[0])
    effects = np.stack([unknown, *parts, unknown], axis=-1)
    draw_kinds(cohort, covariates, joined, effects, seed)
    stats = {"diverging": tree["sample_stats"]["diverging"].to_numpy()}
    return Posterior(cohort, covariates, "nuts", joined, effects, seed, stats)


def draw_kinds(
    cohort: Cohort, covariates: Covariates, scores: Any, effects: Any, seed: int
) -> None:
    """Draw each patient's kind of course and of scatter in each draw, (3), (8a); in place."""
    from bayes.marginal.courses import draw_kinds as kernel
    from bayes.marginal.target import Target
    from bayes.parameters import values

    target = Target(cohort, covariates)
    flat_scores = scores.reshape(-1, scores.shape[-1])
    flat_effects = effects.reshape(-1, *effects.shape[2:])
    natural = values(flat_scores[:, : len(NAMES)])[:, : len(KERNEL_NAMES)]
    for k, score in enumerate(flat_scores):
        kernel(
            np.ascontiguousarray(natural[k]), target.rising(score), target.rows, target.nodes,
            flat_effects[k], np.random.default_rng([seed, 3, k]),
        )  # fmt: skip


def _share_done(progress: Callable[[float], None]) -> Callable[[list[Any]], None]:
    def report(chains: list[Any]) -> None:
        total = sum(chain.total_draws for chain in chains)
        if total:
            progress(sum(chain.finished_draws for chain in chains) / total)

    return report
