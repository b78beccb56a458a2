"""A small synthetic clinic, and one real nightly run on it that the tests of this folder share."""

import os
import shutil
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.settings import load


@pytest.fixture(scope="session", autouse=True)
def plateau_environment(tmp_path_factory):
    """No settings from outside; compiled code shared between test sessions."""
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith("PLATEAU_"):
            patch.delenv(name)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plateau"
    patch.setenv("PLATEAU_CACHE", str(cache))
    patch.setenv("PLATEAU_KEY_FILE", str(tmp_path_factory.mktemp("keys") / "pseudonym.key"))
    patch.setenv("NO_COLOR", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def dbt_parsed_once(tmp_path_factory):
    """A new data directory has dbt parse the project: once does for all that ask the same."""
    from orchestration import dbt_project

    parsed, parse = {}, dbt_project._parse

    def parse_once(settings, given):
        if given in parsed:
            shutil.copytree(parsed[given], settings.dbt_target, dirs_exist_ok=True)
            return
        parse(settings, given)
        parsed[given] = tmp_path_factory.mktemp("parsed") / "target"
        shutil.copytree(settings.dbt_target, parsed[given])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_project, "_parse", parse_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def worlds_read_once():
    """The marts of studies read the same worlds hundreds of times: the same text is parsed once."""
    from simulate import scenario

    parsed, parse = {}, scenario.yaml.load

    def load(text, loader):
        if text not in parsed:
            parsed[text] = parse(text, loader)
        return deepcopy(parsed[text])

    once = SimpleNamespace(load=load, YAMLError=scenario.yaml.YAMLError)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenario, "yaml", once)
        yield


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """Folder with `deliveries/` of 20 synthetic patients in three deliveries.

    What lies in `truth/` beside them is unreadable: a night that looked would fail every test.
    """
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.scenario import load as scenario

    out = tmp_path_factory.mktemp("clinic")
    extracts.write(generate(scenario("replica"), seed=1, n_patients=20), out, seed=1)
    for path in (out / "truth").iterdir():
        path.write_bytes(b"nobody but a judge reads this")
    return out


@pytest.fixture
def quick(tmp_path, clinic):
    """Settings of a new data directory on that clinic, with a model too short to converge."""
    return quick_settings(tmp_path / "data", clinic)


def quick_settings(data, clinic, **more):
    """Settings whose nightly takes seconds."""
    flags = {
        "data": data, "deliveries": clinic / "deliveries", "preset": "paper_replica",
        "model_engine": "marginal", "model_marginal_draws": 15, "study_cohorts": 2,
    }  # fmt: skip
    return load({**flags, **more}, cwd=data.parent)


@pytest.fixture(scope="session")
def night(tmp_path_factory, clinic):
    """Settings and outcome of one whole nightly through the real Dagster, dbt and GX."""
    from orchestration.commands import nightly

    settings = quick_settings(tmp_path_factory.mktemp("night") / "data", clinic)
    return settings, nightly.run(settings)
