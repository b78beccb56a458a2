"""What is said where rules that learn were judged with fewer posteriors than they must be."""

from __future__ import annotations

from typing import Any


def indication(found: Any) -> tuple[str, ...]:
    """Return the sentence for pages and terminal; nothing where there are enough, or none learns.

    Parameters
    ----------
    found
        Tables of a study of test periods.
    """
    from simulate.studies.tables import LEAST_POSTERIORS, posteriors

    bank = posteriors(found.study_variance)
    if not bank["is_indication"].any():
        return ()
    least = int(bank["n_posteriors"].min())
    return (
        f"Rules on predicted chances were judged with {least} posteriors, fewer than "
        f"{LEAST_POSTERIORS}: what they show is an indication, which the luck of those training "
        "cohorts may have made.",
    )
