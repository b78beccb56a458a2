"""Adverse events as shares with exact intervals, also where nobody had one.

Here: the Clopper-Pearson interval and the rows of `estimate_safety`. Not here: what counts as an
event and who was asked (mart `safety_counts`, rule R15), other shares (`describe.py`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from classical.contingency import check_counts
from classical.describe import Row, estimate_frame, row

UNITS = {"patient": "patients", "session": "sessions", "surgery": "surgeries"}
OF_ASKED = "percent of those asked, Clopper-Pearson interval"
OF_ALL = "percent of all, an empty answer taken for none: a lower bound; Clopper-Pearson interval"
OF_KNOWN = "percent serious of events of known seriousness, Clopper-Pearson interval"


def clopper_pearson(events: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact binomial interval of a share, as fractions.

    With no event the lower limit is 0 and the upper one is that of the largest share under which
    no event in n is still seen with probability (1 - level) / 2.

    Parameters
    ----------
    events, n
        Units with the event, and units.
    level
        Least coverage of the interval.

    Raises
    ------
    ValueError
        If n is 0, and as `contingency.check_counts`.

    Notes
    -----
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413.
    """
    from scipy.stats import beta

    check_counts(events, n)
    if n == 0:
        raise ValueError("the total must be positive.")
    tail = (1 - level) / 2
    lo = 0.0 if events == 0 else float(beta.ppf(tail, events, n - events + 1))
    hi = 1.0 if events == n else float(beta.ppf(1 - tail, events + 1, n - events))
    return lo, hi


def safety_table(safety_counts: pd.DataFrame) -> pd.DataFrame:
    """Shares of patients, sessions and surgeries with each adverse event.

    Parameters
    ----------
    safety_counts
        Mart `safety_counts`, one row an event type x unit.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates in percent with exact intervals, a population a unit:
        `<event_type>.share_of_asked` (n: units asked; n_missing: units that were not),
        `<event_type>.share_of_all` (n: all units) and `<event_type>.share_serious` (n: units with
        an event of known seriousness; n_missing: with an event of unknown seriousness).
    """
    return estimate_frame(
        one for counts in safety_counts.to_dict("records") for one in _shares(counts)
    )


def _shares(counts: dict) -> Iterator[Row]:
    events, asked, units = (int(counts[name]) for name in ("n_events", "n_asked", "n_units"))
    known = int(counts["n_seriousness_known"])
    population, event = UNITS[counts["unit"]], counts["event_type"]
    for term, numerator, n, missing, method in (
        ("share_of_asked", events, asked, units - asked, OF_ASKED),
        ("share_of_all", events, units, 0, OF_ALL),
        ("share_serious", int(counts["n_serious"]), known, events - known, OF_KNOWN),
    ):
        found = row("safety", population, f"{event}.{term}", method=method, n=n, n_missing=missing)
        if n == 0:
            cause = "no event of known seriousness" if term == "share_serious" else "nobody asked"
            yield found | {"status": f"not_estimable: {cause}"}
            continue
        limits = 100 * np.array(clopper_pearson(numerator, n))
        yield found | {"estimate": 100 * numerator / n, "lo": limits[0], "hi": limits[1]}
