"""The questions that a rule puts to the clinic, in French, from `questions.yml`.

Belongs here: reading the templates. Does not: which items are asked about, or the sheet.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("questions.yml")


@cache
def _content() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def load_questions() -> dict[str, str]:
    """Template by rule id, in the order in which a clinic should be asked."""
    return dict(_content()["questions"])


def asked_of() -> dict[str, str]:
    """Column that a rule's question is about, for rules that speak of a whole row."""
    return dict(_content()["asked_of"])


def question(rule_id: str, header: str) -> str:
    """Return a rule's question about a cell.

    Parameters
    ----------
    rule_id
        A rule of `questions.yml`.
    header
        The clinic's header of the cell; '' for a whole row.

    Raises
    ------
    KeyError
        The rule has no question.
    """
    return str(load_questions()[rule_id]).format(champ=header)
