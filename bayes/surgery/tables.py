"""The tables of the surgery model, with the reason where nothing can be estimated.

Here: `surgery_estimate`, `patient_surgery_outlook`, `surgery_agreement` as frames of fixed columns.
Not here: the quantities (`line.py`, `correlation.py`, `prediction.py`).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from bayes.surgery import correlation as c
from bayes.surgery.line import Line, fit_line
from bayes.surgery.prediction import (
    Bands,
    basis,
    mean_had_surgeon_known,
    replicates,
    report_chances,
    summaries,
)
from bayes.surgery.records import Candidates

FloatArray = NDArray[np.float64]

AT_LEAST = 3
"""Evaluated patients below whom the answer would be the prior."""
WORTH = 400.0
INTERVAL = (0.05, 0.5, 0.95)
ESTIMATE_COLUMNS = {
    **dict.fromkeys(("population", "term"), "str"),
    **dict.fromkeys(("surgeon_knew", "mean", "q05", "q50", "q95"), "float64"),
    **dict.fromkeys(("n_operated", "n_evaluated", "n_candidates"), "Int64"),
    **{"effective_size": "float64", "status": "str", "reason": "object"},
}
OUTLOOK_COLUMNS = {
    **{"patient_id": "str", "is_operated": "bool", "is_evaluated": "bool"},
    **dict.fromkeys(("rtms_relief_pct", "last_report_pct", "mean_relief_pct"), "float64"),
    **dict.fromkeys(("q05_relief_pct", "q50_relief_pct", "q95_relief_pct"), "float64"),
    **dict.fromkeys(("p_reported_ge_10", "p_reported_ge_30", "p_reported_ge_50"), "float64"),
    **{"mean_surgeon_knew_pct": "float64", "n_similar": "int64", "is_extrapolated": "bool"},
    **{"extrapolated_reason": "object"},
}
AGREEMENT_COLUMNS = {
    "figure": "str",
    **dict.fromkeys(("observed", "mean", "q05", "q50", "q95"), "float64"),
    "n": "int64",
}
CATEGORIES = ("failure", "poor", "good", "excellent")


def surgery_tables(
    who: Candidates, seed: int, bands: Bands | None = None
) -> dict[str, pd.DataFrame]:
    """Return the three tables by name.

    Parameters
    ----------
    who
        From `records.candidates`.
    seed
        Of every random number.
    bands
        Categories of relief, rule R4.

    Returns
    -------
    dict
        surgery_estimate: one row a population, term and `surgeon_knew`; where nothing is estimated
        the numbers are NaN, status is 'not_estimated' and reason says why. The other two are empty
        then. patient_surgery_outlook: one row a candidate. surgery_agreement: figures of the
        evaluated, as observed and in replicates.
    """
    bands, used = bands or Bands(), who.is_used
    counts: dict[str, int] = {
        "n_operated": who.n_operated,
        "n_evaluated": int(used.sum()),
        "n_candidates": len(who.patients),
    }
    line = line_of(who, seed)
    if isinstance(line, str):
        return _not_estimated(line, counts)
    noise = c.evaluation_noise(line, who, seed)
    chances = report_chances(line, who, seed)
    most = c.relation(line, noise, who, max(c.SURGEON_KNEW))
    known = mean_had_surgeon_known(most, line, who, seed)
    return {
        "surgery_estimate": _estimates(line, noise, who, seed, counts),
        "patient_surgery_outlook": _outlook(who, chances, known, bands),
        "surgery_agreement": agreement(line, who, chances, bands, seed),
    }


def line_of(who: Candidates, seed: int) -> Line | str:
    """Return the posterior of the line, or the reason why there is none."""
    used, reason = who.is_used, _too_few(who)
    if reason:
        return reason
    shares = float(who.tens_share.mean()), float(who.fives_share.mean())
    line = fit_line(who.first[used], who.relief[:, used], who.last_report[used], *shares, seed)
    if line.effective_size < WORTH:
        return f"weights worth {line.effective_size:.0f} equal draws, fewer than {WORTH:.0f}"
    return line


def outlook_of_new(
    who: Candidates, relief: FloatArray, last_report: float, seed: int, bands: Bands
) -> pd.Series | str:
    """Return the row of `patient_surgery_outlook` of a patient who is none of the candidates.

    Parameters
    ----------
    who
        Candidates of the centre.
    relief
        Draws of m(s) at the patient's last rTMS session, percent, as many as the candidates have.
    last_report
        Last relief that the patient reported under rTMS, percent, NaN where none was.

    Returns
    -------
    pandas.Series or str
        Or the reason why nothing is told.
    """
    line = line_of(who, seed)
    if isinstance(line, str):
        return line
    everyone = who.joined_by(relief, last_report)
    new = everyone.only(len(who.patients))
    known = c.relation(line, c.evaluation_noise(line, who, seed), who, max(c.SURGEON_KNEW))
    chances = report_chances(line, new, seed)
    told = _outlook(new, chances, mean_had_surgeon_known(known, line, new, seed), bands)
    rests_on = basis(everyone, bands).iloc[[-1]].reset_index(drop=True)
    return told.assign(**{str(name): rests_on[name] for name in rests_on}).iloc[0]


def _too_few(who: Candidates) -> str | None:
    n = int(who.is_used.sum())
    if not who.n_operated:
        return "no patient was operated yet"
    if n < AT_LEAST:
        patients = "patient has" if n == 1 else "patients have"
        left = f" ({who.unused_in_words})" if who.unused_in_words else ""
        return f"{n} operated {patients} a first evaluation to use, fewer than {AT_LEAST}{left}"
    return None


def _estimates(
    line: Line, noise: FloatArray, who: Candidates, seed: int, counts: dict[str, int]
) -> pd.DataFrame:
    rng, used = np.random.default_rng([seed, 19]), who.is_used
    everyone = who.relief[rng.integers(len(who.relief), size=len(line.level))]
    rows = []
    for knew in c.SURGEON_KNEW:
        found = c.relation(line, noise, who, knew)
        groups = {
            "operated": (line.relief, used, found.operated_slope, found.operated_residual_sd),
            "candidates": (everyone, np.full(len(used), True), found.slope, found.residual_sd),
        }
        for population, (relief, who_of, slope, residual) in groups.items():
            with_noise = np.hypot(residual, found.noise_sd)
            of = (relief, who.last_report[who_of], slope, line.carry)
            draws = {
                "correlation": c.correlation(*of, residual),
                "correlation_with_report": c.correlation(*of, with_noise),
                "multiple_correlation": c.multiple_correlation(*of, residual),
            }
            rows += [_row(population, term, knew, value) for term, value in draws.items()]
    for term, value in {
        "slope": line.slope,
        "carry": line.carry,
        "latent_at_0_pct": line.level - line.slope * line.centre,
        "latent_at_50_pct": line.level + line.slope * (50 - line.centre),
        "residual_sd_pct": c.TO_SD * line.scale,
    }.items():
        rows.append(_row("operated", term, 0.0, value))
    more = {
        "effective_size": line.effective_size,
        "status": "estimated",
        "reason": f"not used: {who.unused_in_words}" if who.unused_in_words else None,
    }
    return _frame([row | counts | more for row in rows], ESTIMATE_COLUMNS)


def _row(population: str, term: str, knew: float, draws: FloatArray) -> dict[str, object]:
    return {"population": population, "term": term, "surgeon_knew": knew, **_summary(draws)}


def _summary(draws: FloatArray) -> dict[str, float]:
    known = draws[np.isfinite(draws)]
    low, middle, high = np.quantile(known, INTERVAL) if known.size else (np.nan,) * 3
    mean = float(known.mean()) if known.size else np.nan
    return {"mean": mean, "q05": float(low), "q50": float(middle), "q95": float(high)}


def _outlook(who: Candidates, chances: FloatArray, known: FloatArray, bands: Bands) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "patient_id": who.patients,
            "is_operated": who.is_operated,
            "is_evaluated": who.is_used,
            "rtms_relief_pct": who.relief.mean(axis=0),
            "last_report_pct": who.last_report,
            "mean_surgeon_knew_pct": known,
        }
    )
    whole = pd.concat([frame, summaries(chances), basis(who, bands)], axis=1)
    return whole[list(OUTLOOK_COLUMNS)].astype(OUTLOOK_COLUMNS)


def agreement(
    line: Line, who: Candidates, chances: FloatArray, bands: Bands, seed: int
) -> pd.DataFrame:
    """Return figures of the evaluated beside those of replicate evaluations of the same patients.

    `within_interval.n` counts evaluations inside the 90 % interval predicted without them.
    """
    used = who.is_used
    told = summaries(chances[used])
    ends = told["q05_relief_pct"].to_numpy(), told["q95_relief_pct"].to_numpy()
    observed, replicated = (
        _figures(first, who.last_report[used], ends, bands)
        for first in (who.first[None, used], replicates(line, who, seed))
    )
    rows = [
        {"figure": name, "observed": observed[name][0], "n": int(used.sum()), **_summary(value)}
        for name, value in replicated.items()
    ]
    return _frame(rows, AGREEMENT_COLUMNS)


def _figures(
    first: FloatArray, last: FloatArray, ends: tuple[FloatArray, FloatArray], bands: Bands
) -> dict[str, FloatArray]:
    """Return figures of Table 3 and Figure 3 by replicate; `first` is (replicates, operated)."""
    band = bands.of(first)
    result = {f"{name}.n": (band == k).sum(axis=1) for k, name in enumerate(CATEGORIES)}
    result["mean_pct"] = first.mean(axis=1)
    result["sd_pct"] = first.std(axis=1, ddof=1)
    result["higher_before.n"] = (last > first).sum(axis=1)
    result["higher_after.n"] = (last < first).sum(axis=1)
    result["rho"] = _rank_correlation(last, first)
    result["within_interval.n"] = ((first >= ends[0]) & (first <= ends[1])).sum(axis=1)
    return {name: np.asarray(value, dtype=float) for name, value in result.items()}


def _rank_correlation(last: FloatArray, first: FloatArray) -> FloatArray:
    """Return Spearman's correlation of the known pairs by replicate, NaN where one is constant."""
    known = np.isfinite(last)
    a = rankdata(last[known]) - (known.sum() + 1) / 2
    b = rankdata(first[:, known], axis=1) - (known.sum() + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((b @ a) / np.sqrt((a**2).sum() * (b**2).sum(axis=1)))


def _not_estimated(reason: str, counts: dict[str, int]) -> dict[str, pd.DataFrame]:
    rows = [_row(p, "correlation", k, np.array([])) for p in ("operated", "candidates")
            for k in c.SURGEON_KNEW]  # fmt: skip
    more = {"effective_size": np.nan, "status": "not_estimated", "reason": reason}
    return {
        "surgery_estimate": _frame([row | counts | more for row in rows], ESTIMATE_COLUMNS),
        "patient_surgery_outlook": _frame([], OUTLOOK_COLUMNS),
        "surgery_agreement": _frame([], AGREEMENT_COLUMNS),
    }


def _frame(rows: list[dict[str, object]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
