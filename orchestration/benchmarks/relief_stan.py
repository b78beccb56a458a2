"""Runs `relief.stan` with PyStan, in a Python of its own: it needs nothing of Plateau.

    python relief_stan.py REQUEST.json ANSWER.npz

REQUEST holds `data` of the program and either `points`, vectors of its parameters in their order
(score, effect_score, sampled by column), or `chains`, `tune`, `draws` and `seed`. ANSWER
holds, for points, by patient log_lik, log_effects, start, plateau and log_rate, with `with_density`
also log_p, the density up to a constant; for chains, shape (chains, draws, ...), score,
effect_score and diverging, the leapfrog steps of the draws, and CPU seconds of sampling and of all
before it.
"""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

PROGRAM = Path(__file__).with_name("relief.stan")
BY_PATIENT = ("start", "plateau", "log_rate", "log_lik", "log_effects")


def main(request: Path, answer: Path) -> None:
    """Compile the program, or take what an earlier run compiled, and answer."""
    import httpstan
    import stan

    asked, code = json.loads(request.read_text(encoding="utf-8")), PROGRAM.read_text("utf-8")
    compile_once(code)
    model = stan.build(code, asked["data"], random_seed=asked.get("seed"))
    found = values(model, asked) if "points" in asked else chains(model, asked)
    np.savez(answer, version=httpstan.__version__, **found)


def compile_once(code: str) -> None:
    """Compile into the cache; `stan.build` alone gives it five minutes, too few on busy cores."""
    from httpstan import cache, models

    name = models.calculate_model_name(code)
    if name in cache.list_model_names():
        return
    said = asyncio.run(models.build_services_extension_module(code))
    cache.dump_services_extension_module_compiler_output(said, name)
    cache.dump_stanc_warnings("", name)


def values(model: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what the program says at each point."""
    names = np.array([name.split(".")[0] for name in model.constrained_param_names])
    of = {name: np.flatnonzero(names == name) for name in BY_PATIENT}
    found: dict[str, Any] = {name: [] for name in BY_PATIENT}
    for point in asked["points"]:
        every = np.array(model.constrain_pars(point))
        for name in BY_PATIENT:
            found[name].append(every[of[name]])
    if asked.get("with_density"):
        found["log_p"] = [model.log_prob(point) for point in asked["points"]]
    return found


def chains(model: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return draws of all chains, and what they cost."""
    from httpstan import services_stub

    started = {kind: _cpu(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)}
    n, tune, draws = (asked[name] for name in ("chains", "tune", "draws"))
    _forget(model.model_name)
    fit = model.sample(num_chains=n, num_warmup=tune, num_samples=draws, save_warmup=True)
    # Of the processes that run the chains: what handing over draws costs is not counted.
    services_stub.executor.shutdown()
    spent = _cpu(resource.RUSAGE_CHILDREN) - started[resource.RUSAGE_CHILDREN]

    def of(name: str) -> Any:
        values = np.asarray(fit[name])
        return np.moveaxis(values.reshape(-1, tune + draws, n), (2, 1), (0, 1))

    # A leapfrog step is one gradient, so steps tell apart what tuning cost.
    steps = of("n_leapfrog__")[..., 0]
    sampling = spent * steps[:, tune:].sum() / steps.sum()
    return {
        "score": of("score")[:, tune:],
        "effect_score": of("effect_score")[:, tune:],
        "diverging": of("divergent__")[:, tune:, 0],
        "steps": steps[:, tune:].sum(),
        "sampling": sampling,
        "before": sum(started.values()) + spent - sampling,
    }


def _forget(name: str) -> None:
    """Move the cache to this folder: Stan would take chains of the same seed from there."""
    from httpstan import cache

    compiled = cache.model_directory(name)
    os.environ["XDG_CACHE_HOME"] = str(Path.cwd())
    here = cache.model_directory(name)
    here.mkdir(parents=True)
    for file in compiled.iterdir():
        if file.is_file():
            (here / file.name).symlink_to(file)


def _cpu(kind: int) -> float:
    used = resource.getrusage(kind)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
