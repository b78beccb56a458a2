"""What every command of `plateau` takes, and the settings made of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
replacing = click.option(
    "--force", is_flag=True, help="Replace a file that this command has not written."
)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has."""
    for option in (
        click.option(
            "--data", type=FOLDER, help="Data directory: the root of all that is written."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("-q", "--quiet", is_flag=True, help="No progress."),
        click.option("-v", "--verbose", is_flag=True, help="Also files and checks."),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    ):
        command = option(command)

    @functools.wraps(command)
    def without_debug(*args: Any, debug: bool, **kwargs: Any) -> Any:
        return command(*args, **kwargs)  # `--debug` is read where errors are caught

    return without_debug


def settings_from(**flags: Any) -> Any:
    """Settings with these flags on top."""
    from orchestration.settings import load

    return load(flags)
