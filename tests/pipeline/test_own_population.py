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
from simulate.members import parameters_for
from simulate.parameters import of_table
from simulate.scenario import load
from simulate.studies import files
from simulate.studies.own_population import PARTS, as_members, changes, write
from simulate.studies.worlds import worlds

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
    np.testing.assert_array_equal(members["missing_responder_2"], draws["missing_high"])
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


def run_both(data, study, *changes, replicates, own=()):
    """Run a study under both populations, with changes of its `own` under the posterior."""
    for population, more in (("published", ()), ("posterior", own)):
        done = plateau("study", "run", study, *changes, *more, "--replicates", replicates,
                       "--population", population, "--data", data, "--quiet")  # fmt: skip
        assert done.exit_code == 0, done.output


def show_both(data, study, *changes):
    """Return what the terminal and the page say of a study under both populations."""
    page = data / f"{study}.html"
    asked = ("study", "show", study, *changes, "--population", "posterior", "--data", data)
    told, written = plateau(*asked), plateau(*asked, "--out", page)
    assert told.exit_code == written.exit_code == 0, told.output + written.output
    return told.output, page.read_text(encoding="utf-8")


ESTIMATES = (
    *("--set", "data.n_patients=[40]", "--set", "headline.n_patients=40"),
    *("--set", "data.vary={measurement.noise_sd: [15.0, 26.0]}"),
)
TWO = ("--set", "world.population.members=2")


def test_estimates_are_judged_in_worlds_of_one_member_each(data):
    """Their truth is one world's; the page tells members of a world together."""
    run_both(data, "regression_to_mean", *ESTIMATES, replicates=3, own=TWO)
    told, page = show_both(data, "regression_to_mean", *ESTIMATES, *TWO)
    for words in (told, page):
        assert "Own posterior of this centre: " in words
        assert "Worlds of the study’s file: " in words
    assert "6 simulated cohorts a world" in told  # three a member
    assert "The headline under each population" in page
    table = page.split('id="worlds"')[1].split("</section>")[0]
    assert "noise 15 points" in table and "member" not in table


def test_trials_tell_both_populations(data):
    changes = (
        "--set",
        "data.trials=[{name: central_peripheral, design: subgroups, groups: central_vs_peripheral, "
        "n_patients: [60], sessions: [4], missing: [usual], response: null, second_share: 0.5, "
        "misclassified: 0.0}]",
    )
    run_both(data, "subgroup_power", *changes, replicates=4)
    told, page = show_both(data, "subgroup_power", *changes)
    for words in (told, page):
        assert "Own posterior of this centre: " in words
        assert "Worlds of the study’s file: " in words
    assert "The headline under each population" in page


def test_what_a_study_varies_holds_in_every_draw(draws, tmp_path):
    """A field set by hand is pinned; without that a member would put its own in its place."""
    path = tmp_path / "posterior.csv"
    write(as_members(draws), path)
    design = files.load("selection_accumulation")
    own = files.load("selection_accumulation", changes(design, path))
    there = worlds(own)
    assert len(there) == 6 * PARTS
    half = [parameters_for(world, 1, 1)["half_gain_sessions"][0] for world in there]
    assert set(half) == {0.75, 1.75, 5.0}
    free = [parameters_for(world, 1, 1)["rise_mean"][0] for world in there]
    assert len(set(free)) == PARTS
    loose = load("replica", {"population.ensemble": str(path)}).model_copy(
        update={"response": there[0].response}
    )
    assert parameters_for(loose, 1, 1)["half_gain_sessions"][0] != 0.75


def test_a_study_that_compares_ensembles_is_refused_with_the_way_out(data, capsys):
    done = CliRunner().invoke(
        cli,
        ["study", "run", "test_period_length", "--population", "posterior", "--data", str(data),
         "--set", "data.vary={population.ensemble: [thomas2024]}"],
    )  # fmt: skip
    assert done.exit_code != 0
    assert "leave that field out of data.vary" in str(done.output) + str(done.exception)


@pytest.mark.parametrize("name", files.available())
def test_every_shipped_study_has_worlds_of_a_posterior(name, draws, tmp_path):
    path = tmp_path / "posterior.csv"
    write(as_members(draws), path)
    own = files.load(name, changes(files.load(name), path))
    for world in worlds(own)[:3]:
        assert world.population.ensemble == str(path)
        assert (world.population.member is not None) == (own.kind == "estimates") or (
            "population.member" in own.data.vary
        )
