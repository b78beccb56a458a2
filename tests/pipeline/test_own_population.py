"""Studies on a warehouse's own posterior: its draws as worlds, both populations on the page."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.curves import saturating
from bayes.parameters import NAMES, values
from bayes.posterior import Posterior
from orchestration.cli import cli
from simulate import batch
from simulate.parameters import of_table
from simulate.scenario import load
from simulate.studies.own_population import as_members

SMALL = "{population.members: 2, population.ensemble: thomas2024}"
STUDY = [
    *("--set", "data.n_patients=40", "--set", "data.vary={population.member: [1, 2]}"),
    *("--set", f"data.what_if={SMALL}"),
]


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(1)
    natural = values(0.5 * rng.standard_normal((400, len(NAMES))))
    return pd.DataFrame(natural, columns=NAMES)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with a posterior and the row of the warehouse that names it."""
    root = tmp_path_factory.mktemp("own")
    ids = np.arange(12).astype(str)
    told = pd.DataFrame({"patient_id": ids, "session_no": 1, "pain_relief_pct": 10.0})
    cohort = prepare(told)
    covariates = covariates_of(cohort)
    rng = np.random.default_rng(2)
    scores = 0.3 * rng.standard_normal((1, 60, len(NAMES) + len(covariates.labels)))
    fitted = Posterior(cohort, covariates, "marginal", scores, np.zeros((1, 60, 12, 5)), 1)
    fitted.tree().to_zarr(root / "posteriors" / "run1.zarr", mode="w", consolidated=False)
    live = root / "warehouse" / "live" / "plateau.duckdb"
    live.parent.mkdir(parents=True)
    with duckdb.connect(live) as connection:
        connection.execute(
            "create table model_status as select 'relief' as model, 'run1' as rows_run_id"
        )
    return root


def plateau(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def test_members_are_worlds_and_their_curves_the_models(draws):
    members = as_members(draws)
    world = load("replica")
    drawn = batch.draw(of_table(world, members), 1, len(members), 20, 15, ("latent", "truth"))
    assert np.isfinite(drawn.latent).all()
    half = members["half_gain_sessions"].to_numpy()
    reached = saturating(
        half, 0.0, 1.0, np.exp(draws["log_rate_mean"]), draws["curve_shape"].to_numpy()
    )
    inside = (half > 0.06) & (half < 59)
    np.testing.assert_allclose(np.asarray(reached)[inside], 0.5, atol=1e-9)
    np.testing.assert_allclose(members["noise_sd"], draws["noise"] * np.pi / np.sqrt(3), rtol=1e-9)


def test_a_posterior_of_another_model_is_named(draws):
    with pytest.raises(ValueError, match="no curve_shape"):
        as_members(draws.drop(columns="curve_shape"))


def test_both_populations_stand_on_the_page_and_never_mix(data):
    for population in ("published", "posterior"):
        done = plateau("study", "run", "test_period_ensemble", *STUDY, "--replicates", 4,
                       "--population", population, "--data", data, "--quiet")  # fmt: skip
        assert done.exit_code == 0, done.output
    members = list((data / "studies" / "populations").glob("*.csv"))
    assert len(members) == 1
    page = data / "page.html"
    shown = plateau("study", "show", "test_period_ensemble", *STUDY, "--population", "posterior",
                    "--data", data, "--out", page)  # fmt: skip
    assert shown.exit_code == 0, shown.output
    text = page.read_text(encoding="utf-8")
    assert "Own posterior of this centre, 2" in text
    assert "Published ensemble, 2" in text
    assert len(list((data / "studies").glob("study=*/design=*/code=*/scenario=*"))) == 4


def test_without_a_posterior_it_says_what_to_do(tmp_path):
    done = CliRunner().invoke(
        cli,
        [
            "study",
            "run",
            "sham_trial",
            "--population",
            "posterior",
            "--data",
            str(tmp_path),
        ],
    )
    assert done.exit_code != 0
    assert "plateau nightly" in str(done.output) + str(done.exception)


def test_a_study_of_estimates_refuses_it(data):
    done = CliRunner().invoke(
        cli,
        ["study", "run", "interruption", "--population", "posterior", "--data", str(data)],
    )
    assert done.exit_code != 0
    assert "truth of one world" in str(done.output) + str(done.exception)
