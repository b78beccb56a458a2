"""Clinics with defects: the ledger is true, every class is found, a clean clinic is quiet.

The pipeline is the nightly's (`harness.running`), the counting that of `plateau quality --truth`.
"""

import csv
import hashlib
import io
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from harness import derived
from harness.running import clinic, take

from expectations.rules import load_rules
from orchestration.measured import said, scores, values
from simulate import deliveries as planning
from simulate.cohort import generate
from simulate.defects import books, catalogue, habits, inject, ledger
from simulate.defects.cells import in_words_of
from simulate.defects.files import SPOILERS
from simulate.defects.source import OTHERS, magnitude, source_of
from simulate.defects.words import COLUMN_OF
from simulate.scenario import load

DELIVERIES = (date(2022, 6, 30), date(2023, 6, 30))
CONTRACT_CLASSES = tuple(
    one.defect
    for one in catalogue.load().values()
    if one.level in ("cell", "row")
    and all(
        name in load_rules() and load_rules()[name].owner == "contract"
        for variant in one.variants
        for name in variant.rules
    )
)


@pytest.fixture(scope="module")
def cohort():
    return generate(load("replica"), 11, n_patients=70)


def written(cohort, out, **options):
    inject.write(cohort, out, inject.Options(**options), deliveries=DELIVERIES, seed=11)
    return ledger.read(out / "truth")


def counted(out, folder, told, suites=()):
    """Take the deliveries, then what comes later, and count against the ledger."""
    here = clinic(folder, out / "deliveries")
    take(here)
    with here.build.read() as connection:
        found = said.everything_said(connection, suites)
        exact = values.repaired_exactly(connection, here.settings, told, found)
        whole = said.read_whole(connection)
    return scores.tally(told, found, whole, exact, n_rows=0), found


def test_every_class_has_its_variants_rules_and_injector():
    rules = load_rules()
    in_rows = (inject.ROW_INJECTORS, habits.INJECTORS)
    for one in catalogue.load().values():
        assert one.variants and one.detectable is (not one.because)
        makers = in_rows + (SPOILERS, books.MAKERS)
        levels = {variant.level == "file" for variant in one.variants}
        assert sum(one.defect in maker for maker in makers) == len(levels), one.defect
        assert any(one.defect in maker for maker in in_rows) is (False in levels), one.defect
        for variant in one.variants:
            unknown = {name for name in variant.rules if name not in rules} - {"none"}
            assert not unknown, (one.defect, unknown)


@pytest.mark.parametrize(
    ("options", "said_of_it"),
    [
        ({"preset": "some"}, "there are: none, typical, heavy"),
        ({"per_class": 0}, "per_class must be 1 or more"),
        ({"classes": (75,)}, "no defect class 75; there are 1 to 74"),
        ({"per_class": 1, "classes": (69, 71)}, "one habit to a clinic"),
        ({"per_class": 1, "mechanism": "often"}, "there are: mcar, mar, mnar"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(cohort, tmp_path, options, said_of_it):
    with pytest.raises(ValueError, match=said_of_it):
        written(cohort, tmp_path / "out", **options)


def test_more_spoilt_deliveries_than_days_are_refused(cohort, tmp_path):
    with pytest.raises(ValueError, match="do not fit between"):
        written(cohort, tmp_path / "out", per_class=300, classes=(1,))


def test_a_clinic_too_small_for_its_defects_says_how_many_found_no_place(tmp_path):
    smallest = generate(load("replica"), 3, n_patients=2)
    made = inject.write(
        smallest, tmp_path, inject.Options(per_class=1), deliveries=DELIVERIES, seed=3
    )
    told = ledger.read(tmp_path / "truth")
    placed = told.loc[told["defect_id"] > 0, "defect_id"].nunique()
    assert made["short"][73] == made["short"][4] == 1
    assert placed == made["defects"] == 70 - sum(made["short"].values())


@pytest.fixture(scope="module")
def every(cohort, tmp_path_factory):
    """Every class of rows and files, once."""
    out = tmp_path_factory.mktemp("every")
    return out, written(cohort, out, per_class=1)


def test_every_class_of_rows_and_files_is_injected(every):
    _, told = every
    counts = Counter(told.loc[told["defect_id"] > 0].drop_duplicates("defect_id")["defect"])
    assert set(counts) == set(range(1, 75)) - set(habits.INJECTORS)
    assert set(counts.values()) == {1}


def test_the_cell_at_the_line_of_the_ledger_holds_the_injected_text(every):
    out, told = every
    checked = Counter()
    for row in told[told["line"].notna() & told["column_name"].notna()].itertuples():
        place = out / ("later" if row.arrival == 2 else "deliveries") / row.delivery / row.file
        cell = (
            cell_of_book(place, row.line, row.column_name)
            if row.file.endswith(".xlsx")
            else cell_of_text(place, row.line, row.column_name)
        )
        if cell is None:  # a file that is damaged as a whole besides
            continue
        assert cell == row.injected_value, (row.defect, row.file, row.line)
        assert row.injected_value != row.true_value or row.defect_id == 0
        checked[row.defect] += 1
    assert len(checked) > 35


def cell_of_text(path: Path, line: int, column: str) -> str | None:
    content = path.read_bytes()
    of_mark = ["utf-16"] if content.startswith(b"\xff\xfe") else []
    for encoding in (*of_mark, "utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        return None
    lines = text.split("\r\n")
    header_and_row = (lines[0], lines[line - 1])
    rows = [next(csv.reader(io.StringIO(one), delimiter=";"), []) for one in header_and_row]
    columns = [COLUMN_OF.get(label) for label in rows[0]]
    if len(rows[0]) != len(rows[1]) or column not in columns:
        return None
    return rows[1][columns.index(column)]


def cell_of_book(path: Path, line: int, column: str) -> str:
    sheet = openpyxl.load_workbook(path).worksheets[line // 10_000_000 - 1]
    row, number = line % 10_000_000, books.COLUMNS.index(column) + 1
    above = [one for one in sheet.merged_cells.ranges if (row, number) in {*one.cells}]
    first = above[0].min_row if above else row
    return in_words_of(sheet.cell(first, number).value)


def test_the_same_seed_makes_the_same_files(cohort, tmp_path):
    options = {"per_class": 1, "classes": (7, 12, 23, 38, 49, 61, 63)}
    for name in ("one", "other"):
        written(cohort, tmp_path / name, **options)
    assert tree(tmp_path / "one") == tree(tmp_path / "other")


def tree(folder: Path) -> dict[str, str]:
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".parquet")
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.mark.parametrize("mechanism", ["mar", "mnar"])
def test_every_class_is_injected_by_every_mechanism(cohort, tmp_path, mechanism):
    told = written(cohort, tmp_path / mechanism, per_class=1, mechanism=mechanism)
    own = told[told["defect_id"] > 0]
    assert set(own["defect"]) == set(range(1, 75)) - set(habits.INJECTORS)
    assert set(own.loc[own["line"].notna(), "mechanism"]) == {mechanism}
    assert set(own.loc[own["line"].isna(), "mechanism"]) == {"mcar"}
    cells = own[own["column_name"].notna()]
    assert cells[["true_value", "injected_value"]].notna().all(axis=None)


@pytest.fixture(scope="module")
def source_by(cohort):
    """A clinic's rows, from which a mechanism chooses."""
    whole = planning.clinic(cohort, planning.plan(1, DELIVERIES[-1]), 11)
    return lambda mechanism: source_of(whole, np.random.default_rng(5), mechanism)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("sessions", "pain_relief_pct"),
        ("sessions", "session_date"),
        ("sessions", "target"),
        ("patients", "birth_date"),
        ("patients", "aetiology"),
        ("emcs", "pain_relief_pct"),
        ("emcs", "surgery_date"),
    ],
)
def test_a_mechanism_prefers_some_rows(source_by, table, column):
    """Four times as often, or more, as chance would: 8 times the weight of a part of the rows."""

    def favoured(mechanism, is_favoured):
        source = source_by(mechanism)
        rows = {"sessions": source.sessions, "patients": source.patients, "emcs": source.visits}
        every = np.arange(len(rows[table]))
        chosen = [source.choose(table, every, column) for _ in range(150)]
        marked = is_favoured(rows[table])
        return marked.iloc[chosen].mean() / (1 - marked.iloc[chosen].mean())

    def high(rows):
        return magnitude(rows[column]).rank(pct=True, method="max") > 0.75

    def usual(rows):
        other = OTHERS[table][0]
        return rows[other] == rows[other].mode().iloc[0]

    for mechanism, marks in (("mnar", high), ("mar", usual)):
        assert favoured(mechanism, marks) > 4 * favoured("mcar", marks)


def test_days_are_ranked_as_days_and_numbers_as_numbers():
    days = magnitude(pd.Series(["31/01/2019", "01/02/2020", ""], dtype=object))
    assert days.rank().tolist()[:2] == [1.0, 2.0]
    assert days.isna().tolist() == [False, False, True]
    assert magnitude(pd.Series(["9,5", "10", "NR"], dtype=object)).tolist()[:2] == [9.5, 10.0]
    assert magnitude(pd.Series(["zona", "autre"], dtype=object)).tolist() == [2.0, 1.0]


def test_the_contracts_own_classes_are_found_and_the_ledger_is_not_read(cohort, tmp_path):
    told = written(cohort, tmp_path / "out", per_class=1, classes=CONTRACT_CLASSES)
    opened: list[str] = []
    sys.addaudithook(lambda name, given: opened.append(str(given[0])) if name == "open" else None)
    tally, _ = counted(tmp_path / "out", tmp_path / "run", told)
    seen = [one for one in opened if str(tmp_path / "out") in one]
    assert any("deliveries" in one for one in seen)
    assert not [one for one in seen if "truth" in one]
    assert tally.missed == []
    assert tally.verdicts["hard", "false_alarm"] == tally.verdicts["repair", "false_alarm"] == 0
    assert tally.repaired.total() >= 10
    assert tally.exact == tally.repaired


def test_an_item_off_its_scale_is_found_however_far_off(cohort, tmp_path):
    told = written(cohort, tmp_path / "out", per_class=3, classes=(31,))
    assert set(told["variant"]) >= {"eleven", "below_zero", "of_a_hundred"}
    tally, _ = counted(tmp_path / "out", tmp_path / "run", told)
    assert tally.missed == []
    assert tally.verdicts["hard", "false_alarm"] == 0


@pytest.mark.slow
def test_every_class_of_rows_and_files_is_found(every, tmp_path):
    out, told = every
    here = clinic(tmp_path, out / "deliveries")
    take(here)
    later = clinic(tmp_path, out / "later")
    take(later)
    derived.transform(later, ["intervals", "patients"])
    with later.build.read() as connection:
        found = said.everything_said(connection)
        exact = values.repaired_exactly(connection, later.settings, told, found)
        whole = said.read_whole(connection)
    tally = scores.tally(told, found, whole, exact, n_rows=0)
    sure = {one.defect for one in catalogue.load().values() if one.detectable}
    assert not [one for one in tally.missed if one[0] in sure]
    assert tally.verdicts["hard", "false_alarm"] == tally.verdicts["repair", "false_alarm"] == 0


def test_a_clean_clinic_is_let_through(cohort, tmp_path):
    told = written(cohort, tmp_path / "out")
    tally, found = counted(tmp_path / "out", tmp_path / "run", told)
    assert found[found["tier"] == "hard"].empty
    assert tally.false_rules == Counter()
    assert not tally.n


def test_the_count_notices_a_silent_rule_and_a_false_finding(cohort, tmp_path):
    told = written(cohort, tmp_path / "out", per_class=2, classes=(25, 38))
    _, found = counted(tmp_path / "out", tmp_path / "run", told)
    silent = found[found["rule_id"] != "pr_range"]
    tally = scores.tally(told, silent, set(), {}, n_rows=0)
    assert {defect for defect, *_ in tally.missed} >= {25}
    loud = found[found["rule_id"] == "pr_range"].iloc[:1].assign(line=2)
    tally = scores.tally(told, loud, set(), {}, n_rows=0)
    assert tally.false_rules == {("hard", "pr_range"): 1}


@pytest.mark.slow
def test_a_wrong_repair_is_no_exact_one(cohort, tmp_path):
    told = written(cohort, tmp_path / "out", per_class=3, classes=(23,))
    tally, _ = counted(tmp_path / "out", tmp_path / "run", told)
    assert tally.exact == tally.repaired != Counter()
    lied = told.assign(true_value=told["true_value"].where(told["defect_id"] == 0, "1"))
    tally, _ = counted(tmp_path / "out", tmp_path / "again", lied)
    assert tally.exact.total() < tally.repaired.total()
