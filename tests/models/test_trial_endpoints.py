"""Endpoints of trials: correlations declared, recall, composites, wrong visits, methods."""

import numpy as np
import pandas as pd
import pytest

from simulate import batch
from simulate.parameters import of_scenario
from simulate.studies import files, worlds
from simulate.studies.trials import conjugate
from simulate.studies.trials.analyses import analyse
from simulate.studies.trials.conduct import Arms, conduct, hide
from simulate.studies.trials.counting import cells, count
from simulate.studies.trials.endpoints import Event
from simulate.studies.trials.performance import performance

STUDY, LEVEL, R, N = "sham_endpoints", 0.05, 60, 400
READINGS = frozenset({"relief", "vas_fall", "pgic"})


@pytest.fixture(scope="module")
def design():
    return files.load(STUDY)


def drawn(design, response, **changes):
    trial = design.data.trials[0].model_copy(update={"sessions": (4,)})
    law = design.data.responses[response].model_copy(update=changes)
    world = worlds.worlds(design)[0]
    return conduct(trial, of_scenario(world, R), 1, np.arange(R), N, asked=READINGS, law=law)


@pytest.fixture(scope="module")
def felt(design):
    world = worlds.worlds(design)[0]
    active = of_scenario(world, R).with_values(sham_share=0.0)
    latent = batch.draw(active, 1, np.arange(R), N // 2, 4, ("latent",)).latent
    return np.clip(latent, 0, 100).astype(float)


@pytest.mark.parametrize(("name", "wanted"), [("correlation_04", 0.4), ("correlation_08", 0.8)])
def test_answers_have_the_correlation_declared(design, felt, name, wanted):
    found = drawn(design, name)
    for reading, sign in (("vas_fall", 1), ("pgic", -1)):
        own = found[reading].first[..., 3].ravel()
        assert np.corrcoef(own, felt[..., 3].ravel())[0, 1] == pytest.approx(
            sign * wanted, abs=0.02
        )
    vas, pgic = found["vas_fall"].first, found["pgic"].first
    assert set(np.unique(pgic)) <= set(range(1, 8))
    assert vas.max() <= 10
    assert np.allclose(np.round(10 * vas), 10 * vas)


def test_of_what_parts_them_the_stable_share_stays(design, felt):
    def between_visits(share):
        fall = drawn(design, "correlation_04", stable_share=share)["vas_fall"].first
        rest = [fall[..., k].ravel() - np.poly1d(np.polyfit(f, v, 1))(f)
                for k in (2, 3)
                for f, v in [(felt[..., k].ravel(), fall[..., k].ravel())]]  # fmt: skip
        return np.corrcoef(*rest)[0, 1]

    none, half, whole = (between_visits(share) for share in (0.0, 0.5, 1.0))
    assert none < half - 0.2 < whole - 0.3


def test_a_correlation_beyond_the_scale_is_refused(design):
    with pytest.raises(ValueError, match=r"vas_correlation: 0.99 is more than this world allows"):
        drawn(design, "correlation_04", vas_correlation=0.99)


def test_recall_moves_relief_alone_and_drift_grows_with_sessions(design):
    exact, off = drawn(design, "correlation_06"), drawn(design, "recall_off")
    assert (exact["vas_fall"].first == off["vas_fall"].first).all()
    assert (exact["pgic"].second == off["pgic"].second).all()
    shift = (off["relief"].second - exact["relief"].second).mean(axis=(0, 1))
    assert shift[0] == pytest.approx(8, abs=2), "a tenth more pain remembered, little relief"
    assert (np.diff(shift) > 0.5).all()
    exactly = {"recall_bias": 0.0, "recall_sd": 0.0, "anchor_drift": 0.0}
    assert (drawn(design, "recall_off", **exactly)["relief"].first == exact["relief"].first).all()


def test_a_composite_is_what_its_words_say(design):
    event = design.data.endpoints["composite"]
    by = {
        "relief": np.array([30, 29, 29, 29, np.nan]),
        "pgic": np.array([5, 2, 2, 3, np.nan]),
        "vas_fall": np.array([0, 2, 1.9, 5, np.nan]),
    }
    assert event.values(by).tolist()[:4] == [1, 1, 0, 0]
    assert np.isnan(event.values(by)[4])
    assert event.readings == READINGS
    assert Event.model_validate({"any_of": [{"pgic_at_most": 2}]}).values(by)[1] == 1


def test_reports_at_the_wrong_visit_are_those_of_the_session_before():
    design = files.load("missing_reports")
    (world,) = worlds.worlds(design)
    trial = design.data.trials[0]
    right = conduct(trial, of_scenario(world, R), 1, np.arange(R), 200)
    law = design.data.missing["misplaced_30"]
    told = hide(right, law, world, 1, np.arange(R))["relief"].first
    own = right["relief"].first
    assert (told[..., 0] == own[..., 0]).all()
    before = np.concatenate([own[..., :1], own[..., :-1]], axis=-1)
    assert ((told == own) | (told == before)).all()
    differ = own[..., 1:] != before[..., 1:]
    assert (told != own)[..., 1:][differ].mean() == pytest.approx(0.3, abs=0.01)


def test_wrong_visits_flip_status_and_bend_the_slope_as_arithmetic_says():
    """A share w of reports one visit late lowers the mean of session k by w (m_k - m_(k-1))."""
    changes = {
        "data.trials.0.n_patients": [193], "data.trials.0.sessions": [4],
        "data.trials.0.missing": ["none", "misplaced_10", "misplaced_30"],
        "headline.missing": "none", "world.response.half_gain_sessions": 6.0,
    }  # fmt: skip
    design = files.load("missing_reports", changes)
    one = design.data.model_copy(update={"trials": design.data.trials[:1]})
    design = design.model_copy(update={"data": one})
    (world,) = worlds.worlds(design)
    large = conduct(one.trials[0], of_scenario(world), 9, np.array([0]), 100_000)["relief"].first
    steps = np.diff(large.mean(axis=(0, 1)))
    expected = -(np.array([-0.5, 0.5, 1.5]) @ steps) / 5
    table = pd.concat([cells(design, world), count(design, world, range(500)).to_pandas()], axis=1)
    found = performance(table, ("bias", "status_flips")).merge(table, on="cell_id")
    found = found[found["method"] == "lmm_slope"].set_index(["measure", "missing"])
    value, error = found["estimate"], found["mcse"]
    assert value["status_flips", "none"] == 0
    assert 0 < value["status_flips", "misplaced_10"] < value["status_flips", "misplaced_30"] < 0.3
    for law, share in (("none", 0.0), ("misplaced_10", 0.1), ("misplaced_30", 0.3)):
        off = value["bias", law] - share * expected
        assert abs(off) < 4 * error["bias", law], law
    assert abs(value["bias", "misplaced_30"]) > 4 * error["bias", "misplaced_30"], "it is seen"


def test_where_nothing_differs_new_methods_reject_at_most_five_of_a_hundred(design):
    changes = {"world.response.sham_gain": 1.0, "data.vary": {}, "headline.missing": "usual"}
    trial = {"name": "correlation_06", "design": "parallel", "n_patients": [60], "sessions": [6],
             "missing": ["usual"], "response": "recall_off", "second_share": 0.5}  # fmt: skip
    null = files.load(STUDY, changes | {"data.trials": [trial]})
    (world,) = worlds.worlds(null)
    table = pd.concat([cells(null, world), count(null, world, range(1000)).to_pandas()], axis=1)
    found = performance(table, ("power", "truth", "failed")).merge(table, on="cell_id")
    by = found.set_index(["measure", "method"])["estimate"]
    error = np.sqrt(0.05 * 0.95 / 1000)
    for method in ("relief_mmrm", "vas_mmrm", "pgic_ordinal"):
        assert abs(by["power", method] - 0.05) < 4 * error, method
    for method in ("relief_bayes", "composite_bayes", "composite_fisher"):
        assert by["power", method] < 0.05 + 4 * error, method
    assert (by["truth"] == 0).all()
    assert (by["failed"] == 0).all()


def test_posteriors_are_those_of_many_draws():
    rng = np.random.default_rng(5)
    found = conjugate.beta(
        np.array([12.0]), np.array([30.0]), np.array([5.0]), np.array([28.0]), (1.0, 1.0), LEVEL
    )
    a, b = rng.beta(13, 19, 400_000), rng.beta(6, 24, 400_000)
    log_odds = np.log(a / (1 - a)) - np.log(b / (1 - b))
    assert found.mean[0] == pytest.approx(log_odds.mean(), abs=0.01)
    assert found.p[0] == pytest.approx(2 * (a < b).mean(), abs=0.003)
    assert (found.lo[0], found.hi[0]) == pytest.approx(
        np.quantile(log_odds, [0.025, 0.975]), abs=0.05
    )
    one = conjugate.normal(np.array([10.0]), np.array([5.0]), 15.0, LEVEL)
    assert one.mean[0] == pytest.approx(9)
    flat = conjugate.normal(np.array([10.0]), np.array([5.0]), 1e6, LEVEL)
    assert flat.p[0] == pytest.approx(0.0455, abs=1e-4)


def test_a_sceptical_prior_rejects_less_and_covers_less_far_from_it(design):
    rng = np.random.default_rng(6)
    y = rng.normal(0, 20, (4000, 40, 1))
    y[:, :20] += 20
    arms = Arms(y[:, :20], y[:, 20:], y[:, :0])
    method = next(m for m in design.methods if m.method == "bayes_normal")
    doubts, flat = (
        analyse(method.model_copy(update={"prior_sd": sd}), arms, LEVEL) for sd in (5.0, 1e5)
    )
    assert (doubts.p < LEVEL).mean() < (flat.p < LEVEL).mean() - 0.1
    held = [((f.lo <= 20) & (f.hi >= 20)).mean() for f in (doubts, flat)]
    assert held[0] < 0.7 < held[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"methods.0.endpoint": "pain"},
            "relief_mmrm names endpoint 'pain' .there are: relief, vas",
        ),
        ({"data.trials.0.response": "none"}, "names response 'none' .there are: correlation_04"),
        ({"methods.3.endpoint": "vas"}, "relief_30_fisher of log_odds_ratio can analyse no trial"),
        ({"data.endpoints.composite": {"any_of": [{}]}}, "a condition needs one of: relief_at"),
        ({"data.endpoints.vas": {"reading": "eva"}}, "data.endpoints.vas"),
        ({"data.responses.correlation_04.pgic_cuts_pct": [1, 2, 3, 4, 5, 6]}, "must fall"),
        ({"data.missing.usual.wrong_visit": 2}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_is_named_at_once(changes, said):
    with pytest.raises(ValueError, match=said):
        files.load(STUDY, changes)
