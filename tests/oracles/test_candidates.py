"""Patients behind a study of referral: closed forms solved back, and the study's own truths."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from report.studies.referral import STATED, answer, section
from simulate.studies import files
from simulate.studies.estimates import candidates, counting
from simulate.studies.estimates.performance import performance
from simulate.studies.worlds import worlds

Z = float(norm.ppf(0.975))
ONE_WORLD = {"data.vary": {"surgery.emcs_sd": [19.0], "course.surgery_per_point": [0.0]}}


@pytest.fixture(scope="module")
def design():
    return files.load("surgery_referral", ONE_WORLD)


@pytest.fixture(scope="module")
def rows(design):
    """Figures of twelve cohorts of the world, by method, estimand and measure."""
    (world,) = worlds(design)
    counts = counting.count(design, world, range(12)).to_pandas()
    cells = pd.concat([counting.cells(design, world), counts], axis=1)
    told = performance(cells).merge(cells[["cell_id", "method", "estimand"]], on="cell_id")
    return told.set_index(["method", "estimand", "measure"])["estimate"]


@pytest.mark.parametrize("rho", [0.1, 0.5, 0.83, 0.96])
@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
def test_the_interval_of_the_pairs_needed_has_the_half_width_asked(rho, width):
    n = candidates.of_correlation(rho, width, Z)
    half = Z * np.sqrt(1.06 / (n - 3))
    ends = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    assert (ends[1] - ends[0]) / 2 == pytest.approx(width, rel=1e-9)
    fewer = Z * np.sqrt(1.06 / (0.8 * n - 3)) if 0.8 * n > 3 else np.inf
    ends = np.tanh(np.arctanh(rho) + np.array([-fewer, fewer]))
    assert (ends[1] - ends[0]) / 2 > width


def test_pairs_needed_are_those_whose_intervals_the_study_simulates(rows):
    """The mean width that 100 operated give is asked back: about 100 are needed for it."""
    truth, width = (rows["spearman_100", "correlation", m] for m in ("truth", "interval_width"))
    n = candidates.of_correlation(truth, width / 2, Z)
    assert n == pytest.approx(100, rel=0.15)


def test_what_candidates_are_told_is_the_studys_truth(design, rows):
    told = candidates.of_100(design).set_index("cut_pct")
    for cut, method in ((10, "at_least_10_of_25"), (50, "at_least_50_of_25")):
        row = told.loc[cut]
        assert row["relief_at_least"] == pytest.approx(rows[method, "ppv", "truth"], abs=0.01)
        assert 100 - row["relief_below"] == pytest.approx(rows[method, "npv", "truth"], abs=0.01)
        assert row["at_least"] + row["below"] == pytest.approx(100)
    whole = told["at_least"] * told["relief_at_least"] + told["below"] * told["relief_below"]
    assert whole.max() == pytest.approx(whole.min()), "the same patients, however they are cut"


def test_patients_needed_come_from_the_truth_and_from_who_is_operated(design, rows):
    found = candidates.needed(design, (0.1, 0.2)).set_index(["quantity", "half_width"])
    one = found.loc[("correlation", 0.1)]
    assert one["truth"] == pytest.approx(rows["spearman_25", "correlation", "truth"], abs=0.001)
    assert one["n_operated"] == np.ceil(candidates.of_correlation(one["truth"], 0.1, Z))
    operated = one["n_operated"] / one["n_start"]
    assert 0.05 < operated < 0.5
    above, below = found.loc[("at_least", 0.1)], found.loc[("below", 0.1)]
    side = candidates.of_share(above["truth"], 0.1, Z) / above["n_operated"]
    other = candidates.of_share(below["truth"], 0.1, Z) / below["n_operated"]
    assert side + other == pytest.approx(1, abs=0.02), "who is operated is on one side of the cut"
    assert (found["n_operated"].xs(0.2, level=1) < found["n_operated"].xs(0.1, level=1)).all()


def test_the_page_tells_them_and_never_what_to_do(design):
    of_100 = candidates.of_100(design)
    needed = candidates.needed(design, (0.05, STATED, 0.2))
    said = " ".join(block.text for block in answer(of_100, needed))
    n = needed[(needed["quantity"] == "correlation") & (needed["half_width"] == STATED)].iloc[0]
    assert f"{n['n_operated']:.0f} operated patients are needed" in said
    row = of_100[of_100["cut_pct"] == 30].iloc[0]
    assert f"{row['at_least']:.0f} last reported at least 30 %" in said
    (one,) = section(of_100, needed)
    text = said + " ".join(str(block.html) for block in one.blocks)
    for word in ("fail", "refuse", "should not", "will not", "effect of"):
        assert word not in text.lower(), word
    nobody = of_100.assign(relief_below=0.0, relief_at_least=100.0)
    edges = str(section(nobody, needed)[0].blocks[0].html)
    assert "under 1 of 100" in edges
    assert "over 99 of 100" in edges
