"""A world as data: what a synthetic clinic is like, validated, frozen and named by its content.

Here: a world, loading one from `scenarios/*.yaml`, its identity. Not here: its parts
(`parts.py`), anything random, and the studies that name worlds (`studies/design.py`).
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulate.parts import (
    Clinic,
    Course,
    Measurement,
    Part,
    Population,
    Questionnaire,
    Response,
    Surgery,
)

SCENARIOS = Path(__file__).parent / "scenarios"


class Scenario(Part):
    """One world. Two worlds with the same values are the same world, whatever their names."""

    name: str
    description: str
    clinic: Clinic
    population: Population
    response: Response
    measurement: Measurement
    course: Course
    surgery: Surgery
    questionnaire: Questionnaire

    def canonical_json(self) -> str:
        """Return the values as JSON with sorted keys, without name and description."""
        values = self.model_dump(mode="json", exclude={"name", "description"})
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @property
    def scenario_id(self) -> str:
        """Sixteen hex digits of the BLAKE2 hash of the canonical JSON."""
        return blake2b(self.canonical_json().encode(), digest_size=8).hexdigest()


def available() -> list[str]:
    """Return the names of the worlds that ship with Plateau."""
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def load(name: str, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Load a world by name.

    Parameters
    ----------
    name
        One of `available()`.
    overrides
        Dotted field to value, such as ``{"measurement.session_noise.scale": 12.0}``.

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
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"scenario {name}: {_first_problem(error)}") from None


def _read(name: str) -> dict[str, Any]:
    if name not in available():
        raise ValueError(f"no scenario {name!r}; there are: {', '.join(available())}")
    values = yaml.safe_load((SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8"))
    parent = values.pop("extends", None)
    return values if parent is None else _merged(_read(parent), values)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay `changes` over `base`, part by part."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if both else value
    return result


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown field {field}; allowed: {', '.join(_fields_beside(problem['loc']))}"
    return f"field {field}: {problem['msg']}, got {problem['input']!r}"


def _fields_beside(loc: tuple[int | str, ...]) -> list[str]:
    """Names allowed where an unknown one stood."""
    model: Any = Scenario
    for step in loc[:-1]:
        model = model.model_fields[step].annotation
    return list(model.model_fields)
