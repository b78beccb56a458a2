"""What dbt and Great Expectations say of fixtures.

Belongs here: the marts of one warehouse, and the reading of flags and verdicts. Does not: taking
fixtures into a warehouse (`running`).
"""

from collections.abc import Iterable

import pytest
from harness.fixtures import Finding
from harness.running import Clinic

from expectations.validate import Verdict
from orchestration import dbt_project, profiles

FLAGS = ("int_session_flags", "int_patient_flags", "int_emcs_flags")
AGAINST = ("failed", "passed_with_rows")


type Placed = tuple[str | None, Finding]
"""A finding with the hash of the file that its row came from."""


def transform(here: Clinic, marts: Iterable[str]) -> None:
    """Build the flags, some marts and what they stand on; their data tests are the nightly's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_INDIRECT_SELECTION", "empty")
        models = " ".join(f"+{name}" for name in (*FLAGS, *marts))
        # Without a manifest first, which only Dagster reads: dbt parses once.
        done = dbt_project.run_build(here.settings, here.build.path, ["--select", models])
    assert done.returncode == 0, dbt_project.what_failed(here.settings)


def flags(here: Clinic) -> frozenset[Placed]:
    """Every row that dbt has flagged, at its place in the delivered file."""
    listed = " union all ".join(f"select row_key, rule_id from {name}" for name in FLAGS)
    rows = here.ask(
        f"select sha256, rule_id, file, line from ({listed}) left join ({_PLACES}) using (row_key)"
    )
    return frozenset(
        (sha256, Finding(rule, "warn", file, line)) for sha256, rule, file, line in rows
    )


def verdicts(here: Clinic, names: Iterable[str]) -> frozenset[Placed]:
    """What the suites of tables say, at the places of the rows that they name."""
    return _placed(here, [profiles.verdict_on(here.build, name) for name in sorted(names)])


def distributions(here: Clinic) -> frozenset[Finding]:
    """What the suites of volumes, distributions and patterns say."""
    said = _placed(here, profiles.distribution_verdicts(here.build))
    return frozenset(found for _, found in said)


def _placed(here: Clinic, found: Iterable[Verdict]) -> frozenset[Placed]:
    places = {row_key: place for row_key, *place in here.ask(_PLACES)}
    said: set[Placed] = set()
    for result in (result for verdict in found for result in verdict.results):
        assert result.status != "error", result
        if result.status in AGAINST:
            for key in result.row_keys or (None,):
                sha256, file, line = places.get(key, (None, None, None))
                said.add((sha256, Finding(result.rule_id, "warn", file, line)))
    return frozenset(said)


_PLACES = " union ".join(
    "select r.row_key, r.file_sha256 as sha256, f.delivery_name || '/' || f.file_name as file, "
    f"r.line from raw_{name} as r inner join ingest_file as f "
    f"on r.file_sha256 = f.file_sha256 and r.delivery_id = f.delivery_id "
    f"and f.table_name = '{name}'"
    for name in ("patients", "sessions", "emcs")
)
