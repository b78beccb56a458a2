"""What a study file may say: every field required, misspellings and impossible grids named."""

import pytest
import yaml

from simulate import scenario
from simulate.studies import files, grid, test_periods, worlds
from simulate.studies.code import sources

CANARY = "test_period_canary"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data.n_patient": 3}, "no field data.n_patient; did you mean n_patients"),
        ({"performance.stop.mcse": 0}, "performance.stop.mcse: must be greater than 0"),
        ({"methods.0.test_sessions": [20]}, "last decides at visit 20, beyond data.horizon"),
        ({"methods.0.test_sessions": "9..3"}, "'9..3' is no range; write it as 1..15"),
        ({"methods.0.test_sessions": [2, 2]}, r"\[2, 2\] names a value twice"),
        ({"methods.0.targets": ["composite"]}, "targets composite, which is no estimand"),
        ({"methods.0.targets": []}, r"methods\.0\.targets"),
        ({"methods.0.rule": "lst"}, "lst"),
        ({"headline.cut_pct": 20}, "field headline: no estimand of the study has this name"),
        ({"estimands.0.horizon_session": [20]}, "at session 20 lies beyond data.horizon_session"),
        ({"performance.measures": ["sensitivty"]}, "performance.measures"),
        ({"data.worlds": ["x"]}, "no scenario 'x'; there are"),
        ({"world.course.nothing": 1}, "nothing"),
        ({"data.worlds": ["replica"] * 2, "performance.measures": "all"},
         "two of the worlds are the same"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_at_once(changes, said):
    with pytest.raises(ValueError, match=said):
        worlds.worlds(files.load(CANARY, changes))


def test_every_field_is_required_and_no_other_allowed(tmp_path):
    values = yaml.safe_load((files.STUDIES / f"{CANARY}.yaml").read_text(encoding="utf-8"))
    file = tmp_path / "mine.yaml"
    for field in values:
        file.write_text(yaml.safe_dump({k: v for k, v in values.items() if k != field}))
        with pytest.raises(ValueError, match=f"field {field} is missing; every field"):
            files.load(str(file))
    file.write_text(yaml.safe_dump(values | {"estimand": []}))
    with pytest.raises(
        ValueError, match=r"unknown field estimand.* \(allowed in a study: study, kind"
    ):
        files.load(str(file))
    file.write_text("study: [")
    with pytest.raises(ValueError, match=r"mine.yaml, line 1, column \d+: this is no readable"):
        files.load(str(file))


def test_identity_follows_what_is_counted_and_nothing_else():
    first = files.load(CANARY)
    assert files.load(CANARY).design_id == first.design_id
    for changes in ({"seed": 2}, {"data.n_patients": 50}, {"methods.0.threshold_pct": [10]}):
        assert files.load(CANARY, changes).design_id != first.design_id
    for changes in ({"aims": "x"}, {"performance.stop.mcse": 1}, {"replicates": 5}):
        assert files.load(CANARY, changes).design_id == first.design_id


def test_cells_are_named_by_world_method_and_truth():
    design = files.load(CANARY)
    (world,) = worlds.worlds(design)
    cells = grid.cells(design, world)
    assert cells["cell_id"].is_unique
    other = files.load(CANARY, {"methods.1.threshold_pct": [10, 40]})
    again = grid.cells(other, world)
    shared = cells.merge(again, on="cell_id", suffixes=("", "_again"))
    assert (shared["rule"] == shared["rule_again"]).all()
    assert len(shared) == 3 * (30 + 10), "cells that both designs ask keep their name"
    what_if = files.load(CANARY, {"world.measurement.missing_later": 0.5})
    assert set(grid.cells(what_if, worlds.worlds(what_if)[0])["cell_id"]).isdisjoint(
        cells["cell_id"]
    )


def test_worlds_vary_over_every_combination():
    changes = {
        "performance.measures": "all",
        "data.vary.measurement.missing_later": [0.0, 0.1],
        "data.vary.course.surgery_hazard": [0.0, 0.01, 0.02],
    }
    found = worlds.worlds(files.load(CANARY, changes))
    assert len({world.scenario_id for world in found}) == 6


def test_the_code_that_counts_is_found_by_its_imports():
    counted_by = set(sources(test_periods.ENTRY))
    assert {
        "simulate/studies/counting.py",
        "simulate/studies/methods.py",
        "simulate/studies/estimands.py",
        "simulate/batch.py",
        "simulate/scenario.py",
    } <= counted_by
    assert not {"simulate/studies/store.py", "simulate/studies/tables.py"} & counted_by


def test_a_study_without_a_fitted_model_does_not_depend_on_its_code():
    without = sources(test_periods.ENTRY, with_model=False)
    assert not any(path.startswith("bayes/") for path in without)
    assert any(path.startswith("bayes/") for path in sources(test_periods.ENTRY))
    assert set(without) < set(sources(test_periods.ENTRY))
    plain, bayesian = files.load("test_period_length"), files.load("bayesian_test_period")
    assert not test_periods.uses_relief_model(plain)
    assert test_periods.uses_relief_model(bayesian)


def test_the_shipped_studies_are_sound():
    for name in files.available():
        assert files.load(name).study == name


def test_a_change_is_read_as_yaml():
    assert files.parse_change("methods.0.threshold_pct=[10, 20]")[1] == [10, 20]
    assert files.parse_change("world.x=0.5") == ("world.x", 0.5)
    with pytest.raises(ValueError, match="write it as field=value"):
        files.parse_change("replicates")


def test_a_hundred_members_read_their_world_once_and_none_changes_another():
    scenario._parsed.cache_clear()
    made = worlds.worlds(files.load("test_period_ensemble"))
    assert scenario._parsed.cache_info().misses == 1
    assert [world.population.member for world in made] == list(range(1, 101))
    changed = scenario.load("replica", {"measurement.noise_sd": 3.0})
    assert scenario.load("replica").measurement["noise_sd"] != changed.measurement["noise_sd"]
