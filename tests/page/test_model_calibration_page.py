"""The page of calibration plots: labelled, self-contained, with every number of its panels."""

import re

import numpy as np
import pandas as pd
import pytest

from bayes.scoring import calibration_bands
from report.model_calibration import build


@pytest.fixture(scope="module")
def html():
    rng = np.random.default_rng(2)
    p = rng.random(600)
    bands = calibration_bands(p, rng.random(600) < p, np.arange(600) % 3, rng, times=3)
    counts = pd.DataFrame({"left": [0.0, 0.5], "right": [0.5, 1.0], "n": [310, 290]})
    said = {"ici": 0.0413, "ici_if_true": 0.004, "n": 600}
    curves = {("plateau", "all at k", k): (pd.DataFrame(bands), counts, said) for k in (2, 4)}
    bins = pd.DataFrame(
        {"left": [0.0, 0.5], "right": [0.5, 1.0], "share": [1.2, 0.8], "low": 0.7, "high": 1.3}
    )
    return build(curves, {("next", 2): (bins, 400)}, "3 simulated clinics, seed 71")


def test_it_is_labelled_and_asks_for_nothing(html):
    assert html.count("SIMULATED") + html.count("Simulated data") >= 3
    assert not re.search(r"<script|<link|@import|url\((?!#)", html)
    assert "3 simulated clinics, seed 71" in html


def test_its_figures_say_their_numbers(html):
    assert html.count('<svg role="img"') == 3
    assert "600 patients; ICI 0.041" in html and "0.004" in html and "400 reports" in html
    assert "figure-late" not in html, "no figure where nothing was predicted"
