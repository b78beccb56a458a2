"""Habits of a whole clinic: dates that a mask fills in, a nurse's one value, tens, another mean.

Here: a function a class, Source and variant in, the changes out. One habit to a clinic, since each
changes the distributions by which the others are seen. Not here: single rows (`records.py`).
"""

import numpy as np
import pandas as pd

from simulate import french
from simulate.dates import day
from simulate.defects.cells import PR, Injector, is_number, one_cell
from simulate.defects.changes import Change, DropRow, Found, Injected, SetCell
from simulate.defects.source import Places, Source, TooFew

BULK_ROWS = 14
LEAST_BY_NURSE = 25
SHARE_GONE = 0.15
SHIFT_PCT = 25.0
"""More than three standard errors of a mean of 60 patients, which is what the class says."""


def default_date(source: Source, variant: str) -> Injected:
    """Class 69: sessions of some weeks caught up on one day, all dated that day."""
    order = np.argsort(source.session_day, kind="stable")
    if len(order) < 3 * BULK_ROWS:
        raise TooFew("no sessions left in this clinic")
    start = int(source.rng.integers(BULK_ROWS, len(order) - 2 * BULK_ROWS))
    chosen = order[start : start + BULK_ROWS]
    on = french.date(source.session_day[order[start + BULK_ROWS]])
    cells = [one_cell(source, int(place), "session_date", on) for place in chosen]
    typed = [SetCell(("sessions", int(place)), "recorded_at", f"{on} 17:00") for place in chosen]
    return _together(cells, typed)


def constant_nurse(source: Source, variant: str) -> Injected:
    """Class 70."""
    known = is_number(source.sessions[PR])
    counts = source.sessions["nurse"][known].value_counts()
    nurses = counts.index[counts >= LEAST_BY_NURSE]
    if not len(nurses):
        raise TooFew("no nurse with enough sessions in this clinic")
    rows = np.flatnonzero(known & (source.sessions["nurse"] == nurses[-1]).to_numpy())
    value = {"zero": "0", "fifty": "50"}[variant]
    return _together([one_cell(source, int(place), PR, value) for place in rows], [])


def tens(source: Source, variant: str) -> Injected:
    """Class 71: no row shows it, so it has no place."""
    rows, values = _reliefs(source)
    rounded = np.round(values / 10) * 10
    return Injected(_written(rows, rounded), (Found(("sessions", -1)),))


def volume_or_mean(source: Source, variant: str) -> Injected:
    """Class 74: in the newest delivery alone."""
    newest = day(source.clinic.cohort.scenario.clinic.emcs_end)
    if variant == "rows":
        n = len(source.sessions)
        rows = source.rng.choice(n, size=int(SHARE_GONE * n), replace=False)
        drops = tuple(DropRow(("sessions", int(place)), newest) for place in rows)
        return Injected(drops, (Found(("sessions", -1)),))
    rows, values = _reliefs(source)
    shifted = np.minimum(values + SHIFT_PCT, 100.0)
    return Injected(_written(rows, shifted, newest), (Found(("sessions", -1)),))


def _reliefs(source: Source) -> tuple[Places, np.ndarray]:
    rows = np.flatnonzero(is_number(source.sessions[PR]))
    texts = source.sessions[PR].iloc[rows].str.replace(",", ".")
    return rows, pd.to_numeric(texts).to_numpy(dtype=float)


def _written(
    rows: Places, values: np.ndarray, since: np.datetime64 | None = None
) -> tuple[Change, ...]:
    from_day = np.datetime64("1900-01-01", "D") if since is None else since
    return tuple(
        SetCell(("sessions", int(place)), PR, french.number(value), from_day)
        for place, value in zip(rows, values, strict=True)
    )


def _together(cells: list[Injected], more: list[SetCell]) -> Injected:
    changes: list[Change] = [change for one in cells for change in one.changes]
    return Injected((*changes, *more), tuple(found for one in cells for found in one.found))


INJECTORS: dict[int, Injector] = {
    69: default_date,
    70: constant_nurse,
    71: tens,
    74: volume_or_mean,
}
