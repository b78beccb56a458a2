"""`plateau predict --surgery`: the model's own numbers, the basis, complications, and the words."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.parameters import NAMES
from bayes.posterior import Posterior
from bayes.surgery.prediction import Bands
from bayes.surgery.records import Candidates
from bayes.surgery.tables import outlook_of_new, surgery_tables
from orchestration.commands import predict, predict_surgery
from orchestration.settings import load

REFUSING = (
    r"not (be )?(operated|eligible)|unsuitable|contraindicat|refuse (the )?patient|will not work|"
    r"should|failure|poor candidate|benefit|effect of"
)


def candidates_of(x, first):
    rng = np.random.default_rng(1)
    relief = np.clip(np.asarray(x) + rng.normal(0, 4.0, (300, len(x))), 0, 100)
    law = (np.full(300, value) for value in (12.0, 0.6, 0.75))
    ids = np.array([f"{k:032x}" for k in range(len(x))])
    last = 10 * np.round(np.asarray(x) / 10)
    return Candidates(ids, relief, last, first, np.isfinite(first), *law, {"without": 0})


@pytest.fixture(scope="module")
def centre():
    """Forty candidates; nineteen operated, of whom three had reported less than 10 %."""
    x = np.concatenate([[2.0, 4, 4], np.linspace(12, 90, 16), np.linspace(0, 90, 21)])
    first = np.full(40, np.nan)
    first[:19] = np.clip(5 * np.round((x[:19] + 8) / 5), 0, 100)
    return candidates_of(x, first)


def test_who_is_no_candidate_is_told_what_a_candidate_with_such_a_result_is(centre):
    table = surgery_tables(centre, 1)["patient_surgery_outlook"]
    twin = 30  # not operated, so that nothing of his own is left out
    row = outlook_of_new(centre, centre.relief[:, twin], centre.last_report[twin], 1, Bands())
    for name in ("mean_relief_pct", "q05_relief_pct", "q95_relief_pct", "mean_surgeon_knew_pct"):
        assert row[name] == pytest.approx(table.loc[twin, name], abs=5), name
    assert row["n_similar"] == table.loc[twin, "n_similar"]
    far = outlook_of_new(centre, np.full(300, 90.0), 90.0, 1, Bands())
    assert abs(far["mean_relief_pct"] - row["mean_relief_pct"]) > 10, "it would be seen"


def test_below_10_percent_is_an_extrapolation(centre):
    row = outlook_of_new(centre, np.full(300, 2.0), 0.0, 1, Bands())
    assert (row["n_similar"], row["is_extrapolated"]) == (3, True)
    assert (
        "3 evaluated patients had a last reported relief below 10 %" in (row["extrapolated_reason"])
    )
    assert not outlook_of_new(centre, np.full(300, 80.0), 80.0, 1, Bands())["is_extrapolated"]


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A centre of 30 patients with a kept posterior, ten of them operated; nothing on disk."""
    rng = np.random.default_rng(3)
    ids = [f"{k:032x}" for k in range(30)]
    sessions = pd.DataFrame(
        {
            "patient_id": np.repeat(ids, 6),
            "session_no": np.tile(np.arange(1, 7), 30),
            "pain_relief_pct": 10.0 * rng.integers(0, 8, 180),
            "session_date": pd.Timestamp("2021-03-01"),
        }
    )
    cohort = prepare(sessions)
    covariates = covariates_of(cohort)
    scores = 0.1 * rng.standard_normal((1, 60, len(NAMES) + len(covariates.labels)))
    effects = np.zeros((1, 60, 30, 5))
    effects[..., 0] = 1.0
    effects[..., 2], effects[..., 3] = 20 + 40 * rng.random((60, 30)), np.log(0.5)
    posterior = Posterior(cohort, covariates, "marginal", scores, effects, 4)
    status = pd.DataFrame({"patient_id": ids})
    frames = {
        "model_status": pd.DataFrame({"model": ["relief"], "rows_run_id": ["a"]}),
        "patients": status.assign(lesion_level="central", lesion_site=None, stroke_type=None),
        "status": status,
        "sessions": sessions,
        "emcs": pd.DataFrame(
            {
                "patient_id": ids[:10],
                "n_sessions_before": 6,
                "emcs_first_relief_pct": 10.0 * rng.integers(0, 9, 10),
                "is_first_in_window": True,
                "is_first_conventional": True,
            }
        ),
        "safety_counts": pd.DataFrame(
            {
                "event_type": ["surgery_complication"], "n_events": [1], "n_asked": [10],
                "n_units": [10], "n_serious": [0], "n_seriousness_known": [1],
            }
        ),
        "surgery_estimate": pd.DataFrame({"n_evaluated": [10]}),
    }  # fmt: skip
    monkeypatch.setattr(predict, "require_live", lambda _: SimpleNamespace(kind="synthetic"))
    monkeypatch.setattr(predict, "read_tables", lambda _, names: {n: frames[n] for n in frames})
    draws = posterior.tree()["posterior"].to_dataset()
    monkeypatch.setattr(predict, "stored_draws", lambda *_: draws)
    return load({"data": tmp_path}, cwd=tmp_path), frames


def asked(settings, capsys, relief="0,0,0,0", *, as_json=False):
    lesion = dict.fromkeys(("level", "site", "origin"))
    given = {"patient": None, "relief": relief, "horizon": 15, "surgery": True}
    assert predict.run(settings, **given, **lesion, as_json=as_json) == 0
    return capsys.readouterr().out


def test_the_command_tells_interval_basis_and_complications(published, capsys):
    settings, _ = published
    told = json.loads(asked(settings, capsys, as_json=True))["surgery"]
    assert told["status"] == "predicted" and told["basis"]["n_evaluated"] == 10
    assert 0 <= told["q05"] <= told["mean"] <= told["q95"] <= 100
    assert told["q95"] - told["q05"] > 20, "ten operated patients say little"
    assert told["complications"].startswith("Complications of surgery: noted for 1 of 10")
    text = asked(settings, capsys)
    assert "what operated patients with such an rTMS result reported" in text
    assert text.index("Complications of surgery") < text.index("Nothing here is a reason to refuse")
    assert re.search(REFUSING, text.replace("reason to refuse surgery", ""), re.I) is None
    assert "on this page" not in text
    if told["basis"]["n_similar"] < 5:
        assert told["basis"]["extrapolated"] and "Extrapolated: " in text


def test_what_the_night_published_of_a_patient_is_what_is_told(published, capsys):
    _, frames = published
    row = {"mean_relief_pct": 41.0, "q05_relief_pct": 5.0, "q50_relief_pct": 40.0}
    row |= {"q95_relief_pct": 80.0, "p_reported_ge_10": 0.9, "p_reported_ge_30": 0.6}
    row |= {"p_reported_ge_50": 0.4, "mean_surgeon_knew_pct": 44.0, "n_similar": 7}
    row |= {"is_extrapolated": False, "extrapolated_reason": None, "rtms_relief_pct": 38.0}
    table = pd.DataFrame([{"patient_id": "a", "last_report_pct": 40.0, **row}])
    more = frames | {"patient_surgery_outlook": table}
    told = predict_surgery.outlook(None, more, None, "a", np.array([40.0]), None)
    assert (told["mean"], told["q05"], told["q95"]) == (41.0, 5.0, 80.0)
    assert told["p_reported_ge"] == {"10": 0.9, "30": 0.6, "50": 0.4}
    assert "41 % [5, 80]" in "\n".join(predict_surgery.sentences(told))


def test_without_operated_patients_the_reason_is_told(published, capsys):
    settings, frames = published
    frames["emcs"] = frames["emcs"].head(0)
    told = json.loads(asked(settings, capsys, as_json=True))["surgery"]
    assert (told["status"], told["reason"]) == ("not_predicted", "no patient was operated yet")
    frames["emcs"] = None
    del frames["emcs"]
    assert "no table of operated patients" in asked(settings, capsys)
