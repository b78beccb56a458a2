"""What must hold of any fit: firewall, a posterior known in closed form, the distance."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from classical import published
from simulate.calibration import targets as study
from simulate.calibration.calibrate import Effort, calibrate
from simulate.calibration.emulator import Bank, fit_emulator
from simulate.calibration.ensemble import SHIPPED, Ensemble, Provenance, make_table
from simulate.calibration.replicas import standing
from simulate.calibration.sampler import look
from simulate.calibration.surface import surface
from simulate.scenario import load

SMALL = Effort(first=30, each=0, rounds=0, draws=20, members=20)
TWO = [(0, 0, 0), (3, 1, 1)]  # combinations of curve, noise and drop-out
STORY = Provenance("test", 1, "0", "", "", 0, 1, 40.0, "")


def ensemble_bytes(effort, structures=None):
    chosen = study.targets(study.calibration_rows())
    draws = calibrate(chosen, load("replica"), seed=7, effort=effort, structures=structures).draws
    return Ensemble(make_table(draws.place, draws.structure, draws.weight), STORY).to_bytes()


@pytest.fixture(scope="module")
def small_bytes():
    return ensemble_bytes(SMALL, TWO)


def alter_held_out(monkeypatch):
    """Multiply every figure that is not handed out; numbers only, dates stay."""
    figures = published.published_figures()
    held_out = ~figures["target_id"].isin(study.calibration_rows()["target_id"])
    figures.loc[held_out, "published"] = "77.7"
    assert held_out.sum() > 300
    monkeypatch.setattr(published, "published_figures", lambda: figures)


def test_held_out_figures_change_no_byte_of_the_ensemble(monkeypatch, small_bytes):
    alter_held_out(monkeypatch)
    assert ensemble_bytes(SMALL, TWO) == small_bytes


@pytest.mark.slow
def test_a_full_fit_under_altered_held_out_figures_gives_the_shipped_bytes(monkeypatch):
    """Minutes; the bytes are those of one kind of processor and one set of libraries."""
    alter_held_out(monkeypatch)
    chosen = study.targets(study.calibration_rows())
    draws = calibrate(chosen, load("replica"), seed=1, jobs=2).draws
    made = Ensemble(make_table(draws.place, draws.structure, draws.weight), STORY)
    assert made.to_bytes() == (SHIPPED / "thomas2024.csv").read_bytes()


def test_a_calibration_figure_does_change_the_ensemble(monkeypatch, small_bytes):
    figures = published.published_figures()
    figures.loc[figures["target_id"] == "test_period.pr.whole.session_1.mean", "published"] = "14.0"
    monkeypatch.setattr(published, "published_figures", lambda: figures)
    assert ensemble_bytes(SMALL, TWO) != small_bytes


def test_the_posterior_of_a_linear_world_is_the_closed_form_one():
    rng = np.random.default_rng(3)
    d, figures, levels = 5, 8, ((0, 1),)
    slopes = rng.standard_normal((d, figures))
    place, structure = rng.standard_normal((3000, d)), rng.integers(2, size=(3000, 1))
    bank = Bank(place, structure, place @ slopes + rng.standard_normal((3000, figures)))
    observed = rng.standard_normal(d) @ slopes
    own = surface(fit_emulator(bank, levels), (1,), observed, np.zeros(figures))
    found = look(own, np.zeros(d), rng, n=2000)
    covariance = np.linalg.inv(np.eye(d) + slopes @ slopes.T)
    mean = covariance @ slopes @ observed
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((found.place.mean(axis=0) - mean) / sd).max() < 0.25
    assert found.place.std(axis=0) / sd == pytest.approx(np.ones(d), abs=0.12)
    # figures are normal with this covariance before anything is seen
    law = multivariate_normal(np.zeros(figures), slopes.T @ slopes + np.eye(figures))
    unit = figures / 2 * np.log(2 * np.pi)  # left out of every density
    assert found.log_evidence == pytest.approx(law.logpdf(observed) + unit, abs=0.3)


def test_few_draws_of_many_parameters_keep_the_posteriors_width():
    """Steps that followed the draws' own covariance lost a fifth of it with a few hundred draws."""
    rng = np.random.default_rng(5)
    d, figures = 40, 30
    slopes = rng.standard_normal((d, figures)) / 4
    place = rng.standard_normal((3000, d))
    bank = Bank(
        place, np.zeros((3000, 1), int), place @ slopes + rng.standard_normal((3000, figures))
    )
    printed = rng.standard_normal(d) @ slopes
    own = surface(fit_emulator(bank, ((0,),)), (0,), printed, np.zeros(figures))
    found = look(own, np.zeros(d), rng, n=100)
    sd = np.sqrt(np.diag(np.linalg.inv(np.eye(d) + slopes @ slopes.T)))
    assert (found.place.std(axis=0) / sd).mean() == pytest.approx(1, abs=0.06)


def test_the_slopes_of_a_surface_are_those_of_its_height():
    rng = np.random.default_rng(8)
    place, structure = rng.standard_normal((900, 6)), rng.integers(3, size=(900, 1))
    answers = np.stack([place[:, 0] * place[:, 1], place[:, 2] ** 2, structure[:, 0] * place[:, 3]])
    bank = Bank(place, structure, answers.T + 0.3 * rng.standard_normal((900, 3)))
    own = surface(
        fit_emulator(bank, ((0, 1, 2),)), (2,), np.array([0.5, np.nan, 1]), np.full(3, 0.1)
    )
    at, small = 2 * rng.standard_normal(6), 1e-5 * np.eye(6)
    rises = (own.log_likelihood(at + small) - own.log_likelihood(at - small)) / 2e-5
    assert own.climbed(at[None])[1][0] == pytest.approx(rises, rel=1e-6, abs=1e-6)


def test_the_distance_of_a_study_is_even_among_its_own_replicas():
    rng = np.random.default_rng(9)
    mix = rng.standard_normal((6, 6))
    p = [standing((rng.standard_normal(6) @ mix), rng.standard_normal((199, 6)) @ mix).p
         for _ in range(200)]  # fmt: skip
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.06)
    far = standing(np.full(6, 20.0) @ mix, rng.standard_normal((199, 6)) @ mix)
    assert far.p == pytest.approx(1 / 200)
