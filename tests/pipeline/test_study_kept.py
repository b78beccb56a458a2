"""A run says that it compiles where it will, and nothing where code is kept or nothing is to do."""

import pytest
from click.testing import CliRunner

from orchestration.cli import cli
from orchestration.commands.study_run import COMPILING
from simulate.studies import files, kept
from simulate.studies.run import Plan, run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("kept")
    run(files.load("test_period_canary"), root / "studies", Plan(2))
    return root


def said(data, replicates):
    words = ["study", "run", "test_period_canary", "--replicates", str(replicates)]
    done = CliRunner().invoke(cli, [*words, "--data", str(data)], standalone_mode=False)
    assert done.exception is None, done.output
    return COMPILING in done.stderr


def test_what_was_run_is_kept_and_other_code_is_not(data, monkeypatch):
    assert not kept.must_compile("test_periods")
    assert not kept.must_compile("trials")
    kernel = kept._kernels("test_periods")[1]
    monkeypatch.setattr(kernel._cache._cache_file, "_source_stamp", "other code")
    assert kept.must_compile("test_periods")
    assert not kept.must_compile("trials")


def test_the_command_says_so_only_where_cohorts_are_to_be_made(data, monkeypatch):
    assert not said(data, 3)
    monkeypatch.setattr(kept, "must_compile", lambda _: True)
    assert said(data, 4)
    assert not said(data, 4)
