"""The page of a study over worlds: its numbers those of the tables, its words those allowed."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from orchestration.commands import study_lines
from orchestration.study_page import write_page
from report.over_worlds import Truth, _predicted
from report.studies.one_world import frontier_of
from simulate.studies import files, next_study, tables
from simulate.studies import run as runs
from simulate.studies.knowing import worlds_table
from simulate.studies.rules import UNATTAINABLE

PM = r"(\S+)\s±\s(\S+)"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    changes = {"data.vary": {"population.member": [10, 50, 90]}, "data.n_patients": 40}
    design = files.load("test_period_ensemble", changes)
    runs.run(design, root, runs.Plan(12))
    found = tables.tables(design, runs.open_store(design, root))
    path = root / "study.html"
    write_page(design, found, path)
    return found, path.read_text(encoding="utf-8"), design


def text_of(html):
    words = re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", words)


def test_it_is_labelled_and_asks_for_nothing(made):
    html = made[1]
    assert html.count("SIMULATED DATA") > 5
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", html)
    assert "<script" not in html
    text = text_of(html)
    assert "not a medical device" in text
    assert "loses the way to surgery" in text
    assert "There is no best length without a rate" in text
    assert not re.search(r"fail|wasted|effect of", text, re.IGNORECASE)


def test_its_first_sentence_is_the_mean_over_worlds(made):
    found, html, _ = made
    rows = found.study_choice
    own = rows[
        rows["is_headline"]
        & (rows["rule"] == "last")
        & (rows["threshold_pct"] == 10)
        & (rows["decision_n_lag_visits"] == 0)
    ]
    mean = own.groupby("test_sessions")["missed_per_100"].mean()
    text = text_of(html)
    assert f"4 sessions miss {mean[4]:.1f} (" in text
    assert f"5 sessions miss {mean[5]:.1f} (" in text
    assert "36 simulated cohorts in 3 worlds" in text


def test_what_a_next_study_takes_is_told_from_the_studys_own_rows(made):
    found, html, design = made
    cell = found.study_cell[found.study_cell["is_headline"]]
    seen = next_study.seen(cell, 10, 4)
    last = cell[(cell["rule"] == "last") & (cell["threshold_pct"] == 10)]
    at_4 = last[last["test_sessions"] == 4]
    shares = (at_4["tp"] + at_4["fp"]) / at_4["n_patients"]
    assert seen.responders == pytest.approx(shares.mean())
    assert 0 < seen.completed < seen.responders
    rows = next_study.designs(worlds_table(design), seen).set_index("column")
    text = text_of(html)
    n = rows.loc["noise_sd", "n"]
    assert f"{n:.0f} patients report twice, a week apart" in text
    assert f"of 100 who start {100 * seen.completed:.0f} then still come" in text
    assert "Nothing here sizes it" in text


def test_the_terminal_names_few_worlds_and_sums_up_many(made, monkeypatch):
    found, _, design = made
    told = "\n".join(study_lines.lines(design, found, None, ()))
    assert [f"World: member {k}" in told for k in (10, 50, 90)] == [True] * 3
    monkeypatch.setattr(study_lines, "FEW", 2)
    told = "\n".join(study_lines.lines(design, found, None, ()))
    assert "mean of 3 worlds" in told
    assert "worth 5, at least 10 %: " in told


def test_predicted_chances_are_told_beside_reports():
    """Means that the page quotes, of rules whose bank is not learnt here."""
    rows = pd.DataFrame(
        [
            {"rule": rule, "parameters": given, "threshold_pct": threshold, "test_sessions": n,
             "measure": measure, "mean": value}
            for rule, given, threshold in (
                ("last", "", 10.0), ("bayes_fixed", "chance of 30 %", 50.0),
                ("bayes_sequential", "chance of 30 %, from session 2, 10 to 80 %", 50.0),
            )
            for n in (4, 5)
            for measure, value in (
                ("missed_per_100", 9.1), ("expected_test_sessions", 3.4), ("sensitivity", 0.84),
                ("specificity", 0.77),
            )
        ]
    )  # fmt: skip
    truth = Truth(
        cut_pct=30, measures=rows, frontier=rows, best=rows, steps=rows, knowing=rows, near=rows,
        within_missed=1,
    )  # fmt: skip
    facts = SimpleNamespace(test_sessions=4, threshold_pct=10)
    told = _predicted(truth, facts)
    assert len(told) == 2
    assert "(10 to 80 %)" in told[1]
    assert "9.1 of 100 are missed in 3.4 test sessions" in told[1]
    assert "specificity of 77 %" in told[1]


def test_todays_practice_stands_beside_the_last_report(made):
    found, html, _ = made
    rows = found.study_performance
    own = rows[
        rows["is_headline"]
        & (rows["rule"] == "practice")
        & (rows["measure"] == "missed_per_100")
        & (rows["decision_n_lag_visits"] == 0)
    ]
    told = f"recorded assessment after 4 sessions misses {own['estimate'].mean():.1f} ("
    text = text_of(html)
    assert text.index("Judged by the last report") < text.index(told)
    assert html.count("practice, the recorded assessment") >= 4  # sentence and line, of each truth


def test_the_plain_frontier_comes_before_any_rate(made):
    """The first figure weighs nothing, and its numbers are means over worlds of the cells."""
    found, html, _ = made
    assert 0 < html.index("figure-frontier-30") < html.index("figure-missed")
    assert html.index("figure-frontier-50") < html.index("figure-missed") < html.index("regret")
    rows = found.study_choice
    own = rows[rows["is_headline"] & (rows["decision_n_lag_visits"] == 0)]
    own = own[~own["rule"].isin(UNATTAINABLE)]
    cells = own.groupby(["rule", "threshold_pct", "test_sessions"])
    means = cells[["missed_per_100", "sessions_per_100"]].mean().reset_index()
    beaten = [
        ((means["missed_per_100"] <= one.missed_per_100)
         & (means["sessions_per_100"] <= one.sessions_per_100)
         & ((means["missed_per_100"] < one.missed_per_100)
            | (means["sessions_per_100"] < one.sessions_per_100))).any()
        for one in means.itertuples()
    ]  # fmt: skip
    table = text_of(html[html.index("figure-frontier-30") : html.index("figure-frontier-50")])
    both = ["missed_per_100", "sessions_per_100"]  # with one report several rules are one
    on = means[~pd.Series(beaten)].round(9).drop_duplicates(both)
    assert 1 < len(on) < len(means)
    for row in on.itertuples():
        assert f"{row.test_sessions} {row.missed_per_100:.1f} (" in table
    assert len(re.findall(r"at least \d+ % \d+ ", table)) == len(on)
    assert "nine worlds of ten" in table


def test_predictive_values_stand_beside_sensitivity_and_specificity(made):
    found, html, _ = made
    told = found.study_performance
    own = told[
        told["is_headline"] & (told["rule"] == "maximum") & (told["threshold_pct"] == 10)
        & (told["decision_n_lag_visits"] == 0) & told["test_sessions"].isin([4, 5])
    ]  # fmt: skip
    means = 100 * own.groupby(["test_sessions", "measure"])["estimate"].mean()
    at = [
        f"{means[n, measure]:.1f}"
        for n in (4, 5) for measure in ("sensitivity", "specificity", "ppv", "npv")
    ]  # fmt: skip
    table = text_of(html[html.index("table-rules-30") : html.index("table-rules-50")])
    row = table[table.index("highest report") :].split()
    assert row[4:8] + row[10:14] == at
    assert "figure-characteristics-30" in html


def test_each_further_session_is_told_with_its_spread_between_worlds(made):
    found, html, _ = made
    rows = found.study_choice
    own = rows[
        rows["is_headline"] & (rows["rule"] == "last") & (rows["threshold_pct"] == 10)
        & (rows["decision_n_lag_visits"] == 0)
    ]  # fmt: skip
    wide = own.pivot_table(index="scenario_id", columns="test_sessions", values="missed_per_100")
    fewer = wide[4] - wide[5]
    lo, hi = fewer.quantile(0.05), fewer.quantile(0.95)
    table = text_of(html[html.index("table-steps-30") : html.index("table-steps-50")])
    said = re.search(rf"last report: 5 after 4 {PM} {PM} to {PM} {PM} ", table)
    told = [float(text.replace("\N{MINUS SIGN}", "-")) for text in said.groups()]
    assert told[:6:2] == pytest.approx([fewer.mean(), lo, hi], abs=0.051)
    assert told[1] == pytest.approx(fewer.std() / np.sqrt(3), rel=0.3), "of three worlds"
    assert told[6] == pytest.approx(100 * (fewer > 0).mean(), abs=0.51)


def test_means_over_worlds_stand_with_their_errors(made):
    found, html, _ = made
    rows = found.study_choice
    keys = {"is_headline": True, "rule": "last", "threshold_pct": 10, "test_sessions": 4}
    missed = rows[(rows[list(keys)] == pd.Series(keys)).all(axis=1)]["missed_per_100"]
    table = text_of(html[html.index("table-compared-30") : html.index("table-steps-30")])
    said = re.search(rf"Missed of 100 who start {PM} \(", table)
    told = [float(text) for text in said.groups()]
    assert told == pytest.approx([missed.mean(), missed.std() / np.sqrt(3)], abs=0.051)


def test_rules_on_the_frontier_get_the_looks_and_others_are_named():
    rules = ["last", "maximum", "mean_of_two", "slope", "practice", "bayes_fixed",
             "bayes_sequential", "backward_induction"]  # fmt: skip
    rows = pd.DataFrame(
        {"rule": rules, "threshold_pct": 10.0, "test_sessions": 4,
         "missed_per_100": [9.0, 8, 7, 6, 9, 5, 4, 9],
         "sessions_per_100": [10.0, 20, 30, 40, 50, 60, 70, 80],
         "is_on_frontier": [True, True, True, True, False, True, True, False]}
    )  # fmt: skip
    ends = {f"{name}_{end}": rows[name] for name in ("missed_per_100", "sessions_per_100")
            for end in ("lo", "hi", "mcse")}  # fmt: skip
    figure = frontier_of(rows.assign(**ends))
    assert figure.caption.endswith("Points not drawn: Predicted chance, solved backwards.")
    legend = [text for _, text in figure.legend]
    assert {"Predicted chance", "Today's practice: recorded assessment"} <= set(legend)

    others = rows.assign(**ends, is_on_frontier=rows["rule"] == "backward_induction")
    same = frontier_of(others, ahead=rows[rows["is_on_frontier"]])
    assert [text for _, text in same.legend] == legend, "a look is one rule on all of a page"
