"""Worlds that differ in their member of an ensemble alone, told together.

Here: the mean of a measure over members, and how far they spread. Not here: the measures
(`performance.py`), who the members are (`own_population.py`).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simulate.studies.worlds import MEMBER, labels

if TYPE_CHECKING:
    from simulate.studies.estimates.design import Design

KEYS = ["study", "world", "n_patients", "method", "analysis", "estimand", "is_headline", "measure"]
SPREAD = 0.05, 0.95


def named(design: "Design") -> dict[str, str]:
    """Return what each world's label is without its member."""
    whole, apart = labels(design), labels(design, without=(MEMBER,))
    return {whole[world]: apart[world] for world in whole}


def n_members(design: "Design") -> int:
    """Return the members that each world has; 1 where none varies."""
    return len(design.data.vary.get(MEMBER, (1,)))


def joined(design: "Design", performance: pd.DataFrame) -> pd.DataFrame:
    """Return the performance of a study with one row where members had one each.

    Parameters
    ----------
    performance
        `study_performance` of a study of estimates.

    Returns
    -------
    pandas.DataFrame
        Columns `KEYS`; `estimate`, the mean over members (of `rmse` the root of the mean square);
        `mcse`, its standard error, members being draws too; `lo` and `hi`, nine of ten members lie
        between; `n` (estimates), `n_members`. As it is, with these columns, where no member varies.
    """
    if MEMBER not in design.data.vary:
        return performance.assign(lo=np.nan, hi=np.nan, n_members=1)
    rows = performance.assign(world=performance["world"].map(named(design)))
    found = [
        {**dict(zip(KEYS, key, strict=True)), **_told(own)}
        for key, own in rows.groupby(KEYS, sort=False)
    ]
    return pd.DataFrame(found)


def means(design: "Design", rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the mean over the members of each world.

    As they are, where no member varies.
    """
    if MEMBER not in design.data.vary or rows.empty:
        return rows
    rows = rows.assign(world=rows["world"].map(named(design)))
    keys = [name for name in rows if name in ("world", "quantity", "cut_pct", "half_width")]
    return rows.groupby(keys, sort=False, dropna=False, as_index=False).mean()[list(rows)]


def _told(own: pd.DataFrame) -> dict[str, Any]:
    values = own["estimate"].dropna().to_numpy(float)
    told: dict[str, Any] = dict.fromkeys(("estimate", "mcse", "lo", "hi"), np.nan)
    told |= {"n": int(own["n"].sum()), "n_members": len(values)}
    if len(values) == 0:
        return told
    lo, hi = np.quantile(values, SPREAD)
    told |= {"lo": float(lo), "hi": float(hi)}
    power = 2 if own["measure"].iloc[0] == "rmse" else 1
    told["estimate"] = mean = float((values**power).mean() ** (1 / power))
    if len(values) > 1:
        error = float((values**power).std(ddof=1)) / np.sqrt(len(values))
        told["mcse"] = error if power == 1 else error / (2 * mean) if mean > 0 else np.nan
    return told
