"""The what-if page: every combination is in it, what it shows is the grid's, scripts or not."""

import json
import re

import pandas as pd
import pytest

from orchestration.study_page import write_whatif
from report.whatif import FIGURES
from simulate.studies import files, tables
from simulate.studies import run as runs
from simulate.studies.whatif import grid

SMALL = {
    "data.vary": {"measurement.noise_sd": [24.0, 30.0], "course.other_hazard": [0.012, 0.025]},
    "data.n_patients": 40,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("whatif")
    design = files.load("whatif_grid", SMALL)
    runs.run(design, root, runs.Plan(5))
    found = tables.tables(design, runs.open_store(design, root))
    write_whatif(design, found, root / "page.html", root / "grid.parquet")
    html = (root / "page.html").read_text(encoding="utf-8")
    return design, found, html, pd.read_parquet(root / "grid.parquet")


def embedded(html):
    found = re.search(r'<script type="application/json" id="grid">(.*?)</script>', html, re.S)
    return json.loads(found.group(1))


def test_the_grid_is_a_row_a_combination_with_the_studys_own_figures(made):
    design, found, _, table = made
    assert len(table) == 4 * 2 * 3 * 2 * 15
    keys = ["noise_sd", "other_hazard", "cut_pct", "rule", "threshold_pct", "test_sessions"]
    assert not table.duplicated(keys).any()
    own = found.study_choice.merge(
        table, on=["scenario_id", *keys[2:]], suffixes=("", "_grid"), validate="one_to_one"
    )
    assert len(own) == len(table)
    for name in FIGURES:
        assert (own[name] == own[f"{name}_grid"]).all()
    pd.testing.assert_frame_equal(table, grid(design, found.study_choice), check_dtype=False)


def test_every_combination_can_be_picked(made):
    cells, html = embedded(made[2]), made[2]
    lists = re.findall(r'<select name="(\w+)">(.*?)</select>', html, re.S)
    assert [name for name, _ in lists[:2]] == ["noise_sd", "other_hazard"]
    n = 1
    for _, options in lists:
        n *= options.count("<option")
    assert len(cells) == n == 4 * 2 * 3 * 2
    assert all(len(rows) == 15 for rows in cells.values())


def test_without_scripts_it_shows_the_worlds_own_values(made):
    html = made[2]
    picked = re.findall(r'<option value="([^"]+)" selected>', html)
    assert picked == ["24", "0.025", "30", "last", "10"]
    body = re.search(r'<tbody id="rows">(.*?)</tbody>', html, re.S).group(1)
    shown = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr")[1:]]
    assert shown == embedded(html)["|".join(picked)]
    assert "<noscript>" in html


def test_it_asks_for_nothing_and_is_labelled(made):
    html = made[2]
    assert not re.findall(r'(?:src|href)="[^"#]*//', html)
    assert html.count("SIMULATED DATA") > 3
    assert "effect of" not in html.lower()
    assert len(html) < 1_500_000


def test_a_study_of_one_world_has_nothing_to_pick(made, tmp_path):
    one = files.load("whatif_grid", {"data.vary": {}})
    with pytest.raises(ValueError, match="nothing to pick from"):
        write_whatif(one, made[1], tmp_path / "page.html", None)
