"""What reading a study asks of its file: no list empty or with a value twice, no measure missing.

Here: checks of what makes figures of counts, and of the seed. Not here: what counting asks (the
`Design` of each kind): these stand apart so that no count depends on their code.
"""

from math import prod
from typing import Any

from simulate.studies.study import Misfit, distinct

OF_ONE_WORLD = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "missed_per_100",
    "sessions_without_long_term_relief_per_100",
)
"""Measures of test periods that the page of one world draws."""
OVER_WORLDS = (
    "missed_per_100",
    "missed_per_100_completers",
    "sessions_without_long_term_relief_per_100",
    "expected_test_sessions",
    "expected_test_weeks",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
)
"""Measures of test periods that the page over several worlds tells."""


def check(design: Any) -> None:
    """Refuse a design whose counts could not be read.

    Raises
    ------
    Misfit
        It names field and value, and says what to write.
    """
    if design.seed < 0:
        raise Misfit(f"must be 0 or more, got {design.seed}", "seed")
    law = design.performance
    distinct(law.chosen_measures, "performance", "measures")
    if design.kind == "test_periods":
        _rates(law.sessions_per_responder, "sessions_per_responder", "[5, 10, 20, 50]")
        _rates(law.decision_threshold_pct, "decision_threshold_pct", "[10, 30, 50]")
        _measures(design)


def _rates(values: tuple[float, ...], name: str, such_as: str) -> None:
    if not values:
        raise Misfit(f"the list is empty; name one value or more, such as {such_as}",
                     "performance", name)  # fmt: skip
    distinct(tuple(f"{value:g}" for value in values), "performance", name)  # columns are named so


def _measures(design: Any) -> None:
    data = design.data
    several = len(data.worlds) * prod(len(values) for values in data.vary.values()) > 1
    read = OVER_WORLDS if several else OF_ONE_WORLD
    absent = [name for name in read if name not in design.performance.chosen_measures]
    if absent:
        page = "over several worlds" if several else "of one world"
        raise Misfit(
            f"the page {page} also reads {', '.join(absent)}; add them, or write all",
            *("performance", "measures"),
        )
