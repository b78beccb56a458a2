"""What is wrong with a study file, in the words of who wrote it: line, field, and what to write.

Here: pydantic's first complaint, turned back into the file's own fields. Not here: what a study may
say (the `Design` of its kind), reading and changing files (`files.py`).
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from simulate.scenario import LOADER
from simulate.studies.study import Misfit

Path = tuple[str | int, ...]


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for a misspelling, nothing where none is near."""
    close = get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def positions(text: str) -> dict[Path, int]:
    """Return the line of every field and item of a YAML text, counted from 1.

    Raises
    ------
    ValueError
        If a field stands twice in the same part: YAML would silently keep the last.
    """
    found: dict[Path, int] = {}
    waiting: list[tuple[Path, Any]] = [((), yaml.compose(text, Loader=LOADER))]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                at, line = (*path, key.value), key.start_mark.line + 1
                if at in found:
                    raise ValueError(
                        f"line {line}: field {dotted(at)} stands twice (line {found[at]} too); "
                        "keep one of them"
                    )
                found[at] = line
                waiting.append((at, value))
        elif isinstance(node, yaml.SequenceNode):
            for k, value in enumerate(node.value):
                found[(*path, k)] = value.start_mark.line + 1
                waiting.append(((*path, k), value))
    return found


def dotted(path: Path) -> str:
    """Return a field as `--set` writes it."""
    return ".".join(map(str, path))


def sentence(
    law: Any, error: ValidationError, values: Any, lines: Mapping[Path, int], changed: Iterable[str]
) -> str:
    """Return the first mistake of a study as one line.

    Parameters
    ----------
    law
        The `Design` that refused.
    values
        What it refused.
    lines
        From `positions`.
    changed
        Fields that a command changed: they stand in no line.
    """
    problem = _first(error, values)
    path = _in_file(problem["loc"], values)
    cause = (problem.get("ctx") or {}).get("error")
    if not path:
        path = tuple(getattr(cause, "path", ()))
    if problem["type"] == "missing":
        path = (*path, problem["loc"][-1])
    said = _said(law, problem, path, values)
    where = _where(path, lines, changed)
    named = f"field {dotted(path)}: " if path and problem["type"] not in _NAMED else ""
    return f"{where}{named}{said}"


def misfit(error: Misfit, lines: Mapping[Path, int], changed: Iterable[str]) -> str:
    """Return what a check beside the model found, as one line; `lines`, `changed` as above."""
    return f"{_where(error.path, lines, changed)}field {dotted(error.path)}: {error}"


_NAMED = ("extra_forbidden", "missing")
"""Problems whose sentence names the field itself."""


def _first(error: ValidationError, values: Any) -> Any:
    """Return the problem to tell: misspelt fields first (another is then missing), unions last."""
    problems = error.errors(include_url=False)
    paths = [_in_file(one["loc"], values) for one in problems]
    told = [
        (problem["type"] != "extra_forbidden", k)
        for k, (problem, path) in enumerate(zip(problems, paths, strict=True))
        if not any(len(p) > len(path) and p[: len(path)] == path for p in paths if path)
        or problem["type"] in _NAMED
    ]
    first = problems[min(told)[1]]
    same = [p for p in problems if _in_file(p["loc"], values) == _in_file(first["loc"], values)]
    of_list = [p for p in same if p["type"] == "tuple_type"]
    return of_list[0] if of_list else first


def _in_file(loc: Path, values: Any) -> Path:
    """Return a location without the steps that no file has: tags of unions, names of types."""
    path: list[str | int] = []
    part = values
    for step in loc:
        if _holds(part, step):
            part = part[step]
            path.append(step)
    return tuple(path)


def _holds(part: Any, step: str | int) -> bool:
    if isinstance(part, list | tuple):
        return isinstance(step, int) and step < len(part)
    return isinstance(part, dict) and step in part


def _where(path: Path, lines: Mapping[Path, int], changed: Iterable[str]) -> str:
    """Return `line 12, ` of a field or of what it is missing from; nothing for a changed one."""
    if any(f"{dotted(path)}.".startswith(f"{name}.") for name in changed):
        return ""
    while path and path not in lines:
        path = path[:-1]
    return f"line {lines[path]}: " if path else ""


def _said(law: Any, problem: Any, path: Path, values: Any) -> str:
    kind, given, context = problem["type"], problem["input"], problem.get("ctx") or {}
    if kind == "extra_forbidden":
        known = _beside(law, problem["loc"])
        part = dotted(path[:-1]) or "a study"
        if not known:
            return f"unknown field {dotted(path)}; {part} has no such part: delete it"
        absent = [name for name in known if name not in _at(values, path[:-1])]
        meant = nearest(path[-1], absent or known)
        return f"unknown field {dotted(path)}{meant} (allowed in {part}: {', '.join(known)})"
    if kind == "missing":
        return f"field {dotted(path)} is missing; every field of a study is required: write it"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag(problem, context)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        return f"no {given!r} here{nearest(given, known)} (one of: {', '.join(known)})"
    if kind == "tuple_type":
        return f"this is no list, got {_short(given)}; write [{given}], or 1..15 for whole numbers"
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return message + (f", got {_short(given)}" if kind != "value_error" else "")


def _tag(problem: Any, context: Any) -> str:
    """Return what a part of a list must say first: which rule, method, design or analysis it is."""
    field = context["discriminator"].strip("'")
    if problem["type"] == "union_tag_invalid":
        known = re.findall(r"'([^']*)'", context["expected_tags"])
        return (
            f"no {field} {context['tag']!r}{nearest(context['tag'], known)} "
            f"(one of: {', '.join(known)})"
        )
    given = problem["input"] if isinstance(problem["input"], dict) else {}
    close = get_close_matches(field, map(str, given), n=1)
    return f"it does not say its {field}" + (f"; {close[0]} is misspelt" if close else ": write it")


def _short(given: Any) -> str:
    return repr(given) if isinstance(given, str | int | float) or given is None else "a part"


def _at(values: Any, path: Path) -> Any:
    for step in path:
        values = values[step]
    return values


def _beside(law: Any, loc: Path) -> list[str]:
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
    found = next((m for m in [model, *_inner(model)] if hasattr(m, "model_fields")), None)
    return list(found.model_fields) if found else []


def _inner(annotation: Any) -> list[Any]:
    """Return the models within an annotation such as tuple[Annotated[A | B, ...], ...]."""
    found = []
    for part in get_args(annotation):
        found += [part] if hasattr(part, "model_fields") else _inner(part)
    return found


def _is_tagged(model: Any, tag: str) -> bool:
    """Whether a model of a union is the one that a file calls by this name."""
    if getattr(getattr(model, "__origin__", model), "__name__", "") == tag:
        return True
    fields = getattr(model, "model_fields", {})
    tags = [name for name in ("rule", "method", "design", "analysis", "kind") if name in fields]
    return any(tag in get_args(fields[name].annotation) for name in tags)
