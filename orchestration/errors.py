"""Errors that a user sees as one sentence with the next step, each with its documented exit code.

Anything else that escapes is a defect of Plateau and ends with exit code 1 and a hint to `--debug`.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_CHECKS_FAILED = 3
EXIT_MODEL_NOT_CONVERGED = 4
EXIT_INPUT_MISSING = 5
EXIT_INTERRUPTED = 130


class PlateauError(Exception):
    """A condition the user can act on; the message is one sentence and the next step."""

    exit_code = EXIT_FAILURE


class WrongUse(PlateauError):
    """A setting or an option that cannot be."""

    exit_code = EXIT_USAGE


class InputMissing(PlateauError):
    """Something that had to be delivered or configured is not there, or is of the other kind."""

    exit_code = EXIT_INPUT_MISSING


class ChecksFailed(PlateauError):
    """Required data checks failed: nothing was published."""

    exit_code = EXIT_CHECKS_FAILED


class Busy(PlateauError):
    """Another run holds the data directory."""
