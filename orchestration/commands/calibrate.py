"""`plateau simulate calibrate` and `accept`: the fit to the study, its report, its acceptance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.errors import PlateauError

if TYPE_CHECKING:
    from simulate.calibration.ensemble import Ensemble
    from simulate.calibration.targets import Target

Progress = Callable[[str, int, int], None]
REPLICAS = 999
OF_WRONG_WORLDS = 400


def calibrate(
    name: str,
    folder: Path,
    seed: int,
    jobs: int,
    quick: bool,
    report: Path | None,
    command: str,
    progress: Progress | None,
) -> dict[str, Any]:
    """Fit, write the ensemble and, if asked, the report; return what `--json` prints.

    Raises
    ------
    PlateauError
        If the ensemble's effective size stays below 500, unless `quick`.
    """
    from simulate.calibration import targets as study
    from simulate.calibration.calibrate import Effort
    from simulate.calibration.calibrate import calibrate as fit
    from simulate.calibration.ensemble import Ensemble, Provenance, make_table
    from simulate.calibration.pages import fit_page
    from simulate.scenario import load

    chosen = study.targets(study.calibration_rows())
    scenario = load("replica")
    effort = Effort(first=80, each=50, rounds=2, draws=60, members=500) if quick else Effort()
    fitted = fit(chosen, scenario, seed=seed, effort=effort, jobs=jobs, progress=progress)
    draws = fitted.draws
    if draws.effective_size < 500 and not quick:
        raise PlateauError(
            f"the effective size is {draws.effective_size:.0f}, below 500; nothing was written: "
            "try another --seed, or report it with the seed."
        )
    provenance = Provenance(
        command=command, seed=seed, version=version("plateau"),
        targets=study.target_hash(chosen), scenario=scenario.scenario_id,
        simulated=fitted.simulated, rounds=effort.rounds,
        effective_size=round(draws.effective_size, 1), made_on=datetime.now(UTC).date().isoformat(),
    )  # fmt: skip
    ensemble = Ensemble(make_table(draws.place, draws.structure, draws.weight), provenance)
    members, _ = ensemble.write(folder, name)
    told: dict[str, Any] = {
        "members": len(ensemble.table),
        "effective_size": ensemble.effective_size,
        "path": str(members),
    }
    if report:
        pages = [fit_page(fitted, provenance, seed)]
        found = accept(ensemble, seed, jobs, progress)
        pages.append(found.pop("page"))
        report.write_text("\n".join(pages), encoding="utf-8")
        told |= found | {"report": str(report)}
    return told


def accept(ensemble: Ensemble, seed: int, jobs: int, progress: Progress | None) -> dict[str, Any]:
    """Judge an ensemble by replicate clinics; return blocks, wrong worlds and the page."""
    from simulate.calibration import acceptance, replicas
    from simulate.calibration import targets as study
    from simulate.calibration.pages import acceptance_page
    from simulate.scenario import load

    chosen = study.targets(study.calibration_rows())
    names = tuple(one.statistic for one in chosen)
    worlds = replicas.worlds_of(ensemble, load("replica"))
    width = replicas.sampling_width(ensemble, worlds, names, seed, jobs=jobs)
    table = replicas.ensemble_figures(
        ensemble, worlds, names, REPLICAS, seed, jobs=jobs, progress=progress
    )
    judged = acceptance.judged(chosen, table, width)
    blocks = acceptance.by_block(judged)
    wrong = _wrong_worlds(ensemble, chosen, width, seed, jobs)
    failed = wrong.loc[wrong["fails"], "world"].tolist()
    return {
        "blocks": blocks.to_dict("records"),
        "accepted": bool(blocks["passes"].all()),
        "wrong_worlds_refused": failed,
        "page": acceptance_page(judged, blocks, wrong),
    }


def accept_named(
    name: str, folder: Path | None, seed: int, jobs: int, progress: Progress | None
) -> dict[str, Any]:
    """Judge an ensemble by name.

    Raises
    ------
    PlateauError
        If there is none of that name.
    """
    from simulate.calibration.ensemble import SHIPPED, read

    try:
        ensemble = read(name, folder or SHIPPED)
    except ValueError as error:
        raise PlateauError(f"{error}") from None
    return accept(ensemble, seed, jobs, progress)


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
