"""What stands beside the curves is made where they are, and left alone while they stand."""

from dataclasses import replace

import pytest

from orchestration.commands import nightly
from orchestration.warehouse import read_tables

TABLES = [
    "posterior_check", "comparator", "model_comparison", "sensitivity", "power_scaling",
    "prior_posterior",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("default::UserWarning")
def test_checks_are_made_with_the_curves_and_stand_while_they_do(quick):
    settings = replace(quick, model_marginal_draws=300)
    first = nightly.run(settings)
    frames = read_tables(settings.live, [*TABLES, "model_status"])
    status = frames["model_status"].set_index("model")
    fitted = status["rows_run_id"]["relief"]
    assert status["status"].to_dict() == {"relief": "converged", "relief_checks": "made"} | {
        "surgery": "not_estimated"
    }
    for name in TABLES:
        assert set(frames[name]["run_id"]) == {fitted}, name
    again = nightly.run(settings, force=True)
    assert again.published and again.run_id != first.run_id
    assert again.seconds["checks of the relief model"] < 2
    held = read_tables(settings.live, TABLES)
    for name in TABLES:
        assert held[name].equals(frames[name]), name
