"""What the fit says: prior beside posterior, what no figure informs, what drives what.

Here: tables of a fit. Not here: the fit, and the acceptance by replicate clinics.

A parameter's posterior is told on the prior's own deviates: shift of the mean in prior SDs, and
the share of the prior's SD that is left. Left above `INFORMED`, and not shifted, it is not
informed by any figure and keeps its stated prior.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration import prior
from simulate.calibration.calibrate import Fitted
from simulate.calibration.cloud import Draws
from simulate.calibration.families import Seen, mean_covariance, mean_figures, mixed, shares
from simulate.calibration.sampler import look
from simulate.calibration.surface import surface
from simulate.calibration.targets import observed
from simulate.parameter_table import BY_NAME, STRUCTURES

FloatArray = NDArray[np.float64]
INFORMED = 0.9  # of the prior SD: what is left above it counts as not informed
LEAST = 0.02  # share below which a combination is not looked at again
MOVED = 0.35  # prior SDs: a shift beyond it counts as informed


def posterior_table(fitted: Fitted) -> pd.DataFrame:
    """Return one row a free parameter, prior and posterior 95 % intervals and medians beside."""
    draws = fitted.draws
    weight = draws.weight
    found = prior.values(draws.place)
    mean, sd = moments(draws.place, weight)
    rows = []
    for k, law in enumerate(prior.laws()):
        lo, median, hi = weighted_quantiles(found[law.name], weight, (0.025, 0.5, 0.975))
        rows.append(
            {
                "parameter": law.name, "unit": BY_NAME[law.name].unit,
                "prior_lo": law.low, "prior_hi": law.high,
                "lo": lo, "median": median, "hi": hi,
                "shift": mean[k], "left": sd[k],
                "is_informed": bool(sd[k] < INFORMED or abs(mean[k]) > MOVED),
                "driven_by": "",
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table["driven_by"] = _drivers(fitted)
    return table


def structure_table(fitted: Fitted) -> pd.DataFrame:
    """Return prior and posterior probability of every curve, noise and drop-out law."""
    weight = fitted.draws.weight
    rows = []
    for k, (name, codes) in enumerate(STRUCTURES.items()):
        for code in codes:
            share = float(weight[fitted.draws.structure[:, k] == int(code)].sum())
            rows.append({"structure": name, "law": code.name.lower(), "prior": 1 / len(codes),
                         "posterior": share})  # fmt: skip
    return pd.DataFrame(rows)


def evidence_table(fitted: Fitted) -> pd.DataFrame:
    """Return one row a combination: log evidence, by either half of the clinics, and share."""
    rows = [
        {name: codes(code).name.lower()
         for (name, codes), code in zip(STRUCTURES.items(), one.structure, strict=True)}
        | {"log_evidence": one.look.log_evidence, "first_half": one.halves[0],
           "second_half": one.halves[1], "share": share}
        for one, share in zip(fitted.every, shares(fitted.every), strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def without_each_block(fitted: Fitted, seed: int) -> pd.DataFrame:
    """Return what happens to each parameter when a block is left out, one row a parameter.

    One column a block: |shift of the posterior mean| + growth of the posterior SD, in prior SDs.
    No clinic is simulated: the last regressions look again at the other blocks.
    """
    names = [law.name for law in prior.laws()]
    mean, sd = moments(fitted.draws.place, fitted.draws.weight)
    columns: dict[str, FloatArray] = {}
    for block in dict.fromkeys(one.block for one in fitted.targets):
        draws = _looked_without(fitted, block, seed)
        other_mean, other_sd = moments(draws.place, draws.weight)
        columns[block] = np.abs(other_mean - mean) + np.maximum(other_sd - sd, 0)
    return pd.DataFrame({"parameter": names} | columns)


def conflicts(fitted: Fitted, seed: int, beyond: float = 1.64) -> pd.DataFrame:
    """Return the targets that cannot hold together with the others, and which block holds them.

    z is (printed - expected) over the SD of a clinic of this size, under the whole fit; then under
    the fit without each other block. A z that falls below `beyond` names the opponent.
    """
    whole = _z(fitted, fitted.draws)
    far = np.flatnonzero(np.abs(whole) > beyond)
    rows = [
        {"statistic": fitted.targets[k].statistic, "block": fitted.targets[k].block,
         "z": whole[k], "opponents": ""}
        for k in far
    ]  # fmt: skip
    for block in dict.fromkeys(one.block for one in fitted.targets):
        if not len(far):
            break
        without = _z(fitted, _looked_without(fitted, block, seed))
        for row, k in zip(rows, far, strict=True):
            if row["block"] != block and abs(without[k]) < beyond:
                row["opponents"] = ", ".join(filter(None, [str(row["opponents"]), block]))
    return pd.DataFrame(rows, columns=["statistic", "block", "z", "opponents"])


def moments(place: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted mean and SD of each column."""
    mean = weight @ place
    return mean, np.sqrt(weight @ (place - mean) ** 2)


def weighted_quantiles(
    values: FloatArray, weight: FloatArray, at: tuple[float, ...]
) -> tuple[float, ...]:
    """Return quantiles of a weighted sample, interpolated at the middles of the weights."""
    order = np.argsort(values)
    middles = np.cumsum(weight[order]) - weight[order] / 2
    return tuple(float(q) for q in np.interp(at, middles / weight.sum(), values[order]))


def _looked_without(fitted: Fitted, block: str, seed: int) -> Draws:
    """Look again without a block, in the combinations that hold most of the share."""
    rng = np.random.default_rng([seed, 4])
    left_out = [k for k, target in enumerate(fitted.targets) if target.block == block]
    printed, rounding = observed(fitted.targets)
    printed[left_out] = np.nan
    looks = []
    for one, share in zip(fitted.every, shares(fitted.every), strict=True):
        if share < LEAST:
            continue
        lower = surface(one.surface.emulator, one.structure, printed, rounding)
        found = look(lower, one.look.cloud.mean, rng, n=200)
        halves = found.log_evidence + one.halves - one.halves.mean()
        looks.append(Seen(one.structure, lower, found, halves))
    return mixed(looks, 400, rng)


def _z(fitted: Fitted, draws: Draws) -> FloatArray:
    expected = draws.weight @ mean_figures(fitted.every, draws.place, draws.structure)
    sd = np.sqrt(np.diag(mean_covariance(fitted.every)))
    return np.asarray((observed(fitted.targets)[0] - expected) / sd)


def _drivers(fitted: Fitted, n: int = 3) -> list[str]:
    """Name the targets whose printed value moves each parameter most.

    Posterior covariance of parameter and expected figure, through the figures' covariance: how far
    the posterior mean moves if the printed figure moves by one SD of sampling.
    """
    draws = fitted.draws
    weight, covariance = draws.weight, mean_covariance(fitted.every)
    expected = mean_figures(fitted.every, draws.place, draws.structure)
    place = draws.place - weight @ draws.place
    gap = expected - weight @ expected
    joint = (weight[:, None] * place).T @ gap
    gain = joint @ np.linalg.inv(covariance) * np.sqrt(np.diag(covariance))
    words = []
    for row in gain:
        top = [k for k in np.argsort(-np.abs(row))[:n] if abs(row[k]) > 0.08]
        words.append(", ".join(f"{fitted.targets[k].statistic} ({row[k]:+.2f})" for k in top))
    return words
