"""Do the intervals of the surgery model hold? Cohorts from the model itself, and a wrong surgeon.

Each cohort: 190 candidates whose curves are known with error, some operated with a chance that
rises with rTMS relief, parameters from the prior. Coverage of 90 % intervals of the correlations
and mean rank of the truth. `--knew 0.6` lets the surgeon know more than rTMS and compares the
stated selection with the sensitivity that is told so.

python tests/benchmarks/surgery_calibration.py --cohorts 400 --operated 25 --seed 71
"""

import argparse

import numpy as np
import pandas as pd
from scipy.special import ndtri

from bayes.surgery import correlation as c
from bayes.surgery.line import LEAST_SPREAD_PCT, SIZE, TO_SD, fit_line, natural
from bayes.surgery.records import Candidates

N, DRAWS, SIGMA, TENS, FIVES = 190, 400, 12.0, 0.6, 0.75
ERROR_SD = 7.0
GRID = np.arange(0.0, 100.5, 0.5)


def curves(rng):
    """True x of the candidates, and draws of its posterior given evidence with a known error."""
    density = 0.4 * np.exp(-GRID / 3) / 3 + 0.6 * np.exp(-0.5 * ((GRID - 45) / 22) ** 2) / 55
    density /= density.sum()
    x = rng.choice(GRID, size=N, p=density)
    seen = x + rng.normal(0, ERROR_SD, N)
    posterior = density * np.exp(-0.5 * ((GRID - seen[:, None]) / ERROR_SD) ** 2)
    below = np.cumsum(posterior, axis=1)
    u = rng.random((DRAWS, N)) * below[:, -1]
    relief = np.stack([GRID[np.searchsorted(below[i], u[:, i])] for i in range(N)], axis=1)
    return x, relief


def one_cohort(seed, replicate, operated, knew, fixed):
    """Rows of truth and interval by group, term and what the analysis takes the surgeon to know."""
    rng = np.random.default_rng([seed, replicate])
    x, relief = curves(rng)
    chance = np.clip(operated / N * (0.3 + 0.7 * x / x.mean()), 0.001, 0.6)
    left = rng.standard_normal(N)
    choice = knew * left + np.sqrt(1 - knew**2) * rng.standard_normal(N)
    is_operated = choice > -ndtri(chance)
    spread = max(float(relief[:, is_operated].std()), LEAST_SPREAD_PCT)
    scores = rng.standard_normal(SIZE)
    level, slope, carry, scale = (float(v[0]) for v in natural(scores[None], spread))
    if fixed:
        level, slope, carry, scale = 45.0, 0.9, 0.4, 11.5
    last = np.clip(np.round((x + SIGMA * rng.logistic(size=N)) / 10) * 10, 0, 100)
    share = rng.random() * min(1.0, scale / SIGMA)
    centre = float(relief[:, is_operated].mean())
    tau = TO_SD * np.sqrt(scale**2 - (share * SIGMA) ** 2)
    if knew:
        z = level + slope * (x - centre) + carry * (last - x) + tau * left
        said = z + share * SIGMA * rng.logistic(size=N)
    else:
        said = level + slope * (x - centre) + carry * (last - x) + scale * rng.logistic(size=N)
    width = rng.choice([10, 5, 1], N, p=[TENS, (1 - TENS) * FIVES, (1 - TENS) * (1 - FIVES)])
    first = np.where(is_operated, np.clip(width * np.round(said / width), 0, 100), np.nan)
    who = Candidates(
        np.arange(N).astype(str), relief, last, first, is_operated,
        np.full(DRAWS, SIGMA), np.full(DRAWS, TENS), np.full(DRAWS, FIVES), {},
    )  # fmt: skip
    line = fit_line(
        first[is_operated], relief[:, is_operated], last[is_operated], TENS, FIVES, replicate
    )
    noise = c.evaluation_noise(line, who, replicate)
    everyone = relief[rng.integers(DRAWS, size=len(line.level))]
    rows = []
    for told in (0.0, knew) if knew else (0.0,):
        found = c.relation(line, noise, who, told)
        groups = {
            "operated": (line.relief, x[is_operated], last[is_operated]),
            "candidates": (everyone, x, last),
        }
        for group, (draws, true, reports) in groups.items():
            own = (found.operated_slope, found.operated_residual_sd)
            line_of, left_sd = own if group == "operated" else (found.slope, found.residual_sd)
            for term, extra, true_sd in (
                ("correlation", 0.0, tau),
                ("correlation_with_report", found.noise_sd, TO_SD * scale),
            ):
                rest = np.hypot(left_sd, extra)
                rho = c.correlation(draws, reports, line_of, line.carry, rest)
                own = (np.array([v]) for v in (slope, carry, true_sd))
                truth = c.correlation(true[None], reports, *own)[0]
                low, high = np.quantile(rho, (0.05, 0.95))
                rows.append(
                    (group, term, told, truth, rho.mean(), low, high, (rho < truth).mean(),
                     line.effective_size, is_operated.sum())
                )  # fmt: skip
    names = ["group", "term", "told", "truth", "mean", "low", "high", "rank", "size", "n"]
    return pd.DataFrame(rows, columns=names).assign(replicate=replicate)


def summary(rows):
    """Coverage, bias, width and mean rank with its Monte Carlo error."""
    rows = rows.assign(
        covered=rows["truth"].between(rows["low"], rows["high"]),
        error=rows["mean"] - rows["truth"],
        width=rows["high"] - rows["low"],
    )
    by = rows.groupby(["group", "term", "told"], sort=False)
    n, covered = by.size(), by["covered"].mean()
    return pd.DataFrame(
        {
            "cohorts": n,
            "covered": covered,
            "mcse": np.sqrt(covered * (1 - covered) / n),
            "bias": by["error"].mean(),
            "bias_mcse": by["error"].std() / np.sqrt(n),
            "width": by["width"].mean(),
            "mean_rank": by["rank"].mean(),
            "rank_sd": by["rank"].std(),
            "least_size": by["size"].min(),
            "operated": by["n"].mean(),
        }
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--operated", type=int, default=25)
    parser.add_argument("--knew", type=float, default=0.0)
    parser.add_argument("--fixed", action="store_true", help="a world like the study's, no prior")
    parser.add_argument("--seed", type=int, default=71)
    asked = parser.parse_args()
    several = [
        one_cohort(asked.seed, r, asked.operated, asked.knew, asked.fixed or asked.knew > 0)
        for r in range(asked.cohorts)
    ]
    print(summary(pd.concat(several)).round(3).to_string())


if __name__ == "__main__":
    main()
