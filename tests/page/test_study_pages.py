"""Every shipped study has one page: question, answer, decision, figure, table, assumptions, limits.

The counts are made up, as whole numbers that add up like counted ones: no study is run, so that
those that fit the relief model have their page looked at too.
"""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from orchestration.commands.study_lines import lines
from orchestration.study_answer import answer_of
from orchestration.study_page import write_page
from report.studies.frame import CANNOT
from report.wording import world_words
from simulate.studies import blocks, calibration, coverage, files, sums, truth_error, variance
from simulate.studies.estimates import sums as of_estimates
from simulate.studies.kinds import KINDS, kind
from simulate.studies.sums import moment
from simulate.studies.trials import sums as of_trials

R, N = 60, 100
FEW = {
    "bayesian_test_period": {"data.vary": {"population.member": [10, 50, 90]}},
    "test_period_ensemble": {"data.vary": {"population.member": [10, 50, 90]}},
    "whatif_grid": {"data.vary": {"measurement.noise_sd": [24.0, 30.0]}},
    "test_period_length": {"estimands": [
        {"name": "hypothetical", "horizon_session": [15, 30], "cut_pct": [30]}]},
}  # fmt: skip
ESTIMATED = (*coverage.COLUMNS, *truth_error.COLUMNS)
PROMISES = r"effective|effect of|will not work|fail|wasted| nan |useless|will be helped"


def of_periods(design, rng, n_cells):
    tp, fn, fp = (rng.integers(5, 30, (R, n_cells)) for _ in range(3))
    drawn = {"tp": tp, "fn": fn, "fp": fp, "tn": N - tp - fn - fp}
    for name in sums.SUMS:
        drawn.setdefault(name, rng.integers(1, 60, (R, n_cells)))
    drawn["n_completed"] = drawn["n_completed"] + 60
    told = {"n_patients": np.full(n_cells, R * N)}
    for k in range(blocks.N_BLOCKS):
        names = blocks.columns(k)
        told[names[0]] = np.full(n_cells, len(range(k, R, blocks.N_BLOCKS)))
        told |= {
            name: drawn[what][k :: blocks.N_BLOCKS].sum(axis=0)
            for name, what in zip(names[1:], blocks.COUNTED, strict=True)
        }
    if design.predictions:
        told |= {name: np.full(n_cells, 9) for name in calibration.COLUMNS}
        told |= {name: np.full(n_cells, 3) for name in variance.columns(design.n_posteriors)}
    return drawn, sums.MOMENTS, told


def of_estimated(design, rng, n_cells):
    drawn = {name: rng.integers(1, 200, (R, n_cells)) for name in of_estimates.SUMS}
    drawn |= {"n_estimated": np.ones((R, n_cells)), "n_intervals": np.ones((R, n_cells))}
    drawn |= {"n_covering": rng.integers(0, 2, (R, n_cells)), "n_failed": np.zeros((R, n_cells))}
    return drawn, of_estimates.MOMENTS, {name: np.ones(n_cells) for name in ESTIMATED}


def of_tested(design, rng, n_cells):
    drawn = {name: rng.integers(1, 200, (R, n_cells)) for name in of_trials.SUMS}
    for name in ("n_tested", "n_estimated", "n_intervals", "n_signed", "n_judged"):
        drawn[name] = np.ones((R, n_cells))
    drawn["n_rejected"] = np.ones((R, n_cells))
    for name in ("n_covering", "n_wrong_sign", "n_flipped"):
        drawn[name] = rng.integers(0, 2, (R, n_cells))
    drawn["n_failed"] = np.zeros((R, n_cells))
    return drawn, of_trials.MOMENTS, {name: np.ones(n_cells) for name in ESTIMATED}


MADE = {"test_periods": of_periods, "estimates": of_estimated, "trials": of_tested}


class MadeUp:
    """A store in which every world has the same made-up counts."""

    design_id, code_id = "0" * 16, "1" * 16

    def __init__(self, design, root: Path):
        self.design, self.partition = design, root

    def folder(self, scenario_id):
        return self.partition

    def manifests(self, scenario_id):
        return [{"scenario_id": scenario_id}]

    def total(self, scenario_id, n_cells):
        rng = np.random.default_rng(int(scenario_id[:6], 16))
        drawn, moments, told = MADE[self.design.kind](self.design, rng, n_cells)
        table = {"n_replicates": np.full(n_cells, R)}
        table |= {name: rows.sum(axis=0) for name, rows in drawn.items()}
        table |= {moment(a, b): (drawn[a] * drawn[b]).sum(axis=0) for a, b in moments}
        return pa.table({k: v.astype(np.int64) for k, v in (table | told).items()})


@pytest.fixture(scope="module", params=files.available())
def made(request, tmp_path_factory):
    design = files.load(request.param, FEW.get(request.param))
    root = tmp_path_factory.mktemp(request.param)
    found = kind(design.kind).tables(design, MadeUp(design, root))
    write_page(design, found, root / "page.html")
    html = (root / "page.html").read_text(encoding="utf-8")
    return design, found, html, plain(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S))


def plain(text):
    return re.sub(r"\s+", " ", unescape(text))


def test_every_kind_has_a_study():
    assert {files.load(name).kind for name in files.available()} == set(KINDS) == set(MADE)


def test_the_page_has_all_its_parts_in_their_order(made):
    design, found, html, text = made
    answer = answer_of(design, found)
    places = [text.index(plain(part)) for part in (
        design.aims.strip(), answer.sentence, design.decision.strip(),
        "Data of this figure as a table", design.assumptions[0], CANNOT[0])]  # fmt: skip
    assert places == sorted(places)
    for part in (*design.assumptions, *CANNOT, *answer.signs):
        assert plain(part) in text
    assert re.search(r'id="answer".*?class="lead".*?</section>', html, re.S)
    assert html.count("<figure") >= 1
    assert html.count("<table") >= 2
    assert "SIMULATED DATA" in text
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", html)


def test_the_answer_is_one_sentence_of_numbers_with_their_uncertainty(made):
    design, found, _, _ = made
    said = answer_of(design, found).sentence
    assert said.endswith(".")
    assert ". " not in said.replace("Not answered", "")
    assert re.search(r"±| to |more than|at most|\[", said), said
    assert not re.search(r"\{|no number|not answered|no cell", said, re.I), said


def test_one_way_alone_is_drawn_world_beside_world_several_way_beside_way(made):
    design, found, html, _ = made
    if design.kind != "estimates":
        return
    titles = [plain(t) for t in re.findall(r'class="panel-title">(.*?)</p>', html)]
    if design.study == "maintenance_interval":
        assert titles[:2] == ["Share of days with relief", "Patients that one daily place keeps"]
    else:
        worlds = [world_words(world) for world in found.study_performance["world"].unique()]
        assert titles[: len(worlds)] == worlds[:9]


def test_it_tells_of_reported_relief_and_promises_nothing(made):
    text = made[3]
    assert "reported relief" in text.lower()
    for word in ("sham", "other centres", "biomarker"):
        assert word in text.lower()
    found = re.search(PROMISES, text, re.I)
    assert not found, text[found.start() - 60 : found.end() + 60]


def test_the_lines_of_a_terminal_tell_of_the_same_tables(made):
    design, found, _, _ = made
    rows = found.study_performance
    assert list(lines(design, found, rows[rows["is_headline"]], ()))
