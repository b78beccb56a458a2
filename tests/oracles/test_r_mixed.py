"""Random-intercept and random-slope models against lme4 and lmerTest."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from classical.mixed import fit_random_intercept
from classical.random_slope import fit_random_slope

R = Path(__file__).parent / "data" / "r"
MODELS = {
    "dyestuff": ("dyestuff", "Yield", "Batch", None, None),
    "dyestuff2_singular": ("dyestuff2", "Yield", "Batch", None, None),
    "orthodont_ri": ("orthodont", "distance", "Subject", "age", None),
    "orthodont_ri_interaction": ("orthodont", "distance", "Subject", "age", "Sex"),
    "sleepstudy_ri": ("sleepstudy", "Reaction", "Subject", "Days", None),
    "sleepstudy_unbalanced_ri": ("sleepstudy_unbalanced", "Reaction", "Subject", "Days", None),
}


def load(name):
    return json.loads((R / f"lmm_{name}.json").read_text())


def columns(expected, field):
    return [row[field] for row in expected["coefficients"]]


def agrees(found, expected):
    assert_allclose(found.estimate, columns(expected, "estimate"), rtol=1e-7)
    assert_allclose(found.se, columns(expected, "se"), rtol=1e-7)
    assert_allclose(found.df, columns(expected, "df_satterthwaite"), rtol=3e-6)
    assert_allclose(found.p, columns(expected, "p"), rtol=1e-4)
    limits = np.array(columns(expected, "ci_t_satterthwaite"))
    assert_allclose(np.column_stack([found.lo, found.hi]), limits, rtol=1e-6)
    assert found.sigma == pytest.approx(expected["sigma"], rel=1e-7)
    assert found.reml_criterion == pytest.approx(expected["reml_criterion"], rel=1e-9)
    assert (found.n, found.n_patients) == (expected["n_obs"], expected["n_groups"])
    assert found.status == ("boundary" if expected["singular"] else "ok")


@pytest.mark.parametrize("name", MODELS)
def test_random_intercept_equals_lme4(name):
    file, outcome, group, time, factor = MODELS[name]
    frame = pd.read_csv(R / f"{file}.csv")
    design = [np.ones(len(frame))]
    if time:
        design.append(frame[time].to_numpy(dtype=float))
    if factor:
        female = (frame[factor] == "Female").to_numpy(dtype=float)
        design += [female, female * design[1]]
    found = fit_random_intercept(frame[outcome], np.column_stack(design), frame[group])
    expected = load(name)
    agrees(found, expected)
    assert found.tau == pytest.approx(expected["varcorr"][0]["sdcor"], abs=1e-5)


def test_random_slope_equals_lme4():
    frame = pd.read_csv(R / "sleepstudy.csv")
    design = np.column_stack([np.ones(len(frame)), frame["Days"]])
    found = fit_random_slope(frame["Reaction"], design, frame["Days"], frame["Subject"])
    expected = load("sleepstudy_rs")
    agrees(found, expected)
    intercept, slope, between, _ = expected["varcorr"]
    assert_allclose(
        np.sqrt(np.diag(found.covariance)), [intercept["sdcor"], slope["sdcor"]], atol=1e-5
    )
    assert found.covariance[0, 1] == pytest.approx(between["vcov"], rel=1e-5)


def test_slopes_that_do_not_vary_are_the_boundary_and_equal_the_random_intercept():
    rng = np.random.default_rng(3)
    patient, time = np.repeat(np.arange(30), 4), np.tile(np.arange(1.0, 5), 30)
    noise = rng.normal(0, 5, (30, 4))
    centred = np.arange(4) - 1.5
    noise -= (noise @ centred / (centred @ centred))[:, None] * centred  # equal slopes
    y = 2 * time + rng.normal(0, 20, 30)[patient] + noise.ravel()
    design = np.column_stack([np.ones(120), time])
    one, two = fit_random_intercept(y, design, patient), fit_random_slope(y, design, time, patient)
    assert two.status == "boundary"
    assert two.covariance[1, 1] < 1e-6
    assert_allclose(two.estimate, one.estimate, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "time", "patient", "cause"),
    [
        ([], [], [], "no observations"),
        ([1, 2, 4], [1, 2, 3], [1, 1, 1], "one patient"),
        ([7] * 8, [1, 2, 3, 4] * 2, [1] * 4 + [2] * 4, "the outcome is constant"),
        ([1, 2, 3, 5], [1, 2, 1, 2], [1, 1, 2, 2], "too few observations a patient"),
        ([1, 5, 2, 8, 3, 1], [1] * 6, [1, 1, 1, 2, 2, 2], "the design does not vary"),
        ([1, 2, 3, 2, 4, 6], [1, 2, 3] * 2, [1, 1, 1, 2, 2, 2], "no variation within"),
    ],
)
def test_random_slope_says_why_it_cannot(y, time, patient, cause):
    design = np.column_stack([np.ones(len(y)), np.array(time, dtype=float)])
    found = fit_random_slope(y, design, time, patient)
    assert found.status.startswith(f"not_estimable: {cause}")
    assert np.isnan(found.estimate).all()


def test_infinite_values_are_refused():
    with pytest.raises(ValueError, match="finite"):
        fit_random_slope([1.0, np.inf], np.ones((2, 1)), [1, 2], [1, 2])
