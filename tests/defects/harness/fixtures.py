"""One defect: its files as a clinic would send them, and what must come of them.

Belongs here: the reading of `expected.yml`. Does not: files that cannot be written by hand
(`building`), or running anything (`running`).

A folder `NN_name/` holds `deliveries/AAAAMMJJ/...`; sometimes `again/`, which overwrites parts of
it for a second arrival; and either lines of the same files, or a twin in `clean/`, on which its
rules stay silent. Files that cannot be written by hand stand in `build.yml`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1]
ACTIONS = {
    "refuse", "block", "quarantine_row", "quarantine_cell", "repair", "drop", "warn", "version",
    "no_op",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What a rule says of a place; None where it has none. `file` is `AAAAMMJJ/name`."""

    rule: str
    action: str
    file: str | None = None
    line: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class Fixture:
    """One class of the catalogue."""

    folder: Path
    defect: int
    title: str
    layer: str
    action: str
    found: tuple[dict[str, Any], ...]
    clean: dict[str, Any]
    holds: tuple[dict[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the folder, which is the name of the test."""
        return self.folder.name

    @cached_property
    def findings(self) -> frozenset[Finding]:
        """What the pipeline must say, no more of these rules and no less."""
        return frozenset(
            Finding(
                rule=one["rule"],
                action=one.get("action", self.action),
                file=one.get("file", one.get("delivery")),
                line=one.get("line"),
                column=one.get("column"),
            )
            for one in self.found
        )

    @cached_property
    def rules(self) -> frozenset[str]:
        """Rules that must speak here and only where they are expected."""
        return frozenset(one.rule for one in self.findings)

    @cached_property
    def suites(self) -> frozenset[str]:
        """Tables or profiles of Great Expectations whose checks carry a rule of this defect."""
        return frozenset(one["table"] for one in self.found if "table" in one)


def load_all() -> list[Fixture]:
    """Every fixture in the order of the catalogue."""
    return [_load(path.parent) for path in sorted(FOLDER.glob("[0-9][0-9]_*/expected.yml"))]


def _load(folder: Path) -> Fixture:
    entry = yaml.safe_load((folder / "expected.yml").read_text(encoding="utf-8"))
    listed = {name: tuple(entry.pop(name, ())) for name in ("found", "holds")}
    return Fixture(folder=folder, **entry, **listed)
