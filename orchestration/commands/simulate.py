"""`plateau simulate`: a synthetic clinic's raw files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.errors import PlateauError


def clinic(
    out: Path, scenario: str, n_patients: int | None, seed: int, deliveries: int
) -> dict[str, Any]:
    """Write `out/deliveries/AAAAMMJJ/` and `out/truth/`; return the counts.

    Raises
    ------
    PlateauError
        The folder is not empty, or the scenario is unknown or impossible.
    """
    if out.exists() and any(out.iterdir()):
        raise PlateauError(f"{out} is not empty; nothing was written: choose a new folder.")
    from simulate import extracts
    from simulate.cohort import generate
    from simulate.scenario import load

    try:
        cohort = generate(load(scenario), seed=seed, n_patients=n_patients)
    except ValueError as error:
        raise PlateauError(f"{error}") from None
    return extracts.write(cohort, out, deliveries=deliveries, seed=seed)
