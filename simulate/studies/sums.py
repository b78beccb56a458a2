"""What is counted of a cell of test periods: sums over replicates, and sums of products.

Here: names alone. Not here: the counting (`counting.py`), what is made of it (`performance.py`).
"""

COUNTS = ("tp", "fp", "fn", "tn")
SUMS = (
    *COUNTS,
    "n_late",
    "n_test_sessions",
    "n_test_days",
    "n_sessions_without_relief",
    "n_days_without_relief",
    "n_completed",
    "n_missed_completed",
    "n_sessions_without_relief_completed",
    "n_carried",
    "n_without_report",
)
"""Sums over the patients of a replicate; docs/studies.md says what each is."""

MOMENTS = (
    ("tp", "tp"), ("tp", "fp"), ("tp", "fn"), ("tp", "tn"), ("fp", "fp"),
    ("fp", "fn"), ("fp", "tn"), ("fn", "fn"), ("fn", "tn"), ("tn", "tn"),
    ("n_late", "n_late"),
    ("n_test_sessions", "n_test_sessions"), ("n_test_sessions", "tp"), ("n_test_sessions", "fn"),
    ("n_test_days", "n_test_days"), ("n_test_days", "tp"),
    ("n_sessions_without_relief", "n_sessions_without_relief"),
    ("n_days_without_relief", "n_days_without_relief"),
    ("n_completed", "n_completed"), ("n_missed_completed", "n_missed_completed"),
    ("n_missed_completed", "n_completed"),
    ("n_sessions_without_relief_completed", "n_sessions_without_relief_completed"),
    ("n_sessions_without_relief_completed", "n_completed"),
    ("n_carried", "n_carried"), ("n_without_report", "n_without_report"),
)  # fmt: skip
"""Pairs whose products are summed over replicates, as far as a measure needs them."""


def moment(a: str, b: str) -> str:
    """Name of the column that holds the sum over replicates of a_r b_r."""
    return f"{a}__{b}"
