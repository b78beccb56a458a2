"""The classes that only joined or many rows show: dbt flags them, Great Expectations warns.

Flags and marts come from one warehouse of all these fixtures and one dbt build; a distribution
would drown in it, so each has a warehouse of its own.
"""

import pytest
from harness import derived
from harness.comparing import assert_caught, assert_clean_lines, assert_holds, of_its_rules
from harness.fixtures import load_all
from harness.running import findings, run, together

BEYOND = [one for one in load_all() if one.layer in ("dbt", "gx")]
DISTRIBUTIONS = [one for one in BEYOND if any(name.startswith("profile_") for name in one.suites)]
ON_MARTS = [one for one in BEYOND if one not in DISTRIBUTIONS]


def name_of(fixture):
    return fixture.name


@pytest.fixture(scope="module")
def marts(tmp_path_factory):
    """One warehouse of all fixtures that need the marts, and what is said of its rows."""
    here = together(ON_MARTS, tmp_path_factory.mktemp("marts"))
    suites = {name for one in ON_MARTS for name in one.suites}
    derived.transform(here.clinic, sorted(suites))
    return here, derived.flags(here.clinic) | derived.verdicts(here.clinic, suites)


@pytest.mark.parametrize("fixture", ON_MARTS, ids=name_of)
def test_a_defect_is_flagged_where_it_is(fixture, marts):
    here, said = marts
    mine = here.files_of(fixture)
    of_rows = {found for sha256, found in said if sha256 in mine}
    assert_caught(fixture, findings(here.clinic, mine) | of_rows)
    assert_clean_lines(fixture)


@pytest.mark.parametrize("fixture", DISTRIBUTIONS, ids=name_of)
def test_a_distribution_is_warned_of(fixture, tmp_path):
    here = run(fixture, tmp_path)
    assert_caught(fixture, findings(here) | derived.distributions(here))
    assert_holds(here, fixture.holds)


@pytest.mark.parametrize("fixture", DISTRIBUTIONS, ids=name_of)
def test_an_ordinary_distribution_is_not(fixture, tmp_path):
    here = run(fixture, tmp_path, part=fixture.clean["twin"])
    assert not of_its_rules(fixture, derived.distributions(here))
