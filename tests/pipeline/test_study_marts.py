"""The warehouse of studies: every kind in it, under contracts, and nothing replaced by a fault."""

import duckdb
import pandas as pd
import pytest

from orchestration import study_marts
from orchestration.errors import ChecksFailed
from orchestration.settings import load
from simulate.studies import files, marts
from simulate.studies.run import Plan, run

RUN = {"test_period_canary": 6, "subgroup_power": 4, "regression_to_mean": 2}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("studies")
    own = load({"data": root}, cwd=root)
    for name, n in RUN.items():
        run(files.load(name), own.studies, Plan(n, shard_size=n))
    return own


@pytest.fixture(scope="module")
def rows(settings):
    return marts.rows(settings.studies)


@pytest.fixture
def handed(monkeypatch, rows):
    """Function that puts other rows in place of what the studies left."""

    def put(name, frame):
        monkeypatch.setattr(marts, "rows", lambda *_: {**rows, name: frame})

    return put


def test_every_kind_of_study_stands_in_it(settings, rows):
    n_rows = study_marts.build(settings)
    assert n_rows["study_whatif_grid"] == 0
    with duckdb.connect(settings.studies / study_marts.FILE, read_only=True) as connection:
        held = {name for (name,) in connection.execute("show tables").fetchall()}
        assert held == set(marts.MARTS)
        for name in marts.MARTS:
            assert connection.execute(f"select count(*) from {name}").fetchone() == (n_rows[name],)
        told = connection.execute(
            "select study, count(distinct cell_id) from study_performance group by study"
        ).fetchall()
        nothing = connection.execute("describe study_whatif_grid").df()
    assert {name for name, _ in told} == set(RUN)
    assert dict(told)["subgroup_power"] == len(rows["study_trial_counts"])
    assert {"assumptions", "missed_per_100"} <= set(nothing["column_name"])
    assert not list(settings.studies.glob(".marts-*"))


@pytest.mark.parametrize(
    ("name", "fault", "said"),
    [
        ("study_shard", lambda t: pd.concat([t, t.assign(shard="again")]), "study_replicate_once"),
        ("study_trial_counts", lambda t: t.assign(n_rejected=t["n_tested"] + 1),
         "study_trial_counts_holds"),
        ("study_assurance", lambda t: t.drop(columns="trial"), "study_assurance"),
    ],
)  # fmt: skip
def test_a_fault_is_named_and_the_file_before_stands(settings, rows, handed, name, fault, said):
    path = settings.studies / study_marts.FILE
    path.write_bytes(b"the file before")
    handed(name, fault(rows[name]))
    with pytest.raises(ChecksFailed, match=said):
        study_marts.build(settings)
    assert path.read_bytes() == b"the file before"


def test_without_a_study_the_next_step_is_named(tmp_path):
    with pytest.raises(LookupError, match="plateau study run"):
        marts.rows(tmp_path)
