"""The printed figures of many simulated clinics at once: a batch in, a table out.

Here: each statistic by the study's own definition (rules R4 to R14; mixed models by the study's
REML), named as in `targets.yaml` and `held_out.yaml`. Not here: which of them may be fitted.

A name reads from left to right: `pr.whole.s1.mean` is the mean recorded relief of session 1 over
all analysed patients. Families: pr, dpr, gnpsi, ssnpsi (by group and session), assessed, status,
course, npsi, emcs, odds. Relief and shares are in percent, durations in days, months and years as
printed. NaN where a clinic leaves a figure undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate.calibration.view import BANDS, DIMENSIONS, View, rank_correlation
from simulate.margins import SITES
from simulate.population import SEXES

if TYPE_CHECKING:
    from simulate.batch import Batch

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Z = 1.959963984540054
CATEGORY = {"failure": (0, 10), "poor": (10, 40), "good": (40, 70), "excellent": (70, 101)}


def figures(batch: Batch, names: Sequence[str]) -> FloatArray:
    """Return the named statistics of every cohort, shape (R, len(names)).

    Raises
    ------
    ValueError
        For a name of no family, or of a part that the batch was drawn without.
    """
    view = View(batch)
    return np.stack([figure(view, name) for name in names], axis=1)


def figure(view: View, name: str) -> FloatArray:
    """Return one statistic of every cohort, shape (R,)."""
    family, *rest = name.split(".")
    if family not in FAMILIES:
        raise ValueError(f"no figure {name!r}; families: {', '.join(FAMILIES)}")
    with np.errstate(invalid="ignore", divide="ignore"):
        return FAMILIES[family](view, family, rest)


def _repeated(view: View, outcome: str, rest: list[str]) -> FloatArray:
    """`<group>.s<k>.<mean|sd>`, `<group>.slope`, `<group>.half_width`, `start.<group>.<...>`."""
    if rest[0] == "start":
        return _start(view, outcome, rest[1], rest[2])
    group, what = rest[0], rest[-1]
    if what in ("slope", "half_width"):
        fit = view.slope(outcome, group)
        return fit.estimate[:, 1] if what == "slope" else Z * fit.se[:, 1]
    values = view.outcome(outcome, int(rest[1][1:]))
    return _moment(view, f"{outcome}.{rest[1]}", values, group, what)


def _start(view: View, outcome: str, group: str, what: str) -> FloatArray:
    """Level of a status group at session 0, from the model with status and status x session."""
    fit = view.by_status(outcome)
    column = ("non_responders", "responders").index(group)
    return fit.estimate[:, column] if what == "mean" else Z * fit.se[:, column]


def _assessed(view: View, _: str, rest: list[str]) -> FloatArray:
    return _moment(view, "assessed", view.status_relief, rest[0], rest[1])


def _status(view: View, _: str, rest: list[str]) -> FloatArray:
    """Shares of patients by the relief that decides status (R4), half-open bounds."""
    relief, decided = view.status_relief, ~np.isnan(view.status_relief)
    name = rest[0]
    if name in CATEGORY:
        return percent(_within(relief, name), decided)
    if name.startswith("ge"):
        return percent(relief >= int(name[2:]), decided)
    return percent(view.responder, view.group(name) & decided)


def _within(relief: FloatArray, category: str) -> BoolArray:
    low, high = CATEGORY[category]
    return np.asarray((relief >= low) & (relief < high))


def _course(view: View, _: str, rest: list[str]) -> FloatArray:
    if rest[0] in BANDS:
        return _course_of_band(view, rest[0], rest[1], rest[-1])
    sessions = view.sessions
    responder, ongoing = view.responder, view.stopped_for("ongoing")
    lost = responder & view.stopped_for("loss_of_efficacy")
    ephemeral = lost & (sessions < 15)
    name, what = rest[0], rest[-1]
    shares: dict[str, Callable[[], FloatArray]] = {
        "ongoing": lambda: percent(ongoing, view.everyone),
        "efficacy_stop": lambda: percent(lost, responder),
        "ephemeral": lambda: percent(ephemeral, lost),
        "late": lambda: percent(view.conversion > 0, ~responder),
        "over100": lambda: percent(sessions > 100, responder),
        "stopped15": lambda: _stopped(view, 15),
        "stopped30": lambda: _stopped(view, 30),
        "stopped90": lambda: _stopped(view, 90),
    }
    if what == "share":
        return shares[name]()
    if name == "ephemeral":
        return moment(np.where(ephemeral, sessions, np.nan), what)
    if name == "late":
        return moment(np.where(view.conversion > 0, view.conversion, np.nan), what)
    if name == "interval":
        return moment(np.where(responder, view.interval, np.nan), what)
    values = view.years if name == "years" else sessions
    return moment(np.where(responder, values, np.nan), what)


def _course_of_band(view: View, band: str, name: str, what: str) -> FloatArray:
    """Stops for lost efficacy, sessions, relief of 30 % or more at session 15 (R7) of a band."""
    members = view.group(band)
    if name == "efficacy_stop":
        return percent(view.stopped_for("loss_of_efficacy"), members)
    if name == "sessions":
        return moment(np.where(members, view.sessions, np.nan), what)
    relief = view.outcome("pr", 15)
    stopped = (view.sessions < 15) & ~view.stopped_for("ongoing")
    return percent(relief >= 30, members & (stopped | ~np.isnan(relief)))


def _stopped(view: View, landmark: int) -> FloatArray:
    """Share stopped before a landmark, of responders not ongoing before it (R8)."""
    early = view.sessions < landmark
    ongoing = view.stopped_for("ongoing")
    return percent(early & ~ongoing, view.responder & ~(early & ongoing))


def _npsi(view: View, _: str, rest: list[str]) -> FloatArray:
    """A dimension at baseline; its share among the dimensions named most painful."""
    number = DIMENSIONS.index(rest[0])
    if rest[1] == "share":
        named = view.most_painful
        return percent(named == number, named >= 0)
    return moment(view.dimensions[:, :, 0, number], rest[1])


def _emcs(view: View, _: str, rest: list[str]) -> FloatArray:
    batch, operated = view.batch, view.operated
    name, what = rest[0], rest[-1]
    if name == "operated":
        return percent(operated, view.everyone)
    if name == "relieved":
        known = operated & ~np.isnan(batch.last_relief)
        return percent(batch.last_relief >= 10, known)
    if name == "no_last":
        return percent(np.isnan(batch.emcs_last), operated)
    if name == "rho":
        return rank_correlation(batch.last_relief, batch.emcs_first, operated)
    if name == "first_last":
        return rank_correlation(batch.emcs_first, batch.emcs_last, operated)
    if name in ("better_rtms", "better_emcs"):
        gain = batch.emcs_first - batch.last_relief
        better = gain < 0 if name == "better_rtms" else gain > 0
        return percent(better, operated & ~np.isnan(gain))
    if rest[1] in CATEGORY:
        values = batch.emcs_first if name == "first" else batch.last_relief
        return percent(_within(values, rest[1]), operated & ~np.isnan(values))
    if name in ("sessions", "years"):
        values = view.sessions if name == "sessions" else view.years
    else:
        values = {"first": batch.emcs_first, "last": batch.emcs_last, "rtms": batch.last_relief}[
            name
        ]
    return moment(np.where(operated, values, np.nan).astype(float), what)


def _operated(view: View, _: str, rest: list[str]) -> FloatArray:
    """Who they are that came to surgery: `age`, `duration`, or a share by its own word."""
    batch, operated = view.batch, view.operated
    name, what = rest[0], rest[-1]
    if name in ("age", "duration"):
        values = batch.age_years if name == "age" else batch.pain_duration_years
        return moment(np.where(operated, values, np.nan), what)
    if name == "male":
        return percent(batch.sex == SEXES.index("M"), operated)
    if name == "site":
        return percent(batch.site == SITES.index(rest[1]), operated & view.group("central"))
    if name == "central":
        return percent(view.group("central"), operated)
    law = batch.parameters.scenario.population
    words = list(getattr(law, name))
    return percent(getattr(batch, name) == words.index(rest[1]), operated)


def _odds(view: View, _: str, rest: list[str]) -> FloatArray:
    """Odds ratio of response, `<group>.<other group>` (logistic regression of one code)."""
    decided = ~np.isnan(view.status_relief)
    share = [percent(view.responder, view.group(name) & decided) for name in rest[:2]]
    odds = [one / (100 - one) for one in share]
    return np.asarray(odds[0] / odds[1])


def _moment(view: View, key: str, values: FloatArray, group: str, what: str) -> FloatArray:
    held = view.kept(f"{key}.{group}", lambda: moments(np.where(view.group(group), values, np.nan)))
    return held[0] if what == "mean" else held[1]


def percent(part: BoolArray, whole: BoolArray) -> FloatArray:
    """Return 100 times the share of `part` in `whole`, NaN where nobody is in the whole."""
    n = whole.sum(axis=1)
    return np.where(n > 0, 100 * (part & whole).sum(axis=1) / np.maximum(n, 1), np.nan)


def moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and SD (n - 1) over patients of what is not NaN, each of shape (R,)."""
    known = ~np.isnan(values)
    n = known.sum(axis=1)
    mean = np.where(known, values, 0).sum(axis=1) / np.where(n > 0, n, np.nan)
    square = np.where(known, (values - mean[:, None]) ** 2, 0).sum(axis=1)
    return mean, np.sqrt(square / np.where(n > 1, n - 1, np.nan))


def moment(values: FloatArray, what: str) -> FloatArray:
    """Return mean, sd or max over patients of what is not NaN."""
    if what == "max":
        highest = np.where(np.isnan(values), -np.inf, values).max(axis=1)
        return np.where(np.isfinite(highest), highest, np.nan)
    return moments(values)[0 if what == "mean" else 1]


FAMILIES: dict[str, Callable[[View, str, list[str]], FloatArray]] = {
    "pr": _repeated, "dpr": _repeated, "gnpsi": _repeated, "ssnpsi": _repeated,
    "assessed": _assessed, "status": _status, "course": _course, "npsi": _npsi, "emcs": _emcs,
    "operated": _operated, "odds": _odds,
}  # fmt: skip
