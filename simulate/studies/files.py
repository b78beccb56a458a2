"""Study files: which there are, reading one, changing values of it for a what-if.

Here: YAML and dotted fields, and errors that name the field. Not here: what a study may say
(the `Design` of its kind).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulate.studies.kinds import KINDS, kind

STUDIES = Path(__file__).parent
_FREE = (("data", "what_if"), ("data", "vary"))
"""Parts whose own keys are dotted fields of a world."""


def available() -> list[str]:
    """Return the names of the studies that ship with Plateau."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml"))


def load(name: str, changes: Mapping[str, Any] | None = None) -> Any:
    """Load a study by name, or from a file of one's own.

    Parameters
    ----------
    name
        One of `available()`, or the path of a YAML file.
    changes
        Dotted field to value, such as ``{"data.n_patients": 100}``; `methods.0.threshold_pct`
        counts from 0, and `world.measurement.missing_later` changes every world.

    Returns
    -------
    Design
        Of the study's kind (`kinds.py`).

    Raises
    ------
    ValueError
        For an unknown study, field or value; the field is named and the known ones are listed.
    """
    values = _read(name)
    for dotted, value in (changes or {}).items():
        _change(values, dotted, value)
    if "kind" not in values:
        known = " or ".join(KINDS)
        raise ValueError(f"study {name}: field kind is missing; every field is required: {known}")
    try:
        law = kind(values["kind"]).Design
    except ValueError as error:
        raise ValueError(f"study {name}: {error}") from None
    try:
        return law.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"study {name}: {_first_problem(law, error)}") from None


def parse(text: str) -> Any:
    """Return a design from the JSON of one."""
    return kind(json.loads(text)["kind"]).Design.model_validate_json(text)


def parse_change(text: str) -> tuple[str, Any]:
    """Read `field=value`; the value is YAML, so that `[1, 2]`, `1..6` and `0.5` are what they look.

    Raises
    ------
    ValueError
        If there is no `=`, or the value is no YAML.
    """
    dotted, sign, value = text.partition("=")
    if not sign or not dotted.strip():
        raise ValueError(f"{text!r} changes nothing; write it as field=value")
    try:
        return dotted.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        raise ValueError(f"{text!r}: no readable value; quote it, or write [1, 2]") from None


def _read(name: str) -> dict[str, Any]:
    path = Path(name) if name.endswith((".yaml", ".yml")) else STUDIES / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(f"no study {name!r}; there are: {', '.join(available())}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"study {path.name}{where}: this is no readable YAML") from None
    if not isinstance(values, dict):
        raise ValueError(f"study {path.name}: a study is a list of fields, such as `study: name`")
    return values


def _change(values: dict[str, Any], dotted: str, value: Any) -> None:
    """Set one field; a world's own fields are checked when the world is made."""
    steps = dotted.split(".")
    if steps[0] == "world" and len(steps) > 1:
        steps = ["data", "what_if", ".".join(steps[1:])]
    for free in _FREE:
        if tuple(steps[:2]) == free and len(steps) > 2:
            steps = [*free, ".".join(steps[2:])]
            values.setdefault("data", {}).setdefault(free[1], {})
            values["data"][free[1]] = {**values["data"][free[1]], steps[2]: value}
            return
    part: Any = values
    for depth, step in enumerate(steps):
        part, key = _holder(part, step, dotted, ".".join(steps[:depth]))
        if depth == len(steps) - 1:
            part[key] = value
        part = part[key]


def _holder(part: Any, step: str, dotted: str, where: str) -> tuple[Any, Any]:
    """Return a container and the key of `step` in it."""
    if isinstance(part, dict) and step in part:
        return part, step
    if isinstance(part, list) and step.isdigit() and int(step) < len(part):
        return part, int(step)
    known = "a single value"
    if isinstance(part, dict):
        known = ", ".join(map(str, part))
    elif isinstance(part, list):
        known = f"items 0 to {len(part) - 1}"
    raise ValueError(f"no field {dotted}; {where or 'a study'} has: {known}")


def _first_problem(law: Any, error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    field = ".".join(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown field {field}; {_beside(law, problem['loc'])}"
    if problem["type"] == "missing":
        return f"field {field} is missing; every field of a study is required"
    message = problem["msg"].removeprefix("Value error, ")
    if not field:
        return message
    given = problem["input"]
    is_short = isinstance(given, str | int | float) or given is None
    return f"field {field}: {message}" + (f", got {given!r}" if is_short else "")


def _beside(law: Any, loc: tuple[int | str, ...]) -> str:
    """Names allowed where an unknown one stood; methods name their own part of the union."""
    model: Any = law
    for step in loc[:-1]:
        if isinstance(step, int):
            continue
        options = [model, *_inner(model)]
        hit = [m for m in options if hasattr(m, "model_fields") and step in m.model_fields]
        if hit:
            model = hit[0].model_fields[step].annotation
        else:
            model = next((m for m in _inner(model) if _is_tagged(m, str(step))), model)
    fields = next((m for m in [model, *_inner(model)] if hasattr(m, "model_fields")), None)
    return f"allowed: {', '.join(fields.model_fields)}" if fields else "it has no such part"


def _inner(annotation: Any) -> list[Any]:
    """Return the models within an annotation such as tuple[Annotated[A | B, ...], ...]."""
    from typing import get_args

    found = []
    for part in get_args(annotation):
        found += [part] if hasattr(part, "model_fields") else _inner(part)
    return found


def _is_tagged(model: Any, tag: str) -> bool:
    """Whether a model of a union is the one that a file calls by this name."""
    from typing import get_args

    fields = getattr(model, "model_fields", {})
    tags = [name for name in ("rule", "method", "design", "analysis") if name in fields]
    named = (fields[name].annotation for name in tags)
    return any(tag in get_args(annotation) for annotation in named)
