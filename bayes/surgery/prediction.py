"""The first evaluation of one patient, with what the prediction rests on.

Here: the chance of every report 0-100, summaries, and how many operated patients had such an rTMS
result. Not here: the posterior (`line.py`). What is predicted is what operated patients with such
an rTMS result reported; the patient's own evaluation is never used for it.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.curves import expected_report
from bayes.heaping import GRIDS
from bayes.outlook import report_table
from bayes.surgery.correlation import Relation
from bayes.surgery.line import Line
from bayes.surgery.records import Candidates

FloatArray = NDArray[np.float64]

SIMILAR_AT_LEAST = 5
PREDICTION_DRAWS = 500
ENDS = (0.05, 0.5, 0.95)
THRESHOLDS_PCT = (10, 30, 50)


@dataclass(frozen=True)
class Bands:
    """Categories of relief (rule R4), which say what such an rTMS result is.

    Attributes
    ----------
    bounds
        Lower bounds of all bands but the first, percent.
    """

    bounds: tuple[float, ...] = (10, 40, 70)

    def of(self, relief: FloatArray) -> NDArray[np.int64]:
        """Return the position of each relief's band."""
        return np.digitize(relief, self.bounds).astype(np.int64)

    def words(self, position: int) -> str:
        """Return a band in words, such as 'from 10 to below 40 %'."""
        if position == 0:
            return f"below {self.bounds[0]:.0f} %"
        low = f"{self.bounds[position - 1]:.0f}"
        if position == len(self.bounds):
            return f"of {low} % or more"
        return f"from {low} to below {self.bounds[position]:.0f} %"


def report_chances(line: Line, who: Candidates, seed: int) -> FloatArray:
    """Return P(first evaluation = 0, ..., 100) of every patient, shape (patients, 101).

    An operated patient's own evaluation is left out: the draws are weighed as if he had none.
    """
    rng = np.random.default_rng([seed, 20])
    used = np.flatnonzero(who.is_used)
    share = float(who.tens_share.mean()), float(who.fives_share.mean())
    result = np.empty((len(who.patients), 101))
    for i in range(len(who.patients)):
        own = np.flatnonzero(used == i)
        weight = line.without(int(own[0])) if len(own) else None
        d = rng.choice(len(line.level), size=PREDICTION_DRAWS, p=weight)
        x = rng.choice(who.relief[:, i], size=(PREDICTION_DRAWS, 1))
        latent = line.of(d).latent(x, who.last_report[[i]])[:, 0]
        result[i] = report_table(latent, line.scale[d], *map(np.asarray, share)).mean(axis=1)
    return result / result.sum(axis=1, keepdims=True)


def replicates(line: Line, who: Candidates, seed: int) -> FloatArray:
    """Return first evaluations that the evaluated might have given, shape (draws, operated).

    One draw of the line for all patients, each with x given the own evaluation, and reports
    rounded as equation (8) says.
    """
    rng = np.random.default_rng([seed, 22])
    said = (
        line.latent(line.relief, who.last_report[who.is_used])
        + rng.logistic(size=line.relief.shape) * line.scale[:, None]
    )
    tens, fives = float(who.tens_share.mean()), float(who.fives_share.mean())
    share = (tens, (1 - tens) * fives, (1 - tens) * (1 - fives))
    width = rng.choice(np.array(GRIDS), size=said.shape, p=share)
    return np.asarray(np.clip(width * np.round(said / width), 0, 100))


def mean_had_surgeon_known(
    relation: Relation, line: Line, who: Candidates, seed: int
) -> FloatArray:
    """Return the mean report of every patient, chosen or not, under a relation, percent."""
    rng = np.random.default_rng([seed, 21])
    d = rng.integers(len(relation.level), size=len(who.relief))
    spread = np.hypot(relation.residual_sd[d], relation.noise_sd[d])[:, None] * np.sqrt(3) / np.pi
    told = replace(line, level=relation.level, slope=relation.slope).of(d)
    z = told.latent(who.relief, who.last_report)
    tens, fives = who.tens_share[:, None], who.fives_share[:, None]
    return np.asarray(expected_report(z, np.maximum(spread, 5.0), tens, fives).mean(axis=0))


def summaries(chances: FloatArray) -> pd.DataFrame:
    """Return mean, 5, 50 and 95 % quantiles and P(at least) of chances, shape (patients, 101)."""
    below = np.cumsum(chances, axis=1)
    result = {"mean_relief_pct": chances @ np.arange(101.0)}
    for share, name in zip(ENDS, ("q05", "q50", "q95"), strict=True):
        result[f"{name}_relief_pct"] = (below >= share - 1e-12).argmax(axis=1).astype(float)
    for cut in THRESHOLDS_PCT:
        result[f"p_reported_ge_{cut}"] = chances[:, cut:].sum(axis=1)
    return pd.DataFrame(result)


def basis(who: Candidates, bands: Bands) -> pd.DataFrame:
    """Return n_similar, is_extrapolated and extrapolated_reason of every patient.

    Similar: an evaluated operated patient, other than this one, whose last reported rTMS relief
    lies in the same band.
    """
    band = bands.of(who.last_report)
    known = who.is_used & np.isfinite(who.last_report)
    rows: list[tuple[int, bool, str | None]] = []
    for i, mine in enumerate(band):
        if not np.isfinite(who.last_report[i]):
            rows.append((0, True, "no relief was reported under rTMS"))
            continue
        others = known.copy()
        others[i] = False
        n = int((band[others] == mine).sum())
        patients = "patient" if n == 1 else "patients"
        reason = (
            f"{n} evaluated {patients} had a last reported relief {bands.words(int(mine))} under "
            f"rTMS, fewer than {SIMILAR_AT_LEAST}"
        )
        few = n < SIMILAR_AT_LEAST
        rows.append((n, few, reason if few else None))
    return pd.DataFrame(rows, columns=["n_similar", "is_extrapolated", "extrapolated_reason"])
