"""Responders of 10-29 % against those of 30-49 %: the rows of `estimate_band`.

Here: Table S2 and section 3.2 of the study. Not here: who belongs to a band (mart `bands`, R4).
"""

import pandas as pd

from classical.comparisons import compare_groups, compare_shares
from classical.describe import Row, estimate_frame, flag, mean_and_sd

BANDS = ("10_29", "30_49")
NUMBERS = ("n_sessions", "relief_at_15_pct", "relief_at_30_pct")


def band_table(bands: pd.DataFrame) -> pd.DataFrame:
    """Describe both bands and compare them.

    Parameters
    ----------
    bands
        Mart `bands`, one row a responder of 10 to 49 %.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates, analysis 'band': a population a band; comparisons (10-29 against 30-49) in
        population '10_49'. Who stopped before session 15 counts as not having reached 30 % (R8).
    """
    rows: list[Row] = []
    groups = [bands[bands["relief_band"] == name] for name in BANDS]
    for name, members in zip(BANDS, groups, strict=True):
        for number in NUMBERS:
            rows += mean_and_sd("band", name, number, members[number])
        rows += flag(
            "band", name, "is_stopped_for_inefficacy", members["is_stopped_for_inefficacy"]
        )
        rows += flag("band", name, "is_ge30_at_15", members["is_ge30_at_15"])
    for number in NUMBERS:
        rows += compare_groups("band", "10_49", number, groups[0][number], groups[1][number])
    shares = [
        (int(members["is_stopped_for_inefficacy"].astype(bool).sum()), len(members))
        for members in groups
    ]
    rows += compare_shares("band", "10_49", "is_stopped_for_inefficacy", *shares)
    return estimate_frame(rows)
