"""`plateau simulate`: the worlds there are, a clinic's raw files, many cohorts as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from orchestration.errors import PlateauError, WrongUse


@dataclass(frozen=True)
class Spoilt:
    """What is to go wrong in the files; see `simulate.defects.inject.Options`."""

    preset: str = "none"
    per_class: int | None = None
    classes: tuple[int, ...] | None = None
    mechanism: str = "mcar"

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to go wrong."""
        return self.preset != "none" or self.per_class is not None

    def require_one_number(self) -> None:
        """Refuse two numbers of defects, and classes or a mechanism of none.

        The files would be other than meant without a word.
        """
        if self.preset != "none" and self.per_class is not None:
            raise ValueError("--per-class N stands instead of --defects: leave out one of them")
        said = ["--class"] if self.classes else []
        said += ["--mechanism"] if self.mechanism != "mcar" else []
        if said and not self.is_wanted:
            raise ValueError(
                f"{said[0]} says of which defects, not how many: add --per-class N or --defects"
            )


def worlds() -> list[dict[str, str]]:
    """Return name, identity and description of the worlds that ship with Plateau."""
    from simulate.scenario import available, load

    every = [load(name) for name in available()]
    return [
        {"scenario": one.name, "scenario_id": one.scenario_id, "description": one.description}
        for one in every
    ]


def world(scenario: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return every field of a world, with its identity.

    Raises
    ------
    WrongUse
        An unknown or impossible scenario, field or value.
    """
    from simulate.scenario import load

    try:
        one = load(scenario, assignments(overrides))
    except ValueError as error:
        raise WrongUse(f"{error}") from None
    return {"scenario_id": one.scenario_id, "fields": one.model_dump(mode="json")}


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
        The folder is not empty.
    WrongUse
        Scenario, field or defects are unknown or impossible.
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
    try:
        spoilt.require_one_number()
        options.require_valid()
        extracts.require_export(export)
        if spoilt.is_wanted and export != "clinic":
            raise ValueError("defects are those of the clinic's own files: leave out --export")
        cohort = generate(load(scenario, assignments(settings)), seed=seed, n_patients=n_patients)
        told = Between(*between)
        if spoilt.is_wanted:
            return inject.write(
                cohort, out, options, deliveries=deliveries, seed=seed, between=told
            )
        return extracts.write(
            cohort, out, deliveries=deliveries, seed=seed, between=told, export=export
        )
    except ValueError as error:
        raise WrongUse(f"{error}") from None


def cohort(
    out: Path,
    scenario: str,
    overrides: Sequence[str],
    what: str,
    *,
    patients: int | None,
    replicates: int,
    horizon: int,
    seed: int,
    jobs: int,
    progress: Callable[[float], None] | None,
) -> dict[str, Any]:
    """Write `out`, one row a delivered session of every cohort; return counts and seconds.

    Raises
    ------
    WrongUse
        An unknown or impossible scenario, field, value, size or `what`.
    PlateauError
        The file cannot be written.
    """
    from simulate.batch import check_request
    from simulate.scenario import load
    from simulate.table import write_cohorts

    start = perf_counter()
    if not out.parent.is_dir():
        raise WrongUse(f"there is no folder {out.parent}: make it first")
    try:
        world = load(scenario, assignments(overrides))
        asked = tuple(part for part in what.replace(",", " ").split())
        n_patients = patients or world.clinic.n_patients
        check_request(n_patients, horizon, asked)
        rows = write_cohorts(
            world,
            out,
            seed=seed,
            replicates=replicates,
            n_patients=n_patients,
            horizon=horizon,
            what=asked,
            jobs=jobs,
            progress=progress,
        )
    except ValueError as error:
        raise WrongUse(f"{error}") from None
    except OSError as error:
        raise PlateauError(f"{out}: {error.strerror or error}") from None
    return {
        "rows": rows,
        "seconds": round(perf_counter() - start, 3),
        "scenario": world.name,
        "scenario_id": world.scenario_id,
        "out": str(out),
    }


def assignments(texts: Sequence[str]) -> dict[str, Any]:
    """Return `field=value` texts as fields and YAML values.

    Raises
    ------
    ValueError
        Where there is no `=`, or the value is no YAML.
    """
    values = {}
    for text in texts:
        field, equals, value = text.partition("=")
        if not equals or not field:
            raise ValueError(f"--set {text!r}: write FIELD=VALUE, as in measurement.noise_sd=20")
        try:
            values[field.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(f"--set {text!r}: {value!r} is no value") from None
    return values
