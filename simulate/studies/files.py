"""Study files: which there are, reading one, changing values of it for a what-if.

Here: YAML and dotted fields. Not here: what a study may say (the `Design` of its kind), and the
sentence on what is wrong with one (`mistakes.py`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulate.studies import answer_check, mistakes, readable
from simulate.studies.kinds import KINDS, kind
from simulate.studies.study import Misfit

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
    values, lines = _read(name)
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
        design = law.model_validate(values)
        readable.check(design)
        if not changes or any(field.startswith("answer") for field in changes):
            answer_check.check(design)  # a what-if may do without cells that its answer asks for
    except ValidationError as error:
        said = mistakes.sentence(law, error, values, lines, changes or {})
    except Misfit as error:
        said = mistakes.misfit(error, lines, changes or {})
    else:
        return design
    raise ValueError(
        f"study {name}, {said}" if said.startswith("line") else f"study {name}: {said}"
    )


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


def _read(name: str) -> tuple[dict[str, Any], dict[mistakes.Path, int]]:
    """Return what a file says, and in which line it says it."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else STUDIES / f"{name}.yaml"
    if not path.is_file():
        near = mistakes.nearest(name, available())
        raise ValueError(f"no study {name!r}{near} (there are: {', '.join(available())})")
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"study {path.name}{where}: this is no readable YAML") from None
    if not isinstance(values, dict):
        raise ValueError(f"study {path.name}: a study is a list of fields, such as `study: name`")
    try:
        return values, mistakes.positions(text)
    except ValueError as error:
        raise ValueError(f"study {path.name}, {error}") from None


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
    near = mistakes.nearest(step, part) if isinstance(part, dict) else ""
    raise ValueError(f"no field {dotted}{near} ({where or 'a study'} has: {known})")
