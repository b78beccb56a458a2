"""The pages' templates, and how they are read."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from report.blocks import Section
from report.wording import SIMULATED


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


def study_document(title: str, basis: str, sections: Sequence[Section]) -> str:
    """Return the page of something simulated: a complete HTML document, labelled throughout."""
    return str(
        template("study.html.j2").render(
            title=title, basis=basis, sections=sections, simulated=SIMULATED
        )
    )
