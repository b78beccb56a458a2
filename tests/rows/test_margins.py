"""Who comes to a simulated clinic: published margins, possible combinations, worlds that load."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulate import margins, members
from simulate import scenario as scenarios
from simulate.batch import draw
from simulate.members import parameters_for
from simulate.parameter_table import PARAMETERS
from simulate.parameters import of_scenario, of_table
from simulate.scenario import available, load

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [
    *("accumulation_only", "covid", "new_centre", "no_accumulation", "null", "peripheral_heavy"),
    *("replica", "saturated_by_4", "sham_trial", "slow_responders"),
]


@pytest.fixture(scope="module")
def replica():
    return load("replica")


@pytest.fixture(scope="module")
def many(replica):
    return draw(of_scenario(replica), 1, 200, what=("covariates", "demography"))


def test_the_document_lists_every_parameter_and_world():
    text = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    for p in PARAMETERS:
        row = f"| {p.part} | `{p.name}` | {p.unit} | {p.low:g} to {p.high:g} | {p.meaning} |"
        assert row in text, row
    for name in available():
        assert f"| `{name}` |" in text


def near(counts, published):
    """Shares within five standard errors of the published ones."""
    n, p = counts.sum(), np.array(published) / np.sum(published)
    error = np.sqrt(p * (1 - p) / n) + 1e-9
    assert (np.abs(counts / n - p) < 5 * error).all(), (counts / n, p)


def test_published_margins_hold(many):
    near(np.bincount(many.level.ravel(), minlength=3), [146, 46, 1])
    central, peripheral = many.level == 0, many.level == 1
    near(np.bincount(many.site[central], minlength=13)[:6], [45, 16, 44, 10, 27, 4])
    near(np.bincount(many.site[peripheral], minlength=13)[6:12], [3, 11, 1, 12, 11, 8])
    near(np.bincount(many.laterality.ravel(), minlength=3), [86, 95, 12])
    near(np.bincount(many.topography.ravel(), minlength=6), [91, 40, 36, 14, 6, 6])
    near(np.bincount(many.sex.ravel(), minlength=2), [91, 102])
    causes = np.bincount(many.aetiology[central], minlength=14)
    near(causes, [62, 19, 3, 9, 8, 6, 6, 5, 5, 0, 0, 0, 10, 13])
    near(
        np.bincount(many.aetiology[peripheral], minlength=14),
        [0, 0, 0, 0, 0, 19, 0, 4, 0, 8, 6, 3, 6, 0],
    )


def test_age_and_duration_have_their_published_moments(many):
    assert many.age_years.mean() == pytest.approx(56.2, abs=0.7)
    assert many.age_years.std() == pytest.approx(13.6, abs=0.5)
    assert (many.age_years.min(), many.age_years.max()) == (18, 88)
    assert many.pain_duration_years.mean() == pytest.approx(6.4, abs=0.3)
    assert many.pain_duration_years.min() == np.float32(0.5)


def test_combinations_are_clinically_possible(many, replica):
    names = list(replica.population.topography)
    sites = ("cranial", "thalamus", "plexus")
    of = {site: many.site == margins.SITES.index(site) for site in sites}
    faces = many.topography == names.index("face_neck")
    assert faces[of["cranial"]].mean() > 0.9
    assert not faces[of["plexus"]].any()
    hemibody = many.topography == names.index("hemibody")
    assert hemibody[of["thalamus"]].mean() > 0.6
    bilateral = many.laterality == list(replica.population.laterality).index("bilateral")
    assert not (hemibody & bilateral).any()


def test_npsi_is_available_for_56_percent_and_keeps_its_structure(replica):
    npsi = draw(of_scenario(replica), 1, 40, what=("npsi",)).npsi
    known = ~np.isnan(npsi[..., 0, 0])
    assert known.mean() == pytest.approx(0.56, abs=0.03)
    baseline = npsi[..., 0, :][known]
    table = np.corrcoef(baseline.T)
    assert table[7, 8] > table[7, 1] + 0.3, "items of one dimension go together"
    total = baseline[:, [0, 1, 2, 4, 5, 7, 8, 9, 10, 11]].sum(axis=1)
    assert total.mean() == pytest.approx(36.6, abs=2.5)
    assert total.std() == pytest.approx(18, abs=3)
    assert set(np.unique(baseline[:, 3])) == {1, 2, 3, 4, 5}


def test_every_world_loads_draws_and_has_its_own_identity():
    assert available() == SHIPPED
    worlds = [load(name) for name in SHIPPED]
    assert len({world.scenario_id for world in worlds}) == len(worlds)
    for world in worlds:
        batch = draw(of_scenario(world), 1, 2, 20, what=("expected", "calendar"))
        assert 0 <= batch.expected.min() <= batch.expected.max() <= 100


def test_the_sharp_null_and_the_flat_world_stop_gaining_when_they_say(replica):
    what = ("latent", "expected", "calendar", "truth")
    flat = draw(of_scenario(load("no_accumulation")), 1, 2, what=what)
    np.testing.assert_array_equal(flat.expected[:, :, 0], flat.expected[:, :, 14])
    sharp = draw(of_scenario(load("saturated_by_4")), 1, 2, what=what)
    np.testing.assert_array_equal(sharp.expected[:, :, 3], sharp.expected[:, :, 14])
    assert (sharp.latent[:, :, 3] > sharp.latent[:, :, 0])[sharp.rises].all()


def test_a_sham_trial_has_two_arms_and_only_one_gains_whole():
    batch = draw(of_scenario(load("sham_trial")), 1, 60, what=("covariates", "expected"))
    assert batch.is_sham.mean() == pytest.approx(0.5, abs=0.03)
    at_8 = batch.expected[..., 7]
    assert at_8[~batch.is_sham].mean() > at_8[batch.is_sham].mean() + 10


def test_members_of_an_ensemble_are_drawn_by_weight_at_the_replicates_address(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(scenarios, "ENSEMBLES", tmp_path)
    table = pd.DataFrame(
        {"noise_sd": [10.0, 20.0, 30.0], "curve": ["flat", "emax", "flat"], "_weight": [1, 3, 0]}
    )
    table.to_csv(tmp_path / "three.csv", index=False)
    world = load("replica", {"population.ensemble": "three", "pinned": ["curve"]})
    drawn = parameters_for(world, 1, 4000)
    assert set(drawn["noise_sd"]) == {10.0, 20.0}
    assert (drawn["noise_sd"] == 20).mean() == pytest.approx(0.75, abs=0.03)
    assert set(drawn.to_frame()["curve"]) == {"exponential"}, "pinned"
    alone = parameters_for(world, 1, [1234])
    assert alone["noise_sd"][0] == drawn["noise_sd"][1234]
    before = world.scenario_id
    table.assign(noise_sd=[11.0, 20.0, 30.0]).to_csv(tmp_path / "three.csv", index=False)
    assert world.scenario_id != before, "other members, another world"
    assert members.members("three")[0]["noise_sd"].tolist() == [11.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"noise_mean": [1.0]}, "no parameter noise_mean; there are: curve, noise"),
        ({"noise_sd": [-1.0]}, "noise_sd: -1 lies outside 0.1 to 80"),
        ({"noise_sd": [np.nan]}, "noise_sd: nan lies outside"),
        ({"curve": ["sudden"]}, "'sudden' is none of: exponential, emax, delayed"),
        ({"noise_sd": []}, "at least one row"),
    ],
)
def test_a_table_that_is_no_table_of_parameters_is_refused(replica, table, message):
    with pytest.raises(ValueError, match=message):
        of_table(replica, pd.DataFrame(table))
