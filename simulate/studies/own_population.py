"""A centre's own population: draws of the fitted relief model as members of an ensemble.

Here: which parameter of a world each parameter of the model (`bayes/parameters.py`) is, the file
that a world's `population.ensemble` may name, and what has a study draw from it. Not here: the fit,
where its draws are kept.

A study keeps what it asks about: a field that it varies or changes, and one that its world pins,
holds in every draw (`scenario.load`).

What the model does not know keeps the scenario's value: reports missing from session 4 on, dates,
days of relief, the clinic's assessment, stops for other reasons. Approximate: reports of sessions
1-3 are missing by status, where the model has them by relief after session 4; the noise is normal
with the logistic's SD, its scale log-normal over patients with the model's spread, and first
reports scatter like later ones; the curve is the family of the same half of the gain and the same
steepness there; a hazard that is a mean of two is a logistic line between relief of 0 and 40
points; start and plateau are independent; who stays flat goes from a start to a level of his own.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulate.batch import TEST_SESSIONS
from simulate.parameter_table import BY_NAME
from simulate.studies.worlds import MEMBER

HIGH_POINTS = 40.0
"""Relief at which the model's hazards `with relief` are taken."""
EXPONENTIAL = 0.83, 1.2
"""Shapes between which the curve counts as an exponential."""
ENSEMBLE, MEMBERS = "population.ensemble", "population.members"
PARTS = 20
"""Parts of a posterior, each a world of a study that asks for the truth of one."""
NEEDED = (
    *("rising_share", "start_mean", "start_sd", "plateau_mean", "plateau_sd", "log_rate_mean"),
    *("log_rate_sd", "curve_shape", "relapse_share", "relapse_rate", "noise", "tens_share"),
    *("fives_share", "stop_test_low", "stop_later_low", "stop_later_high"),
    *("surgery_low", "surgery_high", "flat_shift", "flat_spread", "noise_spread"),
    *("missing_low", "missing_high"),
)


def changes(design: Any, path: Path) -> dict[str, Any]:
    """Return what has a study draw its worlds from a file of members, as `files.load` takes it.

    A study of estimates is told how far a cohort's analysis lies from the truth of its world, so
    that each of its worlds becomes `PARTS` (or `population.members`) worlds with a member each. All
    others draw a member for every cohort, or keep the members that they name.

    Raises
    ------
    ValueError
        The study compares ensembles: there is nothing left to compare.
    """
    data = design.data
    if ENSEMBLE in data.vary:
        raise ValueError(
            f"study {design.study} compares ensembles (data.vary.{ENSEMBLE}), which a posterior "
            "takes the place of; run it without --population, or leave that field out of data.vary"
        )
    made: dict[str, Any] = {f"world.{ENSEMBLE}": str(path)}
    if design.kind == "estimates" and MEMBER not in (*data.vary, *data.what_if):
        parts = data.what_if.get(MEMBERS, PARTS)
        made |= {f"data.vary.{MEMBER}": f"1..{parts}", f"world.{MEMBERS}": parts}
    return made


def as_members(draws: pd.DataFrame) -> pd.DataFrame:
    """Return one member of an ensemble a draw, columns as in `simulate/ensembles`.

    Parameters
    ----------
    draws
        Natural values of the model's parameters by name, one row a draw.

    Raises
    ------
    ValueError
        If a parameter is absent: the posterior is of another model.
    """
    absent = sorted(set(NEEDED) - set(map(str, draws)))
    if absent:
        raise ValueError(f"the posterior has no {', '.join(absent)}: fit the model again")
    d, shape = draws, draws["curve_shape"]
    low, high = (_logit(d[name]) for name in ("stop_later_low", "stop_later_high"))
    rows = {
        "curve": np.select(
            [shape < EXPONENTIAL[0], shape > EXPONENTIAL[1]], ["emax", "delayed"], "exponential"
        ),
        "noise": "by_patient",
        "rise_share": d["rising_share"],
        "start_mean": d["start_mean"],
        "start_sd": d["start_sd"],
        "rise_mean": d["plateau_mean"],
        "rise_sd": d["plateau_sd"],
        "still_mean": d["start_mean"] + d["flat_shift"],
        "still_sd": d["start_sd"] * d["flat_spread"],
        "half_gain_sessions": np.log(2) ** (1 / shape) / np.exp(d["log_rate_mean"]),
        "half_gain_log_sd": d["log_rate_sd"],
        "hill": 2 * np.log(2) * shape,  # as steep at half of the gain, by log session
        "delay_share": np.maximum(1 - 1 / shape, 0),
        "relapse_share": d["relapse_share"],
        "relapse_first": 5.0,
        "relapse_delay": 5.0,  # onsets of 5, 9 and 16 alike
        "relapse_loss": 1 - np.exp(-d["relapse_rate"]),
        "noise_sd": d["noise"] * np.pi / np.sqrt(3),
        "noise_first_factor": 1.0,
        "noise_log_sd": d["noise_spread"],
        "outlier_share": 0.0,
        "zero_share": 0.0,
        "heap_10": d["tens_share"],
        "heap_5": (1 - d["tens_share"]) * d["fives_share"],
        "extra_share": 1 - d["stop_test_low"],
        "extra_stop": d["stop_later_low"],
        "efficacy_at_zero": low,
        "efficacy_per_point": np.minimum((high - low) / HIGH_POINTS, 0),
        "surgery_hazard": d["surgery_high"],
        "surgery_per_point": np.log(d["surgery_high"] / d["surgery_low"]) / HIGH_POINTS,
    }
    for k in range(1, TEST_SESSIONS):
        rows[f"missing_other_{k}"] = d["missing_low"]
        rows[f"missing_responder_{k}"] = d["missing_high"]
    members = pd.DataFrame(rows, index=draws.index)
    for name in (str(n) for n in members if n in BY_NAME):
        members[name] = members[name].astype(float).clip(BY_NAME[name].low, BY_NAME[name].high)
    return members


def _logit(share: pd.Series) -> pd.Series:
    return pd.Series(np.log(share / (1 - share)))


def write(members: pd.DataFrame, path: Path) -> None:
    """Write members as an ensemble's file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    members.to_csv(beside, index=False, float_format="%.6g")
    beside.replace(path)
