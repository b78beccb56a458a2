"""What is added up of a cell of trials: whole numbers over replicates, and sums of products.

Here: names, and the steps that make estimates whole. Not here: the counting (`counting.py`), what
is made of it (`performance.py`).
"""

from types import MappingProxyType

SUMS = (
    "n_tested",
    "n_rejected",
    "n_failed",
    "n_estimated",
    "error",
    "error2",
    "truth",
    "n_intervals",
    "n_covering",
    "width",
    "n_signed",
    "n_wrong_sign",
    "magnitude",
    "true_magnitude",
    "n_randomised",
    "n_judged",
    "n_flipped",
)
"""Whole numbers, one a replicate; estimates in the units of `UNITS`."""
MOMENTS = (
    ("n_tested", "n_tested"), ("n_rejected", "n_tested"), ("n_rejected", "n_rejected"),
    ("n_failed", "n_failed"), ("n_estimated", "n_estimated"), ("error", "error"),
    ("error", "n_estimated"), ("error2", "error2"), ("error2", "n_estimated"),
    ("truth", "truth"), ("truth", "n_estimated"), ("n_intervals", "n_intervals"),
    ("n_covering", "n_covering"), ("n_covering", "n_intervals"), ("width", "width"),
    ("width", "n_intervals"), ("n_signed", "n_signed"), ("n_wrong_sign", "n_signed"),
    ("n_wrong_sign", "n_wrong_sign"), ("magnitude", "magnitude"),
    ("magnitude", "true_magnitude"), ("true_magnitude", "true_magnitude"),
    ("n_randomised", "n_randomised"), ("n_judged", "n_judged"), ("n_flipped", "n_judged"),
    ("n_flipped", "n_flipped"),
)  # fmt: skip
UNITS = MappingProxyType(
    {
        "slope": (2.0**-12, 2.0**-12),
        "difference_of_slopes": (2.0**-12, 2.0**-12),
        "difference_at_end": (2.0**-8, 2.0**-4),
        "log_odds_ratio": (2.0**-14, 2.0**-12),
        "common_log_odds_ratio": (2.0**-14, 2.0**-12),
        "superiority": (2.0**-18, 2.0**-18),
    }
)
"""Steps in which an estimand, and its square, is added up: sums of whole numbers are exact."""
