"""Trials simulated and analysed, one call beside statsmodels' fit of one such trial.

Run by `make bench`. The peers in R, and both cores, are measured by `plateau bench classical`.
"""

import numpy as np
import pytest

from orchestration.benchmarks.classical import SEED, TRIAL

N = 2560


@pytest.mark.benchmark(group="193 x 4 trials (ours: 2560)")
def test_simulated_and_analysed(benchmark):
    from classical.batched.trials import analyse, seeded

    found = benchmark(analyse, TRIAL, seeded(SEED), N)
    assert (found.status <= 1).all()


@pytest.mark.benchmark(group="193 x 4 trials (ours: 2560)")
def test_random_numbers_alone(benchmark):
    from orchestration.benchmarks.classical import _draw

    benchmark(_draw, N)


@pytest.mark.benchmark(group="193 x 4 trials (ours: 2560)")
def test_statsmodels_fits_one(benchmark):
    import statsmodels.api as sm

    from classical.batched.trials import seeded, simulate

    y = simulate(TRIAL, seeded(SEED), 1)[0]
    i, j = np.nonzero(np.isfinite(y))
    model = sm.MixedLM(y[i, j], TRIAL.design()[i, j], groups=i)
    benchmark(lambda: model.fit(reml=True, method=["powell"]))


@pytest.mark.benchmark(group="120 x 6, a mean for every arm and session (500)")
@pytest.mark.parametrize("robust", [False, True])
def test_cluster_robust_errors(benchmark, robust):
    """One effect's; with robust errors at least 0.4 times as many a second as without."""
    from classical.batched.mixed import fit
    from orchestration.benchmarks.classical import repeated

    y, x = repeated(500)
    found = benchmark(fit, y, x, robust=robust, effects=(6,))
    assert (found.status <= 1).all()
