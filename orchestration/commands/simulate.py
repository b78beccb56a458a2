"""`plateau simulate`: a synthetic clinic's raw files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import PlateauError


@dataclass(frozen=True)
class Spoilt:
    """What is to go wrong in the files; see `simulate.defects.inject.Options`."""

    preset: str = "none"
    per_class: int | None = None
    classes: tuple[int, ...] | None = None
    mechanism: str = "mcar"


def clinic(
    out: Path,
    scenario: str,
    n_patients: int | None,
    seed: int,
    deliveries: int,
    *,
    settings: Sequence[str] = (),
    spoilt: Spoilt | None = None,
    between: tuple[int, int, int] = (0, 0, 0),
    export: str = "clinic",
) -> dict[str, Any]:
    """Write `out/deliveries/AAAAMMJJ/` and `out/truth/`; return the counts.

    Parameters
    ----------
    settings
        Fields of the scenario as `dotted.field=value`.
    spoilt
        Defects; none by default.
    between
        Sessions changed and late, patients who come after their sessions.
    export
        'clinic' or 'redcap'.

    Raises
    ------
    PlateauError
        The folder is not empty, or scenario, field or defects are unknown or impossible.
    """
    if out.exists() and any(out.iterdir()):
        raise PlateauError(f"{out} is not empty; nothing was written: choose a new folder.")
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.defects import inject
    from simulate.deliveries import Between
    from simulate.scenario import load

    spoilt = spoilt or Spoilt()
    options = inject.Options(spoilt.preset, spoilt.per_class, spoilt.classes, spoilt.mechanism)
    wanted = spoilt.preset != "none" or spoilt.per_class is not None
    try:
        options.require_valid()
        extracts.require_export(export)
        if wanted and export != "clinic":
            raise ValueError("defects are those of the clinic's own files: leave out --export")
        cohort = generate(load(scenario, _overrides(settings)), seed=seed, n_patients=n_patients)
        told = Between(*between)
        if wanted:
            return inject.write(
                cohort, out, options, deliveries=deliveries, seed=seed, between=told
            )
        return extracts.write(
            cohort, out, deliveries=deliveries, seed=seed, between=told, export=export
        )
    except ValueError as error:
        raise PlateauError(f"{error}") from None


def _overrides(settings: Sequence[str]) -> dict[str, Any]:
    """`field=value` to field and value, the value as YAML reads it."""
    overrides = {}
    for one in settings:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise ValueError(f"--set takes dotted.field=value, got {one!r}")
        overrides[name] = yaml.safe_load(value)
    return overrides
