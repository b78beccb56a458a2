"""`plateau simulate`: worlds listed and shown, rows of cohorts, refused or written whole."""

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from orchestration.declarations.simulation import simulate
from orchestration.errors import WrongUse
from simulate import table
from simulate.batch import draw
from simulate.parameters import of_scenario
from simulate.scenario import available, load

EVERYTHING = (
    "recorded,latent,expected,reported,uninterrupted,truth,covariates,calendar,surgery,demography"
)


def run(*args, command="cohort"):
    return CliRunner().invoke(simulate, [command, *args], standalone_mode=False)


def test_rows_are_the_delivered_sessions_of_the_same_cohorts(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "ROWS_AT_ONCE", 300)  # patients of one cohort fall in two pieces
    out = tmp_path / "cohorts.parquet"
    result = run(
        "--replicates", "3", "--patients", "30", "--seed", "4", "--out", str(out), "--json",
        "--what", EVERYTHING,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = pq.read_table(out)
    batch = draw(of_scenario(load("replica")), 4, 3, 30, what=("calendar",))
    assert json.loads(result.output)["rows"] == rows.num_rows == batch.n_sessions.clip(0, 15).sum()
    assert rows.schema.metadata[b"source"] == b"plateau-simulate: SYNTHETIC DATA"
    relief = batch.recorded[~(batch.recorded != batch.recorded)]
    assert rows["pain_relief_pct"].drop_null().to_pylist() == relief.tolist()
    frame = rows.to_pandas()
    assert frame["is_synthetic"].all()
    assert frame.groupby(["replicate", "patient"])["session_no"].apply(list).map(max).max() == 15
    assert set(frame["lesion_level"]) <= {"central", "peripheral", "mixed"}
    dated = frame.sort_values(["replicate", "patient", "session_no"])
    assert (dated["evaluation_date"] > dated["session_date"]).all()


def test_another_number_of_threads_writes_the_same_bytes(tmp_path):
    for jobs in ("1", "2"):
        run("--replicates", "40", "--out", str(tmp_path / f"{jobs}.parquet"), "--jobs", jobs)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--scenario", "paradise"), "no scenario 'paradise'; there are: accumulation_only"),
        (("--set", "measurement.noise=3"), "no field measurement.noise; measurement has: noise_sd"),
        (("--set", "noise"), "write FIELD=VALUE"),
        (("--set", "course.other_hazard=-1"), "course.other_hazard: -1 lies outside 0 to 1"),
        (("--set", "clinic.n_patients=1"), "clinic.n_patients"),
        (("--set", "population.topography.face_neck=500"), "margin of .* cannot be reached"),
        (("--set", "population.ensemble=nowhere"), "no ensemble 'nowhere'; there are: "),
        (("--horizon", "3"), "horizon must reach session 4"),
        (("--horizon", "0"), "horizon must reach session 4"),
        (("--what", "plateau"), "no 'plateau'; there are"),
        (("--what", "npsi"), "npsi is no column of sessions"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(tmp_path, args, message):
    out = tmp_path / "cohorts.parquet"
    result = run("--out", str(out), *args)
    assert result.exception is not None
    with pytest.raises(WrongUse, match=message):
        raise result.exception
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--class", "24"), "--class says of which defects, not how many: add --per-class N"),
        (("--mechanism", "mnar"), "--mechanism says of which defects, not how many"),
        (("--per-class", "1", "--class", "69", "--class", "71"), "one habit to a clinic"),
        (("--per-class", "1", "--export", "redcap"), "leave out --export"),
        (("--per-class", "1", "--defects", "heavy"), "stands instead of --defects"),
    ],
)
def test_defects_that_cannot_be_meant_are_refused(tmp_path, args, message):
    result = run("--out", str(tmp_path / "clinic"), *args, command="clinic")
    with pytest.raises(WrongUse, match=message):
        raise result.exception
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path):
    result = run("--out", str(tmp_path / "none" / "cohorts.parquet"))
    with pytest.raises(WrongUse, match="there is no folder .*none: make it first"):
        raise result.exception


def test_the_worlds_are_listed_by_name_and_identity():
    listed = json.loads(run("--json", command="list").output)["scenarios"]
    assert {one["scenario"]: one["scenario_id"] for one in listed} == {
        name: load(name).scenario_id for name in available()
    }


def test_a_world_that_is_shown_is_a_world_to_load(tmp_path):
    shown = run("covid", "--set", "course.extra_share=0.2", command="show").output
    (tmp_path / "mine.yaml").write_text(shown, encoding="utf-8")
    mine = load(str(tmp_path / "mine.yaml"))
    assert mine.scenario_id == load("covid", {"course.extra_share": 0.2}).scenario_id
    assert mine.scenario_id in shown
