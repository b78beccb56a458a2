"""What is wrong with a study file: line, field as written, the nearest spelling, what to write."""

import pytest

from simulate.studies import files

PERIODS, TRIALS, ESTIMATES = "test_period_canary", "sham_endpoints", "retention_reporting"


def refused(tmp_path, study, before, after):
    """Change one place of a shipped file; return its line and what is said of it."""
    text = (files.STUDIES / f"{study}.yaml").read_text(encoding="utf-8")
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ValueError, match="mine.yaml") as told:
        files.load(str(path))
    said = str(told.value)
    for inner in ("tuple[", "literal[", ".last.", ".parallel.", "Input should"):
        assert inner not in said
    return line, said


@pytest.mark.parametrize(
    ("study", "before", "after", "field", "meant"),
    [
        (PERIODS, "seed:", "sead:", "sead", "seed"),
        (PERIODS, "headline:", "headlin:", "headlin", "headline"),
        (PERIODS, "n_patients:", "n_patient:", "data.n_patient", "n_patients"),
        (PERIODS, "mcse:", "mcs:", "performance.stop.mcs", "mcse"),
        (PERIODS, "targets: all", "target: all", "methods.0.target", "targets"),
        (PERIODS, "threshold_pct:", "thresold_pct:", "methods.0.thresold_pct", "threshold_pct"),
        (PERIODS, "rule: last", "rul: last", "methods.0", "rule; rul is misspelt"),
        (PERIODS, "rule: last", "rule: lst", "methods.0", "last"),
        (PERIODS, "targets: all", "targets: [hypotetical]", "methods.0.targets.0", "hypothetical"),
        (PERIODS, "- sensitivity", "- sensitivty", "performance.measures.0", "sensitivity"),
        (PERIODS, "measure: sensitivity", "measure: sensitivty", "performance.stop.measure",
         "sensitivity"),
        (PERIODS, "name: hypo", "name: hippo", "estimands.0.name", "hypothetical"),
        (TRIALS, "intermittent", "intermitent", "data.missing.none.intermitent", "intermittent"),
        (TRIALS, "design: parallel", "design: paralel", "data.trials.0", "parallel"),
        (TRIALS, "second_share", "secund_share", "data.trials.0.secund_share", "second_share"),
        (ESTIMATES, "before_session", "before_sesion", "methods.0.before_sesion",
         "before_session"),
        (ESTIMATES, "analysis: retention", "analysis: retension", "methods.0", "retention"),
    ],
)  # fmt: skip
def test_a_misspelling_is_named_where_it_stands(tmp_path, study, before, after, field, meant):
    line, said = refused(tmp_path, study, before, after)
    assert f"line {line}: " in said
    assert f"field {field}" in said
    assert f"did you mean {meant}?" in said or f"say its {meant}" in said


@pytest.mark.parametrize(
    ("study", "before", "after", "sentence"),
    [
        (PERIODS, "n_patients: 193", "n_patients: many",
         "field data.n_patients: must be a valid integer, unable to parse string as an integer, "
         "got 'many'"),
        (PERIODS, "n_patients: 193", "n_patients: 0",
         "field data.n_patients: must be greater than or equal to 1, got 0"),
        (PERIODS, "targets: all", "targets: hypothetical",
         "field methods.0.targets: this is no list, got 'hypothetical'; write [hypothetical]"),
        (PERIODS, "targets: all", "targets: [composite]",
         "field methods.0.targets: rule last targets composite, which is no estimand of the study "
         "(there are: hypothetical); name one, or add it to estimands"),
        (PERIODS, "test_sessions: 1..10", "test_sessions: 1..20",
         "field methods.0.test_sessions: rule last decides at visit 20, beyond "
         "data.horizon_session 15"),
        (PERIODS, "test_sessions: 1..10", "test_sessions: 9..3",
         "field methods.0.test_sessions: '9..3' is no range; write it as 1..15"),
        (PERIODS, "test_sessions: 1..10", "test_sessions: [2, 2]",
         "field methods.0.test_sessions: [2, 2] names a value twice; keep it once"),
        (PERIODS, "[15], cut", "[2], cut", "field estimands.0.horizon_session: must be 3 or more"),
        (TRIALS, "missing: [none, usual]", "missing: [nun]",
         "field data.trials.0.missing: correlation_06 names missing 'nun' (there are: none"),
        (TRIALS, "n_patients: [40,", "n_patients: [1,",
         "field data.trials.0: correlation_06 with 1 patients has an empty arm"),
        (TRIALS, "endpoint: relief,", "endpoint: releif,",
         "field methods.0.endpoint: relief_mmrm names endpoint 'releif' (there are: relief, vas"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_its_line_and_field(tmp_path, study, before, after, sentence):
    line, said = refused(tmp_path, study, before, after)
    assert f"line {line}: {sentence}" in said


@pytest.mark.parametrize(
    ("study", "before", "after", "sentence"),
    [
        (PERIODS, "seed: 2", "seed: -2", "field seed: must be 0 or more, got -20261126"),
        (TRIALS, "seed: 2", "seed: -2", "field seed: must be 0 or more, got -20261127"),
        (PERIODS, "sessions_per_responder: [5, 10, 20, 50]", "sessions_per_responder: []",
         "field performance.sessions_per_responder: the list is empty; name one value or more"),
        (PERIODS, "sessions_per_responder: [5, 10,", "sessions_per_responder: [5, 5.0,",
         "field performance.sessions_per_responder: ['5', '5', '20', '50'] names a value twice"),
        (PERIODS, "decision_threshold_pct: [10, 30, 50]", "decision_threshold_pct: []",
         "field performance.decision_threshold_pct: the list is empty; name one value or more"),
        (PERIODS, "decision_threshold_pct: [10, 30, 50]", "decision_threshold_pct: [10, 10]",
         "field performance.decision_threshold_pct: ['10', '10'] names a value twice"),
        (PERIODS, "measures:\n", "measures:\n    - sensitivity\n", "names a value twice"),
        (ESTIMATES, "measures: all", "measures: [bias, bias]",
         "field performance.measures: ['bias', 'bias'] names a value twice; keep it once"),
        (PERIODS, "measures:\n    - sensitivity\n    - specificity\n", "measures:\n",
         "field performance.measures: the page of one world also reads sensitivity, specificity; "
         "add them, or write all"),
    ],
)  # fmt: skip
def test_what_could_be_counted_but_not_read_is_refused_at_once(
    tmp_path, study, before, after, sentence
):
    line, said = refused(tmp_path, study, before, after)
    assert f"line {line}: " in said
    assert sentence in said


def test_a_study_over_worlds_needs_the_measures_of_its_page():
    vary = {"data.vary.measurement.noise_sd": [5.0, 9.0]}
    few = {"performance.measures": ["missed_per_100"]}
    with pytest.raises(ValueError, match="over several worlds also reads missed_per_100_compl"):
        files.load("test_period_length", vary | few)
    assert files.load("test_period_length", vary).data.vary


def test_a_method_without_its_estimand_names_the_estimands(tmp_path):
    _, said = refused(tmp_path, ESTIMATES, "estimands: [", "estimands: [correlation] #")
    assert "which is no estimand of the study (there are: correlation)" in said
    assert "field methods.0.estimands: " in said


def test_a_field_that_stands_twice_is_refused(tmp_path):
    _, said = refused(tmp_path, PERIODS, "replicates: 200", "replicates: 200\nseed: 3")
    assert "line 53: field seed stands twice (line 51 too); keep one of them" in said


def test_what_a_command_changed_stands_in_no_line():
    with pytest.raises(ValueError, match=r"^study test_period_canary: field seed: must be") as told:
        files.load(PERIODS, {"seed": "x"})
    assert "line" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data.n_patient": 3}, r"no field data.n_patient; did you mean n_patients\? \(data has"),
        ({"performance.stp.mcse": 3}, r"did you mean stop\? \(performance has"),
    ],
)
def test_a_misspelt_change_names_the_nearest_field(changes, said):
    with pytest.raises(ValueError, match=said):
        files.load(PERIODS, changes)


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(ValueError, match=r"did you mean test_period_canary\? \(there are: "):
        files.load("test_period_canari")
