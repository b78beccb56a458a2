"""The code that a count depends on: words and other rooms do not change it, a kernel does."""

import shutil

import pytest

from simulate.studies import code, files, kinds, run

ROOMS = ("simulate", "classical", "bayes", "expectations")


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the product's source that may be changed."""
    for room in (*ROOMS, "report", "orchestration"):
        shutil.copytree(
            code.ROOT / room,
            tmp_path / room,
            ignore=lambda folder, names: [
                n for n in names if "." in n and not n.endswith(".py") or n == "__pycache__"
            ],
        )
    monkeypatch.setattr(code, "ROOT", tmp_path)
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget():
    code.code_id.cache_clear()
    code.sources.cache_clear()


def identity(study="test_period_canary"):
    forget()
    return run.code_of(files.load(study))


def change(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


STUDIES = ("test_period_canary", "sham_trial", "retention_reporting")


def test_words_and_layout_and_other_rooms_recount_nothing(copy):
    before = {study: identity(study) for study in STUDIES}
    for room in ("report", "orchestration"):
        for path in (copy / room).rglob("*.py"):
            path.write_text("changed = 1\n", encoding="utf-8")
    for path in copy.glob("simulate/**/*.py"):
        text = path.read_text(encoding="utf-8").replace('"""', '"""Other words. ', 1)
        path.write_text(f"# a comment\n\n{text}\n\n\n# another\n", encoding="utf-8")
    change(copy / "simulate/studies/kernel.py", "    for c in range(len(score)):",
           "    # a comment\n    for c in range( len( score ) ):")  # fmt: skip
    change(copy / "simulate/studies/ratios.py", "Z = 1.959963984540054", "Z = 2.0")
    change(copy / "simulate/studies/performance.py", "weight[k] for k in", "2 * weight[k] for k in")
    change(copy / "simulate/studies/frames.py", "estimate * step", "2 * estimate * step")
    assert {study: identity(study) for study in STUDIES} == before


@pytest.mark.parametrize(
    ("path", "before", "after", "changed"),
    [
        ("studies/kernel.py", "score[c, i] >= thresholds", "score[c, i] > thresholds", (0,)),
        ("studies/estimands.py", "horizon", "horizon_", (0,)),
        ("studies/sums.py", '"tp", "fp", "fn", "tn"', '"tp", "fp", "tn", "fn"', (0, 1, 2)),
        ("studies/trials/conduct.py", "np.isnan(", "np.isinf(", (1,)),
        ("studies/estimates/counting.py", "BATCH = 16", "BATCH = 8", (2,)),
        ("engine/stopping.py", " + ", " - ", (0, 1, 2)),
    ],
)
def test_a_change_of_what_counts_makes_its_studies_anew(copy, path, before, after, changed):
    old = [identity(study) for study in STUDIES]
    change(copy / "simulate" / path, before, after)
    new = [identity(study) for study in STUDIES]
    assert tuple(k for k in range(3) if old[k] != new[k]) == changed


@pytest.mark.parametrize("name", kinds.KINDS)
def test_what_makes_figures_is_asked_by_no_counting(name):
    """A design knows names of measures, a study the words of its answer; one file does both."""
    may = {"study.py", "design.py", "calibration.py"}
    for path in code.sources(kinds.kind(name).ENTRY):
        asks = set(code.FIGURES) & set(code._imports(path))
        assert not asks or path.rsplit("/", 1)[1] in may, path


def test_a_string_that_is_used_is_no_docstring():
    assert code.meaning('def f():\n    """Words."""\n    return "a"\n') == code.meaning(
        'def f():  # words\n    return "a"'
    )
    assert code.meaning('a = "b"') != code.meaning('a = "c"')
    assert code.meaning('def f():\n    """Words."""') == code.meaning("def f():\n    pass")
