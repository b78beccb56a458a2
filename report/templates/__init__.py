"""The pages' templates, and how they are read."""

from functools import cache
from pathlib import Path
from typing import Any


@cache
def template(name: str) -> Any:
    """Return a compiled template of this folder; names that it lacks are errors."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
