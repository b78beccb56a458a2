"""What was said of a fixture against what it expects.

Belongs here: the comparison, shared by the tests and by the proof that they can fail. Does not:
running anything.
"""

from harness.fixtures import Finding, Fixture
from harness.running import Clinic


def of_its_rules(fixture: Fixture, said: frozenset[Finding]) -> frozenset[Finding]:
    """Findings of the fixture's rules: to be exactly its own, or none on what is clean."""
    return frozenset(one for one in said if one.rule in fixture.rules)


def assert_caught(fixture: Fixture, said: frozenset[Finding]) -> None:
    """Each rule has spoken where its defect is, and nowhere else."""
    assert of_its_rules(fixture, said) == fixture.findings


def assert_holds(here: Clinic, held: list[dict]) -> None:
    """The warehouse answers each question as the fixture says."""
    for one in held:
        assert _plain(here.ask(one["ask"])) == one["get"], one["ask"]


def assert_clean_lines(fixture: Fixture) -> None:
    """The lines that a fixture calls clean are none of those where its rules speak."""
    clean = {(file, line) for file, lines in fixture.clean["lines"].items() for line in lines}
    assert clean
    assert not clean & {(one.file, one.line) for one in fixture.findings}


def assert_even(here: Clinic) -> None:
    """Rows in = kept + quarantined + dropped, in every file that was taken."""
    uneven = here.ask(
        "select file_name from ingest_file where status = 'accepted' "
        "and n_rows <> n_kept + n_quarantined + n_dropped"
    )
    assert uneven == []


def _plain(rows: list[tuple]) -> object:
    """One value, one row as a list, or rows as lists: what a fixture writes."""
    listed = [list(row) for row in rows]
    if len(listed) != 1:
        return listed
    return listed[0][0] if len(listed[0]) == 1 else listed[0]
