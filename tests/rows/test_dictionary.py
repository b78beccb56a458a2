"""The data dictionary: what it holds, which files and headers it knows, what it refuses."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
import yaml

from expectations import dictionary
from expectations.cells import parse_cell
from expectations.dbt_docs import docs_in, rewrite, types_of
from expectations.dictionary import fold_header, load, read_table, table_for_file
from expectations.document import render
from expectations.guards import EVERY_CELL, rules_of
from expectations.rules import load_rules
from expectations.suites import for_table

ROOT = Path(__file__).parents[2]
TABLES = load()
NPSI = [str(n) for n in range(1, 13)]


@pytest.mark.parametrize(
    ("header", "folded"),
    [
        ("N° séance", "nseance"),
        ("num_seance", "numseance"),
        ("  DATE_Séance ", "dateseance"),
        ("Durée\u00a0soulagement (j)", "dureesoulagement(j)"),
        ("\ufeffipp", "ipp"),
    ],
)
def test_headers_fold(header, folded):
    assert fold_header(header) == folded


@pytest.mark.parametrize(
    ("file_name", "table"),
    [
        ("patients_20190304.csv", "patients"),
        ("seances_20190304.csv", "sessions"),
        ("SEANCES_20190304.CSV", "sessions"),
        ("emcs_20190304.xlsx", "emcs"),
        ("emcs_20190304.xlsm", None),
        ("seances_2019.csv", None),
        ("manifest.csv", None),
    ],
)
def test_file_names_lead_to_tables(file_name, table):
    found = table_for_file(file_name)
    assert (found.name if found else None) == table


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(("header_set", "attribute"), [("A", "header_a"), ("B", "header_b")])
def test_every_column_is_found_under_both_header_sets(name, header_set, attribute):
    table = TABLES[name]
    headers = [getattr(column, attribute) for column in table.file_columns]
    match = table.match_headers(headers)
    assert list(match.mapping.values()) == [column.name for column in table.file_columns]
    assert match.unknown == match.missing_required == match.duplicated == ()
    assert match.header_set == ("common" if name == "emcs" else header_set)


def test_header_order_case_and_accents_do_not_matter():
    match = TABLES["sessions"].match_headers(["SOULAGEMENT (%)", "date seance", "n°_séance", "Ipp"])
    assert match.mapping == {
        "SOULAGEMENT (%)": "pain_relief_pct",
        "date seance": "session_date",
        "n°_séance": "session_no_recorded",
        "Ipp": "ipp",
    }
    assert match.header_set == "B"


def test_a_file_of_both_systems_is_mixed():
    match = TABLES["sessions"].match_headers(["ipp", "num_seance", "Durée soulagement (j)"])
    assert match.header_set == "mixed"


def test_what_a_header_row_lacks_and_what_it_has_too_much():
    match = TABLES["sessions"].match_headers(["ipp", "num_seance", "N° séance", "PR", "humeur"])
    assert match.missing_required == ("session_date",)
    assert match.duplicated == ("N° séance",)
    assert match.unknown == ("humeur",)
    assert "nurse" in match.missing_expected
    assert "vas" not in match.missing_expected, "optional columns are absent without a warning"


def test_a_renamed_relief_column_is_missing_not_empty():
    match = TABLES["sessions"].match_headers(["ipp", "num_seance", "date_seance", "mieux"])
    assert match.missing_required == ("pain_relief_pct",)


def test_the_columns_that_enter_the_warehouse():
    patients, sessions, emcs = (
        [column.name for column in TABLES[name].warehouse_columns]
        for name in ("patients", "sessions", "emcs")
    )
    assert patients == [
        "sex", "first_consultation_date", "pain_duration_years", "nrs_initial", "laterality",
        "topography", "lesion_level", "lesion_site", "aetiology",
        *(f"npsi_baseline_{n}" for n in NPSI), "npsi_baseline_total", "most_painful_component",
        "test_period_relief_pct", "exclusion_reason", "stop_reason", "stop_date",
    ]  # fmt: skip
    assert sessions == [
        "session_no_recorded", "session_date", "session_time", "nurse", "protocol", "target",
        "intensity_pct_mt", "n_pulses", "pain_relief_pct", "relief_duration_days",
        "evaluation_date", *(f"npsi_{n}" for n in NPSI), "npsi_total", "ssnpsi", "side_effect",
        "has_side_effect_detail", "side_effect_serious", "recorded_at", "vas", "pgic",
        "analgesics_changed", "had_depression",
    ]  # fmt: skip
    assert emcs == [
        "surgery_date", "n_electrodes", "visit_date", "months_post_op", "stimulation",
        "pain_relief_pct", "relief_duration_days", "npsi_total", "frequency_hz", "amplitude_v",
        "pulse_width_us", "has_complication",
    ]  # fmt: skip


def test_identifiers_and_free_text_never_enter_the_warehouse():
    hidden = {c.name for table in TABLES.values() for c in table.columns if c.identifying}
    assert hidden == {
        "ipp", "last_name", "first_name", "birth_date", "side_effect_detail", "comment",
        "complication", "remarks",
    }  # fmt: skip
    free_text = {c.name for t in TABLES.values() for c in t.columns if c.type == "free_text"}
    assert free_text < hidden


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("{name: x, type: number, headers: [x], description: d}", "column x / type"),
        ("{name: x, type: text, headers: [x], description: d, unti: pct}", "column x / unti"),
        ("{name: x, type: code, headers: [x], description: d}", "column x.*`codes`"),
        ("{name: x, type: text, headers: [IPP], description: d}", "share a header.*ipp"),
        ("{name: ipp, type: text, headers: [x], description: d}", "share a name"),
    ],
)
def test_a_wrong_entry_is_refused_naming_file_and_column(tmp_path, column, message):
    path = tmp_path / "wrong.yml"
    path.write_text(
        "name: t\ndescription: d\nfile_prefixes: [t_]\nfile_format: csv\nkey: [ipp]\ncolumns:\n"
        "  - {name: ipp, type: identifier, headers: [ipp], description: d}\n"
        f"  - {column}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=rf"wrong\.yml.*{message}"):
        read_table(path)


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def published():
    """Where the dictionary is published -> whether it is what the dictionary now makes of it."""
    staging = sorted((ROOT / "dbt/models/staging").glob("*.yml"))
    docs = {f"dbt {path.name}": rewrite(text_of(path)) == text_of(path) for path in staging}
    return docs | {"docs/data-dictionary.md": render() == text_of("docs/data-dictionary.md")}


def test_every_published_form_is_what_the_dictionary_makes_of_it():
    stale = [place for place, is_current in published().items() if not is_current]
    assert not stale, (
        f"stale: {stale}; run python -m expectations.dbt_docs dbt/models/staging/*.yml and "
        "python -m expectations.document > docs/data-dictionary.md"
    )


@pytest.mark.parametrize("name", TABLES)
def test_dbt_describes_every_raw_column_with_its_type(name):
    sources = yaml.safe_load(text_of("dbt/models/staging/_sources.yml"))
    raw = docs_in(sources)[f"raw_{name}"]
    assert {c: raw.get(c, {}).get("data_type") for c in types_of(f"raw_{name}")} == types_of(
        f"raw_{name}"
    )
    assert list(raw) == list(types_of(f"raw_{name}"))


def test_the_load_writes_the_types_that_are_documented():
    from orchestration.ingest.schema import all_tables

    for name in TABLES:
        assert all_tables()[f"raw_{name}"] == types_of(f"raw_{name}")


@pytest.mark.parametrize(
    ("before", "after", "stale"),
    [
        ("Initials of the nurse.", "Initials of whoever asked.", {"dbt", "document"}),
        ("[aucun, aucune, non]", "[aucun, aucune, non, rien]", {"contract", "document"}),
        ("      m1_left: ", "      m1_gauche: ", {"contract", "suite", "dbt", "document"}),
        ("maximum: 200", "maximum: 150", {"contract", "suite", "dbt", "document"}),
        ("[infirmier, infirmière, IDE]", "[infirmier, soignant]", {"contract", "document"}),
    ],
)
def test_a_change_of_the_dictionary_shows_in_all_that_is_made_of_it(
    tmp_path, monkeypatch, before, after, stale
):
    folder = shutil.copytree(dictionary.FOLDER, tmp_path / "dictionary")
    sessions = folder / "sessions.yml"
    text = sessions.read_text("utf-8")
    assert text.count(before) == 1
    found = {"contract": contract_reads(), "suite": suite_asks()}
    sessions.write_text(text.replace(before, after), encoding="utf-8")
    monkeypatch.setattr(dictionary, "FOLDER", folder)
    load.cache_clear()
    try:
        changed = {place.split()[0] for place, is_current in published().items() if not is_current}
        changed |= {"contract"} if contract_reads() != found["contract"] else set()
        changed |= {"suite"} if suite_asks() != found["suite"] else set()
    finally:
        load.cache_clear()
    assert {place.replace("docs/data-dictionary.md", "document") for place in changed} == stale


def contract_reads():
    """What the row contract makes of some headers and cells."""
    table = load()["sessions"]
    cells = {"side_effect": "rien", "target": "M1 G", "intensity_pct_mt": "180"}
    read = [parse_cell(text, table.column(name), pivot_year=2020) for name, text in cells.items()]
    return read, table.match_headers(["soignant"]).mapping


def suite_asks():
    return [(c.rule_id, c.column, str(c.kwargs)) for c in for_table("raw_sessions")]


def test_every_rule_of_a_cell_is_listed_with_some_column():
    listed = {r for t in TABLES.values() for c in t.columns for r in rules_of(t, c)}
    listed |= set(EVERY_CELL)
    rules = load_rules()
    assert listed <= rules.keys()
    of_cells = {r.id for r in rules.values() if r.owner == "contract" and r.denominator == "cells"}
    assert of_cells <= listed, f"say in guards.py which columns meet {sorted(of_cells - listed)}"


def test_the_forms_for_machines_hold_every_column():
    n_columns = sum(len(table.columns) for table in TABLES.values())
    assert len(json.loads(render("json"))) == n_columns
    rows = list(csv.DictReader(io.StringIO(render("csv")), delimiter=";"))
    assert len(rows) == n_columns
    (sex,) = [row for row in rows if (row["table"], row["column"]) == ("patients", "sex")]
    assert sex["codes"].startswith("M = M | H | 1") and sex["goes_to"] == "raw_patients"
    with pytest.raises(ValueError, match="choose markdown, csv or json"):
        render("html")
