"""The data dictionary: what it holds, which files and headers it knows, what it refuses."""

import pytest

from expectations.dictionary import fold_header, load, read_table, table_for_file

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
        "recorded_at", "vas", "pgic", "analgesics_changed", "had_depression",
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
