"""The catalogue of defects: classes, variants, and the rule and action that each is to meet.

Here: reading `catalogue.yml`. Not here: putting a defect into a file (`cells.py`, `records.py`,
`files.py`, `books.py`, `habits.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("catalogue.yml")
GROUPS = ("format", "structure", "range", "key", "plausibility", "pattern")
LEVELS = ("cell", "row", "file", "clinic")
SURE_GROUPS = ("format", "structure", "range", "key")
"""Groups of which every class is to be found 99 times in 100."""


@dataclass(frozen=True)
class Variant:
    """One shape of a defect: the rules of which one is to speak, and the action."""

    name: str
    rules: tuple[str, ...]
    action: str
    level: str
    """Where it is put; that of its class, unless the catalogue says otherwise."""


@dataclass(frozen=True)
class Class:
    """One of the 74 classes."""

    defect: int
    name: str
    group: str
    level: str
    variants: tuple[Variant, ...]
    detectable: bool = True
    because: str = ""


@dataclass(frozen=True)
class Preset:
    """How often: occurrences of each row or cell class per 1,000 sessions; spoilt deliveries."""

    per_1000_rows: float
    deliveries: int


@lru_cache(maxsize=1)
def load() -> dict[int, Class]:
    """Return the classes by number.

    Raises
    ------
    ValueError
        The file names an unknown group or level, or is not numbered 1 to 74.
    """
    classes = {}
    for entry in _read()["classes"]:
        variants = tuple(
            Variant(name, tuple(said["rules"]), said["action"], said.get("level", entry["level"]))
            for name, said in entry.pop("variants").items()
        )
        one = Class(**entry, variants=variants)
        levels = {one.level, *(variant.level for variant in variants)}
        if one.group not in GROUPS or not levels <= set(LEVELS):
            raise ValueError(f"defect {one.defect}: group {one.group}, levels {sorted(levels)}")
        classes[one.defect] = one
    if list(classes) != list(range(1, 75)):
        raise ValueError("the catalogue must hold the defects 1 to 74, each once and in order")
    return classes


@lru_cache(maxsize=1)
def presets() -> dict[str, Preset]:
    """Return the presets by name; `none` is no defect at all."""
    named = {name: Preset(**values) for name, values in _read()["presets"].items()}
    return {"none": Preset(0.0, 0)} | named


def chosen(numbers: Iterable[int] | None) -> list[Class]:
    """Return some classes, all by default.

    Raises
    ------
    ValueError
        A number that is no class; the message says which there are.
    """
    classes = load()
    wanted = list(classes) if numbers is None else list(numbers)
    for number in wanted:
        if number not in classes:
            raise ValueError(f"no defect class {number}; there are 1 to {len(classes)}")
    return [classes[number] for number in wanted]


def _read() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read
