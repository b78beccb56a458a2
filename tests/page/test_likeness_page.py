"""A simulated clinic beside the study: labelled, self-contained, with the clinic's own numbers."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from orchestration.declarations import calibration
from orchestration.errors import WrongUse
from report import likeness as page
from simulate.batch import draw
from simulate.calibration import likeness
from simulate.parameters import of_scenario
from simulate.scenario import load


@pytest.fixture(scope="module")
def clinic():
    worlds = of_scenario(load("replica"), 1)
    return draw(worlds, 1, [0], 60, 30, ("recorded", "covariates", "calendar"))


@pytest.fixture(scope="module")
def html(clinic):
    parts = (likeness.shares(clinic), likeness.test_period(clinic), likeness.long_term(clinic))
    return page.build(*parts, "replica, seed 1")


def run(*args, command):
    return CliRunner().invoke(calibration.simulate, [command, *args], standalone_mode=False)


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.outside, self.words = [], []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.outside += [v for k, v in attrs if k in ("src", "href") and "//" in (v or "")]

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_labelled_and_asks_for_nothing(html):
    read = Reader(html)
    assert read.outside == []
    assert read.text.count("SIMULATED DATA") > 3
    assert "not a medical device" in read.text
    assert "<script" not in html
    assert not re.search(r"fail|wasted|caused by", read.text, re.IGNORECASE)


def test_shares_and_means_are_the_clinics_and_the_printed_ones(clinic):
    relief = np.where(
        np.isnan(clinic.assessment[0]), clinic.recorded[0, :, 3], clinic.assessment[0]
    )
    known = relief[~np.isnan(relief)]
    table = likeness.shares(clinic).set_index("label")
    assert table.loc["10 % or more", "simulated_pct"] == pytest.approx(100 * (known >= 10).mean())
    assert table.loc["10 % or more", "published_pct"] == 59
    means = likeness.test_period(clinic).set_index(["population", "session_no"])
    held = clinic.recorded[0, relief >= 10, 1]
    assert means.loc[("responders", 2), "mean"] == pytest.approx(np.nanmean(held))
    assert means.loc[("responders", 2), "n"] == np.isfinite(held).sum()
    assert means.loc[("all", 4), "published_sd"] == 28.0


def test_the_long_course_counts_who_is_still_treated(clinic):
    course = likeness.long_term(clinic)
    ge15 = course[course["population"] == "responders_ge15"]
    assert ge15["n_treated"].nunique() == 1
    assert ge15["session_no"].max() == 15
    whole = course[course["population"] == "responders"]
    assert whole["n_treated"].is_monotonic_decreasing
    assert (whole["n_observed"] <= whole["n_treated"]).all()


def test_the_page_names_its_world_and_every_change(tmp_path):
    out = tmp_path / "page.html"
    told = run(
        "--set", "population.ensemble=thomas2024", "--replicate", "3", "--out", str(out), "--json",
        command="likeness",
    )  # fmt: skip
    assert json.loads(told.output)["path"] == str(out)
    words = Reader(out.read_text(encoding="utf-8")).text
    assert "Scenario replica, population.ensemble=thomas2024 · seed 1, replicate 3" in words


@pytest.mark.parametrize(
    ("command", "option"),
    [("likeness", "--out"), ("accept", "--out"), ("validate", "--out"), ("calibrate", "--report")],
)
def test_a_page_that_has_no_folder_is_refused_before_any_work(tmp_path, command, option):
    result = run(option, str(tmp_path / "none" / "page"), command=command)
    with pytest.raises(WrongUse, match="there is no folder .*none: make it first"):
        raise result.exception


def test_lines_are_dashed_as_their_key_says(html):
    drawn = set(re.findall(r'stroke-dasharray="([^"]+)"', html))
    assert {"2,2", "7,3"} <= drawn
