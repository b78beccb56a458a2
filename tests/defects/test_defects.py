"""Every class of the defect catalogue, each in a minimal delivery: caught, and caught there alone.

A rule must speak exactly where its defect is, under its own id and with its own action, and stay
silent on the clean lines or the clean twin beside it. What only dbt or Great Expectations can see
is in `test_defects_derived`.
"""

import pytest
from harness.comparing import (
    assert_caught,
    assert_clean_lines,
    assert_even,
    assert_holds,
    of_its_rules,
)
from harness.fixtures import ACTIONS, load_all
from harness.running import findings, run, together

FIXTURES = load_all()
LOADED = [one for one in FIXTURES if one.layer in ("gate", "contract")]
TWINS = [one for one in LOADED if "twin" in one.clean]
TOLD_TWINS = [one for one in TWINS if "holds" in one.clean]
PLAIN_TWINS = [one for one in TWINS if one not in TOLD_TWINS]


def name_of(fixture):
    return fixture.name


def test_every_class_is_there_once():
    assert [one.defect for one in FIXTURES] == list(range(1, 75))
    assert all(one.name.startswith(f"{one.defect:02d}_") for one in FIXTURES)
    assert {one.layer for one in FIXTURES} == {"gate", "contract", "dbt", "gx"}
    assert {found.action for one in FIXTURES for found in one.findings} <= ACTIONS


def test_a_fixture_without_a_finding_says_what_must_hold():
    assert all(one.findings or one.holds for one in FIXTURES)
    assert all(("twin" in one.clean) != ("lines" in one.clean) for one in FIXTURES)


@pytest.mark.parametrize("fixture", LOADED, ids=name_of)
def test_a_defect_is_caught_where_it_is(fixture, tmp_path):
    here = run(fixture, tmp_path)
    assert_caught(fixture, findings(here))
    assert_holds(here, fixture.holds)
    assert_even(here)
    if "lines" in fixture.clean:
        assert_clean_lines(fixture)


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """One warehouse of the twins that need none of their own."""
    return together(PLAIN_TWINS, tmp_path_factory.mktemp("twins"), part="clean")


@pytest.mark.parametrize("fixture", PLAIN_TWINS, ids=name_of)
def test_the_clean_twin_is_let_through(fixture, twins):
    mine = twins.files_of(fixture)
    assert mine
    assert not of_its_rules(fixture, findings(twins.clinic, mine))
    accepted = twins.clinic.ask("select file_sha256 from ingest_file where status = 'accepted'")
    assert mine - {sha256 for (sha256,) in accepted} == set()


@pytest.mark.parametrize("fixture", TOLD_TWINS, ids=name_of)
def test_the_clean_twin_ends_as_told(fixture, tmp_path):
    here = run(fixture, tmp_path, part="clean")
    standing = "select count(*) from ingest_file where status <> 'accepted'"
    assert here.ask(standing) == [(0,)]
    assert_holds(here, fixture.clean["holds"])
