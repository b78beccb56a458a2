"""A world as data: what a synthetic clinic is like, validated, frozen and named by its content.

Here: a world, loading one from `scenarios/*.yaml` or a file of one's own, its identity. Not here:
its parts (`parts.py`), the ranges of its numbers (`parameter_table.py`), anything random.
"""

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError, model_validator

from simulate.parameter_table import BY_NAME, PARAMETERS, PARTS, STRUCTURES
from simulate.parts import Clinic, Part, Population, Structure, Visits

SCENARIOS = Path(__file__).parent / "scenarios"
ENSEMBLES = Path(__file__).parent / "ensembles"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where PyYAML has it: a night reads dozens of worlds."""
Numbers = dict[str, float]


class Scenario(Part):
    """One world. Two worlds with the same values are the same world, whatever their names.

    `pinned` names the parameters and structures that keep this world's value where members of an
    ensemble have another.
    """

    name: str
    description: str
    pinned: tuple[str, ...] = ()
    structure: Structure
    clinic: Clinic
    population: Population
    response: Numbers
    measurement: Numbers
    course: Numbers
    surgery: Numbers
    questionnaire: Numbers
    visits: Visits

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        for part in PARTS:
            _check_numbers(part, getattr(self, part))
        _check_together(self.values())
        unknown = sorted(set(self.pinned) - set(BY_NAME) - set(STRUCTURES))
        if unknown:
            allowed = ", ".join([*STRUCTURES, *BY_NAME])
            raise ValueError(f"field pinned: no parameter {unknown[0]!r}; allowed: {allowed}")
        if self.population.ensemble is not None:
            ensemble_file(self.population.ensemble)
        from simulate.margins import margins_of

        margins_of(self.population)
        return self

    def values(self) -> Numbers:
        """Return every parameter by name."""
        return {name: value for part in PARTS for name, value in getattr(self, part).items()}

    def canonical_json(self, *, without_course: bool = False) -> str:
        """Return the values as JSON with sorted keys, without name and description."""
        values = self.model_dump(mode="json", exclude={"name", "description"})
        values["pinned"] = sorted(self.pinned)
        if self.population.ensemble is not None:
            content = ensemble_file(self.population.ensemble).read_bytes()
            values["population"]["ensemble"] = blake2b(content, digest_size=16).hexdigest()
        if self.population.member is None:  # worlds from before there were members keep their id
            del values["population"]["member"], values["population"]["members"]
        if without_course:
            del values["course"], values["structure"]["drop_out"], values["pinned"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @property
    def scenario_id(self) -> str:
        """Sixteen hex digits of the BLAKE2 hash of the canonical JSON."""
        return blake2b(self.canonical_json().encode(), digest_size=8).hexdigest()


def available() -> list[str]:
    """Return the names of the worlds that ship with Plateau."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def ensemble_file(name: str) -> Path:
    """Return the file of an ensemble: one that ships with Plateau, or a path of one's own.

    Raises
    ------
    ValueError
        If there is none of that name; those there are are listed.
    """
    if name.endswith((".csv", ".parquet")) and Path(name).is_file():
        return Path(name)
    files = {path.stem: path for path in ENSEMBLES.glob("*") if path.suffix in (".parquet", ".csv")}
    if name not in files:
        known = ", ".join(sorted(files)) or "none"
        raise ValueError(f"field population.ensemble: no ensemble {name!r}; there are: {known}")
    return files[name]


def load(name: str, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Load a world by name, or from a file of one's own.

    Parameters
    ----------
    name
        One of `available()`, or the path of a YAML file, which may `extends:` another.
    overrides
        Dotted field to value, such as ``{"measurement.noise_sd": 12.0}``. Where the world draws
        from an ensemble, what is set here holds in every member.

    Raises
    ------
    ValueError
        For an unknown world or field (the known ones are listed) or a value that is not allowed.
    """
    values = _read(name)
    for dotted, value in (overrides or {}).items():
        *path, last = dotted.split(".")
        part: Any = values
        for depth, key in enumerate([*path, last]):
            if not isinstance(part, dict) or key not in part:
                where = ".".join(path[:depth]) or "the scenario"
                known = ", ".join(part) if isinstance(part, dict) else "a single value"
                raise ValueError(f"scenario {name}: no field {dotted}; {where} has: {known}")
            if depth < len(path):
                part = part[key]
        part[last] = value
    _pin(values, overrides or {})
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"scenario {name}: {_first_problem(error)}") from None


def _pin(values: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Have members of an ensemble keep what was set by hand."""
    named = {dotted.rpartition(".")[2] for dotted in overrides} & {*BY_NAME, *STRUCTURES}
    if named and values["population"].get("ensemble") is not None:
        values["pinned"] = sorted({*values["pinned"], *named})


def _read(name: str, heirs: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the fields of a world laid over those of the world that it extends."""
    path = _path_of(name, heirs)
    if path in heirs:
        raise ValueError(f"scenario {path.name} extends itself")
    try:
        values = deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"scenario {path.name}{where}: this is no readable YAML") from None
    if not isinstance(values, dict):
        raise ValueError(f"scenario {path.name}: a scenario is a list of fields, see `extends`")
    parent = values.pop("extends", None)
    own = {"name": path.stem, "description": f"as {path.name} says"} | values
    return own if parent is None else _merged(_read(str(parent), (*heirs, path)), own)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Return what YAML says, read once: a study of a hundred members names one file each time."""
    return yaml.load(text, LOADER)


def _path_of(name: str, heirs: tuple[Path, ...]) -> Path:
    """Return the file of a world; one that another extends lies beside that other."""
    if name in available():
        return SCENARIOS / f"{name}.yaml"
    path = (heirs[-1].parent if heirs else Path()) / name
    if name.endswith((".yaml", ".yml")) and path.is_file():
        return path.resolve()
    known = ", ".join(available())
    raise ValueError(f"no scenario {name!r}; there are: {known}, or the path of a YAML file")


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay `changes` over `base`, part by part."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if both else value
    return result


def _check_numbers(part: str, numbers: Numbers) -> None:
    known = [p.name for p in PARAMETERS if p.part == part]
    for name in numbers:
        if name not in known:
            raise ValueError(f"unknown field {part}.{name}; allowed: {', '.join(known)}")
    for name in known:
        if name not in numbers:
            raise ValueError(f"field {part}.{name} is missing")
        law, value = BY_NAME[name], numbers[name]
        if not (math.isfinite(value) and law.low <= value <= law.high):
            raise ValueError(
                f"field {part}.{name}: {value:g} lies outside {law.low:g} to {law.high:g} "
                f"({law.unit})"
            )


def _check_together(values: Numbers) -> None:
    """Refuse values that contradict each other."""
    for names in (
        ("heap_10", "heap_5"),
        ("excluded_share", "early_stop_share"),
        ("reason_event", "reason_choice", "reason_tolerance"),
        ("theta_burst_share", "one_visit_share"),
        ("npsi_patient_share", "npsi_dimension_share"),
    ):
        total = sum(values[name] for name in names)
        if total > 1 + 1e-9:
            raise ValueError(f"{' + '.join(names)} must not exceed 1 together, got {total:g}")
    for low, high in (("test_gap_low", "test_gap_high"), ("interval_low", "interval_mean")):
        if values[low] >= values[high]:
            raise ValueError(f"{low} {values[low]:g} must lie below {high} {values[high]:g}")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown field {field}; allowed: {', '.join(_fields_beside(problem['loc']))}"
    if problem["type"] == "value_error":
        said = problem["msg"].removeprefix("Value error, ")
        return f"field {field}: {said}" if field else said
    return f"field {field}: {problem['msg']}, got {problem['input']!r}"


def _fields_beside(loc: tuple[int | str, ...]) -> list[str]:
    """Names allowed where an unknown one stood."""
    model: Any = Scenario
    for step in loc[:-1]:
        model = model.model_fields[step].annotation
    return list(model.model_fields)
