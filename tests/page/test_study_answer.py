"""The answer of a study: every number of its one sentence is a counted one, with its error."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from orchestration.cli import cli
from orchestration.study_answer import answer_of
from report.studies import answer as report
from report.wording import number
from simulate.studies import answer_figures, files
from simulate.studies import run as runs
from simulate.studies.answer_derived import enough, shortest
from simulate.studies.kinds import kind

SPACE = "\N{NO-BREAK SPACE}"
PERIODS = {"data.n_patients": 40}
OVER = PERIODS | {"data.vary": {"population.member": [10, 50, 90]}}


def tables_of(design, root):
    return kind(design.kind).tables(design, runs.open_store(design, root))


def found_of(design, root, n):
    runs.run(design, root, runs.Plan(n))
    return tables_of(design, root)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def canary(root):
    design = files.load("test_period_canary", PERIODS)
    return design, found_of(design, root, 30)


@pytest.fixture(scope="module")
def ensemble(root):
    design = files.load("test_period_ensemble", OVER)
    return design, found_of(design, root, 12)


def of_last(found, measure, length):
    rows = found.study_performance
    own = rows["is_headline"] & (rows["rule"] == "last") & (rows["threshold_pct"] == 10)
    own &= (rows["decision_n_lag_visits"] == 0) & (rows["test_sessions"] == length)
    return rows[own & (rows["measure"] == measure)]


def test_the_sentence_of_one_world_holds_estimates_and_their_errors(canary):
    design, found = canary
    said = answer_of(design, found).sentence
    four, five = (of_last(found, "missed_per_100", n).iloc[0] for n in (4, 5))
    for row in (four, five):
        digits = report.digits_of(row["mcse"], row["estimate"])
        assert f"{row['estimate']:.{digits}f}{SPACE}±{SPACE}{row['mcse']:.{digits}f}" in said
    error = np.hypot(four["mcse"], five["mcse"])
    digits = report.digits_of(error, 1.0)
    fewer = number(four["estimate"] - five["estimate"], digits)
    assert f"difference of {fewer}{SPACE}±{SPACE}{error:.{digits}f}" in said
    assert f"at least 10{SPACE}%" in said


def test_over_an_ensemble_it_holds_mean_error_and_spread_of_the_worlds(ensemble):
    design, found = ensemble
    answer = answer_of(design, found)
    four, five = (of_last(found, "missed_per_100", n).set_index("scenario_id") for n in (4, 5))
    fewer = four["estimate"] - five["estimate"]
    error = np.sqrt((four["mcse"] ** 2 + five["mcse"] ** 2).sum()) / 3
    told = answer_figures.answered(design, found).figures.set_index("name").loc["found"]
    assert told["estimate"] == pytest.approx(fewer.mean())
    assert told["mcse"] == pytest.approx(error)
    assert [told["lo"], told["hi"]] == pytest.approx(list(fewer.quantile([0.05, 0.95])))
    assert "nine of ten lie between the numbers in brackets" in " ".join(answer.signs)
    mean = four["estimate"].mean()
    assert re.search(rf"miss {mean:.0f}(\.\d)?{SPACE}±{SPACE}[\d.]+ \([\d.]+ to [\d.]+\)",
                     answer.sentence)  # fmt: skip


def test_worlds_that_are_not_run_are_told_with_the_command(ensemble, root):
    more = files.load("test_period_ensemble", OVER | {
        "data.vary": {"population.member": [10, 50, 90, 99]}})  # fmt: skip
    said = answer_of(more, tables_of(more, root), "plateau study run x --set a=1").sentence
    assert said == "Not answered yet: 1 world of it not run; `plateau study run x --set a=1` does."
    assert "plateau study run test_period_ensemble" in answer_of(more, tables_of(more, root)
                                                                 ).sentence  # fmt: skip


def test_the_terminal_says_the_same_sentence_first(root):
    ask = ["test_period_canary", "--set", "data.n_patients=30", "--data", str(root / "cli")]
    ran = CliRunner().invoke(cli, ["study", "run", *ask, "--replicates", "4", "--quiet"])
    assert ran.exit_code == 0, ran.output
    shown = CliRunner().invoke(cli, ["study", "show", *ask])
    design = files.load("test_period_canary", {"data.n_patients": 30})
    said = answer_of(design, tables_of(design, root / "cli" / "studies")).sentence
    assert shown.output.startswith(said)
    told = CliRunner().invoke(cli, ["study", "show", *ask, "--json"])
    assert json.loads(told.output)["answer"] == said
    page = root / "cli.html"
    assert CliRunner().invoke(cli, ["study", "show", *ask, "--out", str(page)]).exit_code == 0
    assert said.split(" sessions miss")[0] in page.read_text(encoding="utf-8")


def test_a_what_if_without_the_cells_says_so(root):
    design = files.load("test_period_canary", PERIODS | {"methods.0.test_sessions": [1, 2, 3]})
    said = answer_of(design, found_of(design, root, 4)).sentence
    assert said.startswith("This what-if has no cell that its answer asks for")
    assert "no cell of it with test_sessions 4" in said


def test_trials_tell_patients_between_sizes_and_searched_ones_where_there_are_any(root):
    trials = yaml.safe_load((files.STUDIES / "sham_trial.yaml").read_text())["data"]["trials"]
    usual = {"missing": ["usual"]}
    trials = [
        trials[0] | usual | {"n_patients": [24, 60]},
        trials[1] | usual | {"n_patients": [24]},
        trials[3] | usual | {"n_patients": [12], "sessions": [6]},
    ]
    design = files.load("sham_trial", {"data.trials": trials})
    found = found_of(design, root, 40)
    said = answer_of(design, found).sentence
    assert f"For a power of 80{SPACE}% a trial of two arms and 6 sessions takes" in said
    assert "more than 12 against the last" in said
    sized = {"trial": "parallel", "missing": "usual", "sessions": 6, "method": "lmm_end",
             "world": "sham gain 0.66", "power": 0.8, "n_patients": 137, "lo": 132,
             "hi": 141}  # fmt: skip
    assert f"137 [132; 141] against a sham with 66{SPACE}%" in answer_of(
        design, found, sizes=pd.DataFrame([sized])).sentence  # fmt: skip


def test_estimates_tell_the_least_and_the_most_of_their_worlds(root):
    design = files.load("maintenance_interval", {"data.n_patients": [30]} | {
        "headline.n_patients": 30})  # fmt: skip
    found = found_of(design, root, 4)
    rows = found.study_performance
    own = rows[(rows["estimand"] == "days_covered") & (rows["measure"] == "estimate")]
    for row in own.to_dict("records"):
        digits = report.digits_of(row["mcse"], row["estimate"])
        assert f"{row['estimate']:.{digits}f}{SPACE}±" in answer_of(design, found).sentence


def test_the_shortest_test_has_bounds_where_the_error_leaves_it_open():
    missed = pd.DataFrame({"test_sessions": [3, 4, 5, 6], "mcse": 0.0,
                           "estimate": [20.0, 15.2, 14.1, 14.0]})  # fmt: skip
    assert shortest(missed, 1.0) == (5.0, 5.0, 5.0)
    assert shortest(missed.assign(mcse=0.2), 1.0) == (5.0, 4.0, 5.0)
    assert shortest(missed.assign(mcse=0.5), 1.0) == (5.0, 4.0, 6.0)


def test_patients_lie_between_sizes_that_surely_have_the_power_and_surely_not():
    power = pd.DataFrame({"n_patients": [20, 40, 80], "estimate": [0.5, 0.79, 0.95], "mcse": 0.001})
    assert enough(power, 0.8) == (40.0, 80.0)
    assert enough(power.assign(mcse=0.02), 0.8) == (20.0, 80.0)
    lo, hi = enough(power, 0.99)
    assert lo == 80
    assert np.isnan(hi)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"how": "one", "estimate": 14.02, "mcse": 0.048}, f"14.02{SPACE}±{SPACE}0.05"),
        ({"how": "one", "estimate": 17.067, "mcse": 0.019}, f"17.07{SPACE}±{SPACE}0.02"),
        ({"how": "one", "estimate": 0.931, "mcse": 0.012, "is_share": True},
         f"93.1{SPACE}±{SPACE}1.2"),
        ({"how": "one", "estimate": 1.0, "mcse": 0.01, "is_share": True}, "100 (at least 98.0)"),
        ({"how": "one", "estimate": 6, "lo": 5, "hi": 7}, "6 [5; 7]"),
        ({"how": "one", "estimate": 6, "lo": 6, "hi": 6}, "6"),
        ({"how": "one", "lo": 140, "hi": 200}, "140 to 200"),
        ({"how": "one", "hi": 24}, "at most 24"),
        ({"how": "one", "lo": 900}, "more than 900"),
        ({"how": "spread", "estimate": 14.8, "mcse": 0.05, "lo": 9.61, "hi": 21.3},
         f"14.80{SPACE}±{SPACE}0.05 (9.6 to 21.3)"),
        ({"how": "range", "lo": 2.2, "hi": 45.1, "lo_mcse": 0.1, "hi_mcse": 0.3},
         f"2.2 to 45.1{SPACE}±{SPACE}0.3"),
        ({"how": "absent"}, "no number"),
    ],
)  # fmt: skip
def test_a_figure_is_told_to_the_first_digit_of_its_error(row, said):
    empty = dict.fromkeys(("estimate", "mcse", "lo", "hi", "lo_mcse", "hi_mcse"), float("nan"))
    assert report.told(empty | {"is_share": False} | row) == said


def own_file(tmp_path, old, new):
    text = (files.STUDIES / "test_period_canary.yaml").read_text()
    assert text.count(old) >= 1
    path = tmp_path / "own.yaml"
    path.write_text(text.replace(old, new, 1))
    line = text[: text.index(old)].count("\n") + 1
    return str(path), line


FOUR = "four: {measure: missed_per_100, cell: {rule: last, threshold_pct: 10, test_sessions: 4}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (FOUR, FOUR.replace("missed_per_100", "missed_per_10"), "did you mean missed_per_100?"),
        (FOUR, FOUR.replace("last", "lst"), "field answer.figures.four.cell.rule: no cell of it "
         "with rule 'lst'; did you mean last?"),
        (FOUR, FOUR.replace("threshold_pct", "treshold_pct"), "did you mean threshold_pct?"),
        (FOUR, FOUR.replace("sessions: 4", "sessions: 40"), "no cell of it with test_sessions 40"),
        (FOUR, FOUR.replace(", test_sessions: 4", ""), "this is 10 cells; name one by "
         "test_sessions"),
        (FOUR, FOUR.replace("measure:", "mesure:"), "did you mean measure?"),
        (FOUR, FOUR.replace("cell: {", "cell: {cut_pct: 20, "), "no cell of it with cut_pct 20"),
        ("found: {of: four, less: five}", "found: {of: four, les: five}", "did you mean less?"),
        ("found: {of: four, less: five}", "found: {of: fuor, less: five}", "did you mean four?"),
        ("{found}.", "{fond}.", "did you mean found?"),
        ("{found}.", "1.1.", "writes 1.1 itself"),
        ("{found}.", "some.", "answer.figures.found: is not in the sentence"),
        ("{found}.", "{found", "answer.says"),
        ("{found}.", "{found}. It is so.", "must be one sentence"),
        ("{four.test_sessions}", "{four.tst_sessions}", "did you mean test_sessions?"),
        ("world: all}", "world: {population.membr: 3}}", "no field of data.vary"),
    ],
)  # fmt: skip
def test_what_has_no_cell_is_named_with_its_line_and_what_was_meant(tmp_path, old, new, said):
    path, line = own_file(tmp_path, old, new)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        files.load(path)
    found = re.search(r"line (\d+)", str(caught.value))
    assert found, caught.value
    assert abs(int(found.group(1)) - line) <= 4


def test_a_study_without_an_answer_is_refused(tmp_path):
    text = (files.STUDIES / "test_period_canary.yaml").read_text()
    path = tmp_path / "own.yaml"
    path.write_text(re.sub(r"answer:.*?(?=performance:)", "", text, flags=re.S))
    with pytest.raises(ValueError, match="field answer is missing"):
        files.load(str(path))


@pytest.mark.parametrize("name", files.available())
def test_every_shipped_study_states_one_sentence_of_cells_it_has(name):
    answer = files.load(name).answer
    assert answer.says.strip().endswith(".")
    words = re.sub(r"\{[^}]*\}", "", answer.says).lower()
    for word in ("effective", "effect of", "will not work", "failure", "wasted", "useless"):
        assert word not in words, word
