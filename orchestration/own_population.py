"""The warehouse's own posterior as a population that studies can draw their worlds from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from orchestration.errors import InputMissing
from orchestration.model_rows import STATUS_TABLE, status_of
from orchestration.settings import Settings
from orchestration.warehouse import read_tables

PUBLISHED, POSTERIOR = "published", "posterior"
MEMBERS = 500


def ensemble_of(settings: Settings) -> Path:
    """Return the file of the published warehouse's posterior as an ensemble, made where it is not.

    Raises
    ------
    InputMissing
        No model has converged in this data directory, or its draws are gone.
    """
    run_id = _run_id(settings)
    path = settings.studies / "populations" / f"posterior-{run_id[:12]}.csv"
    if not path.is_file():
        from simulate.studies.own_population import as_members, write

        try:
            write(as_members(_draws(settings.posteriors / f"{run_id}.zarr")), path)
        except ValueError as error:
            raise InputMissing(f"{error}.") from None
    return path


def _run_id(settings: Settings) -> str:
    hint = "`plateau nightly` fits the model; a converged fit keeps its posterior"
    if not settings.live.is_file():
        raise InputMissing(f"There is no warehouse in {settings.data} yet: {hint}.")
    status = read_tables(settings.live, [STATUS_TABLE]).get(STATUS_TABLE)
    run_id = status_of(status).get("rows_run_id")
    if not isinstance(run_id, str) or not (settings.posteriors / f"{run_id}.zarr").exists():
        raise InputMissing(f"{settings.data} holds no posterior of its own: {hint}.")
    return run_id


def _draws(path: Path) -> pd.DataFrame:
    """Return evenly spaced draws of the population's parameters, one row a draw."""
    import xarray as xr

    from simulate.studies.own_population import NEEDED

    with xr.open_datatree(path, engine="zarr", consolidated=False) as tree:
        group = tree["posterior"]
        columns = {name: group[name].to_numpy().ravel() for name in NEEDED if name in group}
    frame = pd.DataFrame(columns)
    step = max(1, len(frame) // MEMBERS)
    return frame.iloc[::step].reset_index(drop=True)
