"""Settings: three layers, each value with its place, errors that name it."""

from pathlib import Path

import pytest

from orchestration.errors import PlateauError
from orchestration.settings import load


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("PLATEAU_"):
            monkeypatch.delenv(name)


def test_flags_win_over_environment_over_file(tmp_path, monkeypatch):
    (tmp_path / "plateau.toml").write_text(
        'preset = "paper_replica"\nseed = 2\nprofile = "full"\n', encoding="utf-8"
    )
    monkeypatch.setenv("PLATEAU_SEED", "3")
    settings = load({"profile": "demo"}, cwd=tmp_path)
    assert (settings.preset, settings.seed, settings.profile) == ("paper_replica", 3, "demo")
    assert settings.sources["preset"] == "plateau.toml"
    assert settings.sources["seed"] == "PLATEAU_SEED"
    assert settings.sources["profile"] == "--profile"


def test_profile_sets_the_sizes_unless_they_are_given(tmp_path, monkeypatch):
    monkeypatch.setenv("PLATEAU_STUDY_COHORTS", "7")
    settings = load({"profile": "full"}, cwd=tmp_path)
    assert settings.study_cohorts == 7
    assert settings.model_draws > load({}, cwd=tmp_path).model_draws
    assert settings.sources["model_draws"] == "profile full"


def test_paths_are_absolute_and_incoming_follows_data(tmp_path):
    settings = load({"data": Path("clinic")}, cwd=tmp_path)
    assert settings.data == tmp_path / "clinic"
    assert settings.incoming == tmp_path / "clinic" / "incoming"
    assert load({"deliveries": tmp_path / "drop"}, cwd=tmp_path).incoming == tmp_path / "drop"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("presett = 1", ["plateau.toml", "presett"]),
        ('seed = "one"', ["plateau.toml", "seed", "whole number"]),
        ('preset = "hospital"', ["plateau.toml", "clinic", "paper_replica"]),
        ("seed = ", ["plateau.toml"]),
        ("seed = 1.7", ["plateau.toml", "whole number"]),
        ("[data]\nx = 1", ["plateau.toml", "data must be a path"]),
        ('heartbeat_deadline = "6h"', ["plateau.toml", "heartbeat_deadline"]),
        ('timezone = "Europe/Pari"', ["plateau.toml", "timezone"]),
        ('nightly_cron = "foo"', ["plateau.toml", "nightly_cron"]),
        ("model_chains = 0", ["plateau.toml", "model_chains"]),
        ("[retention]\nlogs_day = 1", ["plateau.toml [retention]", "retention_logs_day"]),
        ("[retention]\nreports = 0", ["plateau.toml [retention]", "retention_reports"]),
        ('[retention]\nbuilds_days = "week"', ["[retention]", "whole number"]),
        ("[retention]\nvault = 30", ["[retention]", "retention_vault"]),
        ('[retention]\nquarantine = "30 days"', ["[retention]", "never", "operations.md"]),
        ("retention = 3", ["plateau.toml", "retention"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tmp_path, content, words):
    (tmp_path / "plateau.toml").write_text(content, encoding="utf-8")
    with pytest.raises(PlateauError) as error:
        load({}, cwd=tmp_path)
    assert all(word in str(error.value) for word in words)


def test_a_child_process_loads_the_same_settings(tmp_path, monkeypatch):
    settings = load({"data": tmp_path / "d", "seed": 5, "alarm_command": "echo"}, cwd=tmp_path)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load({}, cwd=tmp_path / "elsewhere") == settings


def test_retention_is_one_table_and_each_entry_a_variable(tmp_path, monkeypatch):
    (tmp_path / "plateau.toml").write_text(
        "[retention]\nwarehouse_versions = 3\nlogs_days = 30\n", encoding="utf-8"
    )
    monkeypatch.setenv("PLATEAU_RETENTION_LOGS_DAYS", "365")
    settings = load({}, cwd=tmp_path)
    assert (settings.retention_warehouse_versions, settings.retention_logs_days) == (3, 365)
    assert settings.sources["retention_warehouse_versions"] == "plateau.toml [retention]"
    assert settings.sources["retention_logs_days"] == "PLATEAU_RETENTION_LOGS_DAYS"
    assert (settings.retention_vault, settings.retention_quarantine) == ("never", "never")
