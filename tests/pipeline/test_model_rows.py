"""A model that fails keeps its last good rows, whichever it is; who made them stays told."""

import pandas as pd
import pytest

from expectations.model_suites import MODEL_COLUMNS, STATUS_COLUMNS
from orchestration import model_rows
from orchestration.assets import model_checks, models, surgery
from orchestration.build import Build
from orchestration.journal import Journal
from orchestration.settings import load

CURVES, AGREEMENT = ("patient_curve", "decomposition"), "surgery_agreement"


@pytest.fixture
def night(tmp_path):
    """Function run_id -> build of that night on one warehouse file, and its journal."""
    settings = load({"data": tmp_path / "data"}, cwd=tmp_path)
    settings.builds.mkdir(parents=True)
    with Build(settings, "base", "one").write():
        pass

    def begin(run_id):
        return settings, Build(settings, "base", run_id), Journal(settings, run_id)

    return begin


def good(*names):
    """One row a table, told apart by nothing but its run."""
    return {name: pd.DataFrame({"term": ["a"]}) for name in names}


def rows(build, name):
    with build.read() as connection:
        return connection.execute(f'from "{name}"').df()


def status(build, model):
    return model_rows.earlier(build, model)


def fitted(build, names, model=model_rows.RELIEF, of_run=None):
    row = model_rows.attempt(build, model) | {"status": "converged"}
    model_rows.keep(build, row, good(*names), names, of_run=of_run)


def test_a_failed_attempt_keeps_the_rows_and_says_whose_they_are(night):
    _, first, _ = night("one")
    fitted(first, CURVES)
    fitted(first, ["posterior_check"], model_rows.CHECKS)
    kept = rows(first, "patient_curve")
    assert kept["run_id"].tolist() == ["one"] and kept["fitted_at"].notna().all()
    _, second, _ = night("two")
    failed = model_rows.attempt(second, model_rows.RELIEF) | {"reason": "no"}
    model_rows.keep(second, failed, None, CURVES)
    assert rows(second, "patient_curve").equals(kept)
    told = status(second, model_rows.RELIEF)
    assert (told["status"], told["run_id"], told["rows_run_id"]) == ("failed", "two", "one")
    assert told["rows_fitted_at"] == kept["fitted_at"].iloc[0]
    assert status(second, model_rows.CHECKS)["run_id"] == "one", "another model's row is its own"


def test_without_good_rows_ever_tables_stand_empty_as_they_are_documented(night):
    _, build, _ = night("one")
    model_rows.keep(build, model_rows.attempt(build, model_rows.SURGERY), None, [AGREEMENT])
    empty = rows(build, AGREEMENT)
    assert empty.empty and list(empty.columns) == list(MODEL_COLUMNS[AGREEMENT])
    assert status(build, model_rows.SURGERY)["rows_run_id"] is None


def test_a_status_table_of_an_earlier_plateau_is_made_anew(night):
    _, build, _ = night("one")
    with build.write() as connection:
        connection.execute("create table model_status as select 'relief' as model, 1 as gone")
    fitted(build, CURVES)
    assert list(rows(build, "model_status").columns) == list(STATUS_COLUMNS)


def broken(*_):
    raise ZeroDivisionError("a report of 55 %")


def nothing(*_):
    return "2 operated patients have a first evaluation to use, fewer than 3"


@pytest.mark.parametrize(
    ("asset", "names", "tonight", "said"),
    [
        (model_checks, model_checks.CHECK_TABLES, broken, "failed: the checks stopped on Zero"),
        (surgery, surgery.SURGERY_TABLES, broken, "failed: the model stopped on ZeroDivision"),
        (surgery, surgery.SURGERY_TABLES, nothing, "not_estimated: 2 operated patients have"),
    ],
)
def test_each_model_that_stops_keeps_what_it_had(night, monkeypatch, asset, names, tonight, said):
    model = model_rows.CHECKS if asset is model_checks else model_rows.SURGERY
    _, first, _ = night("one")
    fitted(first, CURVES)
    monkeypatch.setattr(asset, "_tables", lambda *_: good(*names))
    assert asset._attempt(*night("one"))["status"] in ("made", "estimated")
    settings, second, journal = night("two")
    fitted(second, CURVES)  # new curves, so that new checks are due
    monkeypatch.setattr(asset, "_tables", tonight)
    told = asset._attempt(settings, second, journal)
    assert f"{told['status']}: {told['reason']}".startswith(said)
    assert "55" not in told["reason"], "the text of an error may quote a report"
    for name in names:
        assert rows(second, name)["run_id"].tolist() == ["one"], name
    assert status(second, model)["rows_run_id"] == "one"


def test_checks_are_made_once_for_the_curves_that_stand(night, monkeypatch):
    settings, build, journal = night("one")
    fitted(build, CURVES)
    asked = []
    made = good(*model_checks.CHECK_TABLES)
    monkeypatch.setattr(model_checks, "_tables", lambda *_: asked.append(1) or made)
    assert not model_checks._attempt(settings, build, journal)["is_reused"]
    again = model_checks._attempt(*night("two"))
    assert (again["status"], again["is_reused"], len(asked)) == ("made", True, 1)
    assert again["rows_run_id"] == "one"


def test_a_fit_that_stops_keeps_the_curves(night, monkeypatch):
    settings, build, journal = night("one")
    fitted(build, models.CURVE_TABLES)
    monkeypatch.setattr(models.model_store, "read_data", broken)
    told, fresh = models._attempt(settings, build, journal)
    assert fresh is None and told["reason"] == "the fit stopped on ZeroDivisionError"
