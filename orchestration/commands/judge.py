"""`plateau simulate accept`, `validate`, `likeness`: how like the study simulated clinics are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.errors import WrongUse

if TYPE_CHECKING:
    from simulate.calibration.ensemble import Ensemble
    from simulate.calibration.targets import Target

Progress = Callable[[str, int, int], None]
REPLICAS = 999
OF_WRONG_WORLDS = 400


def accept(ensemble: Ensemble, seed: int, jobs: int, progress: Progress | None) -> dict[str, Any]:
    """Judge an ensemble by replicate clinics; return blocks, wrong worlds and the page."""
    from simulate.calibration import acceptance, replicas
    from simulate.calibration import targets as study
    from simulate.calibration.pages import acceptance_page

    chosen = study.targets(study.calibration_rows())
    table, width = _replicas(ensemble, chosen, seed, jobs, progress)
    judged = acceptance.judged(chosen, table, width)
    blocks = acceptance.by_block(judged)
    wrong = _wrong_worlds(ensemble, chosen, width, seed, jobs)
    stands = replicas.stands(chosen, table)
    return {
        "blocks": blocks.to_dict("records"),
        "accepted": bool(blocks["passes"].all()),
        "wrong_worlds_refused": wrong.loc[wrong["fails"], "world"].tolist(),
        "rank": stands.rank,
        "p": stands.p,
        "page": acceptance_page(judged, blocks, wrong, stands),
    }


def validate(ensemble: Ensemble, seed: int, jobs: int, progress: Progress | None) -> dict[str, Any]:
    """Compare an ensemble's replicate clinics with the figures that no fit has seen."""
    from simulate.calibration import acceptance, replicas
    from simulate.calibration import targets as study
    from simulate.calibration.pages import validation_page

    chosen = study.targets(study.held_out_rows(), study.HELD_OUT)
    table, width = _replicas(ensemble, chosen, seed, jobs, progress)
    judged = acceptance.judged(chosen, table, width)
    blocks = acceptance.by_block(judged)
    blocks["is_informed"] = ~blocks["block"].isin(study.uninformed_blocks())
    informed = blocks[blocks["is_informed"]]
    apart = [k for k, one in enumerate(chosen) if one.block not in study.uninformed_blocks()]
    stands = replicas.stands(tuple(chosen[k] for k in apart), table[:, apart])
    return {
        "blocks": blocks.to_dict("records"),
        "informed_met": int(informed["met"].sum()),
        "informed_n": int(informed["n"].sum()),
        "rank": stands.rank,
        "p": stands.p,
        "page": validation_page(judged, blocks, stands),
    }


def _replicas(
    ensemble: Ensemble,
    chosen: tuple[Target, ...],
    seed: int,
    jobs: int,
    progress: Progress | None,
) -> tuple[Any, Any]:
    """Return the figures of replicate clinics, and the width that sampling alone gives each."""
    from simulate.calibration import replicas
    from simulate.scenario import load

    names = tuple(one.statistic for one in chosen)
    worlds = replicas.worlds_of(ensemble, load("replica"))
    width = replicas.sampling_width(ensemble, worlds, names, seed, jobs=jobs)
    table = replicas.ensemble_figures(
        ensemble, worlds, names, REPLICAS, seed, jobs=jobs, progress=progress
    )
    return table, width


def likeness(world: str, changes: Sequence[str], seed: int, replicate: int) -> str:
    """Return the page of one simulated clinic of 193 patients beside the study.

    Raises
    ------
    WrongUse
        If there is no such scenario or field.
    """
    from orchestration.commands.simulate import assignments
    from report import likeness as page
    from simulate.batch import draw
    from simulate.calibration import likeness as clinic
    from simulate.calibration.calibrate import LONGEST, N_PATIENTS
    from simulate.members import parameters_for
    from simulate.scenario import load

    try:
        scenario = load(world, assignments(changes))
        parameters = parameters_for(scenario, seed, [replicate])
    except ValueError as error:
        raise WrongUse(f"{error}") from None
    what = ("recorded", "covariates", "calendar")
    batch = draw(parameters, seed, [replicate], N_PATIENTS, LONGEST, what)
    named_world = ", ".join((f"Scenario {world}", *changes))
    basis = f"{named_world} · seed {seed}, replicate {replicate} · {N_PATIENTS} patients"
    return page.build(
        clinic.shares(batch), clinic.test_period(batch), clinic.long_term(batch), basis
    )


def check_places(*files: Path | None) -> None:
    """Refuse, before any work, a file whose folder is not there.

    Raises
    ------
    WrongUse
        Naming the folder.
    """
    for file in files:
        if file and not file.parent.is_dir():
            raise WrongUse(f"there is no folder {file.parent}: make it first")


def named(name: str, folder: Path | None) -> Ensemble:
    """Return an ensemble by name.

    Raises
    ------
    WrongUse
        If there is none of that name.
    """
    from simulate.calibration.ensemble import SHIPPED, read

    try:
        return read(name, folder or SHIPPED)
    except ValueError as error:
        raise WrongUse(f"{error}") from None


def _wrong_worlds(
    ensemble: Ensemble, chosen: tuple[Target, ...], width: Any, seed: int, jobs: int
) -> pd.DataFrame:
    from simulate.calibration import acceptance, replicas
    from simulate.scenario import load

    names = tuple(one.statistic for one in chosen)
    rows = []
    for name, change in acceptance.WRONG_WORLDS.items():
        worlds = change(replicas.worlds_of(ensemble, load("replica")))
        table = replicas.ensemble_figures(ensemble, worlds, names, OF_WRONG_WORLDS, seed, jobs=jobs)
        blocks = acceptance.by_block(acceptance.judged(chosen, table, width))
        shares = dict(zip(blocks["block"], blocks["share"], strict=True))
        rows.append({"world": name, **shares, "fails": not blocks["passes"].all()})
    return pd.DataFrame(rows)
