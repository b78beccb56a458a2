"""A simulated clinic says the same whether its files are the clinic's own or a REDCap export."""

import pytest

from orchestration import data_directory
from orchestration.build import Build
from orchestration.ingest import load
from orchestration.ingest.deliveries import new_and_ready, scan
from orchestration.journal import Journal
from orchestration.settings import load as load_settings
from orchestration.vault import make_key
from simulate.cohort import generate
from simulate.extracts import write
from simulate.scenario import load as load_scenario

SESSIONS = """
    select patient_id, session_no_recorded, session_date, pain_relief_pct, relief_duration_days
    from raw_sessions where known_to is null and set_aside_rule is null order by all
"""
VISITS = """
    select patient_id, visit_date, pain_relief_pct
    from raw_emcs where known_to is null and set_aside_rule is null order by all
"""


@pytest.fixture(scope="module")
def cohort():
    return generate(load_scenario("replica"), 3, n_patients=15)


@pytest.fixture(scope="module")
def loaded(cohort, tmp_path_factory):
    """What each export says once it is loaded, and the files that were refused."""
    key = tmp_path_factory.mktemp("vault") / "key"
    make_key(key)

    def said(export):
        home = tmp_path_factory.mktemp(export)
        write(cohort, home / "clinic", deliveries=1, seed=3, export=export)
        settings = load_settings(
            {"data": home / "data", "deliveries": home / "clinic" / "deliveries", "key_file": key,
             "settle_seconds": 0},
            cwd=home,
        )  # fmt: skip
        data_directory.prepare(settings)
        build = Build(settings, "run", "run")
        build.open()
        with build.write() as connection:
            fresh = new_and_ready(scan(settings), ())
            result = load.load(fresh, connection, settings, Journal(settings, "run"), "run")
            rows = [connection.execute(sql).fetchall() for sql in (SESSIONS, VISITS)]
        return result.refused, *rows

    return {export: said(export) for export in ("clinic", "redcap")}


def test_both_exports_are_taken_whole(loaded, cohort):
    assert len(cohort.emcs) > 0
    for refused, sessions, visits in loaded.values():
        assert refused == {}
        assert len(sessions) == cohort.n_sessions.sum()
        assert len(visits) == len(cohort.emcs)


def test_both_exports_say_the_same_of_every_session_and_visit(loaded):
    own, redcap = loaded["clinic"], loaded["redcap"]
    assert redcap[1] == own[1]
    assert redcap[2] == own[2]
