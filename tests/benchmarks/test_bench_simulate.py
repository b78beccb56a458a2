"""Speed of the generator: cohorts in memory, rows with all features, rows of a file."""

import pytest

from orchestration.benchmarks.simulate import FEATURES, HORIZON, N_PATIENTS
from simulate.batch import draw
from simulate.parameters import of_scenario
from simulate.scenario import load
from simulate.table import write_cohorts


@pytest.fixture(scope="module")
def replica():
    parameters = of_scenario(load("replica"))
    for what in (("recorded", "latent"), FEATURES):
        draw(parameters, 1, 2, N_PATIENTS, HORIZON, what)  # compile
    return parameters


def test_cohorts_in_memory(benchmark, replica):
    """Goal: 15,000 cohorts a second a core."""
    benchmark(draw, replica, 1, 500, N_PATIENTS, HORIZON)
    benchmark.extra_info["cohorts_per_second"] = 500 / benchmark.stats["min"]


def test_rows_with_all_features(benchmark, replica):
    """Goal: 5 million patient-sessions a second a core."""
    benchmark(draw, replica, 1, 200, N_PATIENTS, HORIZON, FEATURES)
    sessions = 200 * N_PATIENTS * HORIZON
    benchmark.extra_info["patient_sessions_per_second"] = sessions / benchmark.stats["min"]


def test_rows_of_a_file(benchmark, replica, tmp_path):
    sizes = {"seed": 1, "replicates": 200, "n_patients": N_PATIENTS, "horizon": HORIZON}
    rows = benchmark(write_cohorts, replica.scenario, tmp_path / "cohorts.parquet", **sizes)
    benchmark.extra_info["rows_per_second"] = rows / benchmark.stats["min"]
