"""The page of a study: self-contained, its numbers those of the tables, its words those allowed."""

import re
from html.parser import HTMLParser

import pytest

from orchestration.commands.study_lines import lines
from orchestration.study_answer import answer_of
from orchestration.study_page import write_page
from report.studies import many_worlds, one_world, solved
from report.wording import MISSING, world_words
from simulate.studies import files, readable, tables
from simulate.studies import run as runs
from simulate.studies.kinds import kind
from simulate.studies.performance import HAS_LATE, LATE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    design = files.load("test_period_canary", {"data.n_patients": 40})
    runs.run(design, root, runs.Plan(30))
    found = tables.tables(design, runs.open_store(design, root))
    path = root / "study.html"
    write_page(design, found, path)
    return design, found, path.read_text(encoding="utf-8")


def plain(text):
    return re.sub(r"\s+", " ", text)


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.outside, self.words, self._skip = [], [], False
        self.feed(html)
        self.text = plain(" ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self._skip = tag == "style"
        self.outside += [v for k, v in attrs if k in ("src", "href") and "//" in (v or "")]

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)


def test_it_asks_for_nothing_outside_itself_and_is_labelled(made):
    page = Reader(made[2])
    assert page.outside == []
    assert page.text.count("SIMULATED DATA") > 5
    assert "<script" not in made[2]


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    root = tmp_path_factory.mktemp("late")
    design = files.load(
        "test_period_length", {"data.n_patients": 40, "estimands": [
            {"name": "hypothetical", "horizon_session": [15], "cut_pct": [30]}]
        },
    )  # fmt: skip
    design = design.model_copy(
        update={"methods": tuple(m for m in design.methods if m.rule in ("last", "practice"))}
    )
    runs.run(design, root, runs.Plan(30))
    found = tables.tables(design, runs.open_store(design, root))
    write_page(design, found, root / "late.html")
    return design, found, (root / "late.html").read_text(encoding="utf-8")


def test_who_is_found_later_is_no_number_without_a_shorter_test(late):
    design, found, html = late
    told = found.study_performance
    told = told[told["measure"] == LATE]
    has = (told["rule"] == "last") & (told["test_sessions"] > 4)
    assert told.loc[~has, ["estimate", "mcse"]].isna().all(axis=None)
    assert (told.loc[~has, "n"] == 0).all()
    assert told.loc[has, ["estimate", "mcse"]].notna().all(axis=None)
    assert HAS_LATE not in found.study_cell
    four = told[(told["rule"] == "last") & (told["test_sessions"] == 4)]
    for line in list(lines(design, found, four, (LATE,)))[2:]:
        assert line.endswith(f"{LATE} not known")
    assert "no figure where the test is no longer" in Reader(html).text
    rows = re.findall(r"<tr[^>]*>(?:(?!</tr>).)*4\xa0sessions(?:(?!</tr>).)*</tr>", html, re.S)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)[-1] for row in rows]
    assert cells
    assert set(cells) == {MISSING}


def test_a_study_file_must_name_what_its_page_reads():
    assert set(readable.OF_ONE_WORLD) == set(one_world.MEASURES)
    over = {*(name for name, _ in many_worlds.COMPARED), *solved.SHOWN}
    assert set(readable.OVER_WORLDS) == over


def test_its_one_sentence_is_the_table(made):
    design, found, html = made
    text = Reader(html).text
    assert plain(answer_of(design, found).sentence) in text
    assert "30 simulated cohorts" in text
    assert design.truth_in_words() in text


def test_its_words_promise_nothing(made):
    text = Reader(made[2]).text.lower()
    assert "reported relief" in text
    for word in ("effective", "effect of", "will not work", "failure", "wasted", " nan "):
        assert word not in text, word


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    root = tmp_path_factory.mktemp("trials")
    shown = {"design": "parallel", "sessions": [4], "missing": ["usual"]}
    shown |= {"response": None, "second_share": 0.5}
    changes = {
        "data.trials": [
            {"name": "parallel", "n_patients": [20, 40], **shown},
            {"name": "crossover", "design": "crossover", "n_patients": [12], "sessions": [4],
             "missing": ["usual"], "response": None, "cycles": 1},
        ],
        "headline.sessions": 4,
    }  # fmt: skip
    design = files.load("sham_trial", changes)
    runs.run(design, root, runs.Plan(30))
    found = kind("trials").tables(design, runs.open_store(design, root))
    path = root / "trials.html"
    write_page(design, found, path)
    return design, found, path.read_text(encoding="utf-8")


def test_the_page_of_trials_is_labelled_and_quotes_its_table(trials):
    design, found, html = trials
    page = Reader(html)
    assert page.outside == []
    assert page.text.count("SIMULATED DATA") > 5
    assert "30 simulated trials" in page.text
    assert design.decision.strip()[:40] in page.text
    assert plain(answer_of(design, found).sentence) in page.text
    rows = found.study_performance
    one = rows[
        rows["is_headline"] & (rows["measure"] == "power") & (rows["n_patients"] == 40)
    ].iloc[-1]
    assert world_words(one["world"]) in page.text
    assert f"{100 * one['estimate']:.1f}\N{NO-BREAK SPACE}±" in html


def test_the_words_of_trials_promise_nothing(trials):
    text = Reader(trials[2]).text.lower()
    assert "reported relief" in text
    for word in ("effective", "effect of", "will not work", "failure", "wasted", " nan "):
        assert word not in text, word


def test_the_page_of_estimates_says_what_the_table_says(tmp_path):
    small = {"data.vary": {"course.other_hazard": [0.025]}}
    design = files.load("retention_reporting", small)
    runs.run(design, tmp_path, runs.Plan(6))
    found = kind("estimates").tables(design, runs.open_store(design, tmp_path))
    path = tmp_path / "page.html"
    write_page(design, found, path)
    html = path.read_text(encoding="utf-8")
    page = Reader(html)
    head = found.study_performance[found.study_performance["is_headline"]]
    by = head.set_index("measure")["estimate"]
    assert page.outside == []
    assert "<script" not in html
    assert page.text.count("SIMULATED DATA") > 5
    assert plain(answer_of(design, found).sentence) in page.text
    assert re.search(rf"where {by['truth']:.1f}\s±\s\S+ % is true", page.text), "with its error"
    assert "effect of" not in page.text.lower()
