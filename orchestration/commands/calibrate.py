"""`plateau simulate calibrate`: the fit to the study and its report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.errors import PlateauError

Progress = Callable[[str, int, int], None]


def calibrate(
    name: str,
    folder: Path,
    seed: int,
    jobs: int,
    quick: bool,
    over: bool,
    report: Path | None,
    command: str,
    progress: Progress | None,
) -> dict[str, Any]:
    """Fit, write the ensemble and, if asked, the report; return what `--json` prints.

    Raises
    ------
    PlateauError
        If an ensemble of that name lies there and `over` does not allow to replace it, or if the
        effective size stays below 500, unless `quick`.
    """
    from orchestration.commands.judge import accept
    from simulate.calibration import targets as study
    from simulate.calibration.calibrate import Effort
    from simulate.calibration.calibrate import calibrate as fit
    from simulate.calibration.ensemble import Ensemble, Provenance, make_table
    from simulate.calibration.pages import fit_page
    from simulate.scenario import load

    if (folder / f"{name}.csv").exists() and not over:
        raise PlateauError(
            f"{name}.csv lies in {folder} already: choose another --name or --out, or --replace it"
        )
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
