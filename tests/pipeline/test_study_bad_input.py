"""Bad input of `plateau study`: the file at fault is named at once, nothing is lost, it resumes."""

import errno
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from orchestration import study_page
from orchestration.cli import cli
from simulate.studies import store

ASKED = ("test_period_canary", "--set", "data.n_patients=20")


def study(root, command, *more):
    return CliRunner().invoke(cli, ["study", command, *ASKED, *more, "--data", str(root)])


def refused(root, command, *more):
    """What a command says when it cannot do what is asked: its own words, no stack of Python's."""
    done = study(root, command, *more)
    assert done.exit_code != 0
    assert type(done.exception).__name__ in ("PlateauError", "WrongUse", "StoreError")
    return str(done.exception)


def run(root, n=8):
    return study(root, "run", "--replicates", str(n), "--shard-size", "4", "--quiet", "--json")


@pytest.fixture
def filled(tmp_path):
    assert run(tmp_path).exit_code == 0
    return tmp_path


def shards(root):
    return sorted(root.rglob("replicates-*.parquet"))


def claim(path, content):
    """Put content into a shard and let its manifest vouch for it."""
    manifest = path.with_suffix(".json")
    path.write_bytes(content)
    told = json.loads(manifest.read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(told))


def without(path):
    path.unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def cut_manifest(path):
    path.with_suffix(".json").write_text("{")


def of_another_design(path):
    manifest = path.with_suffix(".json")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"design_id": "0" * 16}))


def no_parquet(path):
    claim(path, b"abc")


def fewer_cells(path):
    sink = pa.BufferOutputStream()
    pq.write_table(pq.read_table(path, partitioning=None).slice(0, 5), sink)
    claim(path, sink.getvalue().to_pybytes())


@pytest.mark.parametrize("harm", [cut, cut_manifest, of_another_design, no_parquet, fewer_cells])
@pytest.mark.parametrize("place", [0, 1])
def test_a_bad_shard_is_named_by_every_reader_and_made_anew_alone(filled, harm, place):
    path, other = shards(filled)[place], shards(filled)[1 - place]
    good, kept = path.read_bytes(), other.read_bytes()
    harm(path)
    page = str(filled / "page.html")
    for command, *more in (
        ("run", "--replicates", "12", "--quiet"), ("show",), ("show", "--out", page),
        ("whatif", "--out", page),
    ):  # fmt: skip
        said = refused(filled, command, *more)
        assert path.stem in said, command
        assert other.stem not in said, command
        assert f"remove {path.name} and its .json, and run again" in said, command
    without(path)
    done = run(filled)
    assert json.loads(done.output)["made"] == 4
    assert path.read_bytes() == good
    assert other.read_bytes() == kept


@pytest.mark.parametrize("at", [".parquet", ".json"])
def test_a_full_disk_is_named_and_the_same_command_goes_on(tmp_path, monkeypatch, at):
    real, written = store.write_whole, []

    def full(path, content):
        written.append(path.name)
        if path.suffix == at and path.name != "design.json" and len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    monkeypatch.setattr(store, "write_whole", full)
    done = run(tmp_path)
    assert done.exit_code != 0
    assert "No space left on device" in str(done.exception)
    assert "run the same command again" in str(done.exception)
    kept = shards(tmp_path)[0].read_bytes()
    monkeypatch.undo()
    again = run(tmp_path)
    assert json.loads(again.output)["made"] == 4
    assert shards(tmp_path)[0].read_bytes() == kept


def test_a_page_that_cannot_be_written_is_named(filled, monkeypatch):
    (filled / "file").write_text("in the way")
    said = refused(filled, "show", "--out", str(filled / "file" / "page.html"))
    assert "page.html cannot be written" in said
    assert "name another --out" in said

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(study_page, "replace_file", full)
    page = filled / "page.html"
    assert "No space left on device" in refused(filled, "show", "--out", str(page))
    assert not page.exists()


def test_a_page_replaces_a_page_and_nothing_else(filled):
    page, notes, empty = (filled / name for name in ("page.html", "notes.html", "empty.html"))
    assert study(filled, "show", "--out", str(page)).exit_code == 0
    first = page.read_bytes()
    assert study(filled, "show", "--out", str(page)).exit_code == 0
    notes.write_text("<p>my own notes</p>")
    for command in ("show", "whatif"):
        said = refused(filled, command, "--out", str(notes))
        assert "notes.html is there and no file of this command" in said
        assert "--force" in said
    assert notes.read_text() == "<p>my own notes</p>"
    empty.touch()
    assert study(filled, "show", "--out", str(empty)).exit_code == 0
    assert study(filled, "show", "--out", str(notes), "--force").exit_code == 0
    assert notes.read_bytes() == first


def test_a_grid_replaces_a_grid_and_nothing_else(filled):
    grid = filled / "grid.parquet"
    ask = ("whatif", "--out", str(filled / "p.html"), "--table", str(grid))
    worlds = ("--set", "data.vary={measurement.noise_sd: [18.0, 24.0]}",
              "--set", "performance.measures=all")  # fmt: skip
    assert study(filled, "run", "--replicates", "4", "--quiet", *worlds).exit_code == 0
    assert study(filled, *ask, *worlds).exit_code == 0
    assert study(filled, *ask, *worlds).exit_code == 0
    pq.write_table(pa.table({"a": [1]}), grid)
    assert "no file of this command" in refused(filled, *ask, *worlds)
    grid.write_text("a,b")
    assert "no file of this command" in refused(filled, *ask, *worlds)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("show", "--measure", "sensitivty"), "did you mean sensitivity?"),
        (("run", "--set", "data.n_patient=3"), "did you mean n_patients?"),
        (("status", "--set", "methods.0.targts=all"), "did you mean targets?"),
        (("whatif", "--out", "x.html", "--set", "data.worlds=[replca]"), "no scenario 'replca'"),
        (("size",), "is about test periods: it has no size"),
    ],
)
def test_unknown_names_are_told_with_what_there_is(filled, more, said):
    assert said in refused(filled, *more)
    assert not Path("x.html").exists()
