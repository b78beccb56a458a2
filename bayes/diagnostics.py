"""The verdict on a fit: whether its numbers may be published.

Here: the gate of each engine, and a sentence that names the worst. Not here: what the reported
quantities are (`quantities.py`).

NUTS: rank-normalised split R-hat below 1.01 and bulk and tail ESS above 400 for every reported
quantity (Vehtari et al. 2021), and at most one draw in a thousand divergent. Marginal engine: the
mode found, Pareto k of the importance weights below 0.7 and less where draws are few (Vehtari
et al. 2024), and weights worth at least 100 equal draws.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayes.parameters import NAMES
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, plateau_pct

if TYPE_CHECKING:
    import xarray as xr

    from bayes.posterior import Posterior

R_HAT_BELOW = 1.01
ESS_ABOVE = 400.0
DIVERGENT_SHARE_AT_MOST = 0.001
PARETO_K_BELOW = 0.7
EFFECTIVE_AT_LEAST = 100.0
SHORT_R_HAT_BELOW = 1.05
"""Of chains of a hundred draws, whose R-hat scatters by some hundredths around 1."""


@dataclass(frozen=True)
class Diagnosis:
    """Verdict on a fit.

    Attributes
    ----------
    status
        'converged' or 'not_converged'.
    reason
        One sentence that names the worst quantity; never a value of a patient.
    r_hat_max, ess_min
        Over all reported quantities; ess_min over bulk and tail.
    divergences
        Divergent draws after tuning.
    table
        One row a scalar quantity: term, r_hat, ess_bulk, ess_tail; empty for weighted draws.
    pareto_k
        Of the importance weights; NaN for chains.
    """

    status: str
    reason: str
    r_hat_max: float
    ess_min: float
    divergences: int
    table: pd.DataFrame
    pareto_k: float = float("nan")


def diagnose_importance(
    pareto_k: float, effective_size: float, n_draws: int, mode_found: bool
) -> Diagnosis:
    """Judge importance-weighted draws of the population."""
    limit = min(1 - 1 / np.log10(max(n_draws, 11)), PARETO_K_BELOW)
    complaint = ""
    if not mode_found:
        complaint = "The mode of the population was not found: fit with NUTS."
    elif not pareto_k < limit:
        complaint = (
            f"The importance weights have a Pareto k of {pareto_k:.2f}, where {limit:.2f} or more "
            "is not reliable: fit with NUTS."
        )
    elif effective_size < EFFECTIVE_AT_LEAST:
        complaint = (
            f"The weighted draws are worth {effective_size:.0f} equal ones, fewer than "
            f"{EFFECTIVE_AT_LEAST:.0f}: draw more, or fit with NUTS."
        )
    fine = f"Pareto k is {pareto_k:.2f}; the draws are worth {effective_size:.0f} equal ones."
    table = pd.DataFrame({name: [] for name in ("term", "r_hat", "ess_bulk", "ess_tail")})
    return Diagnosis(
        status="not_converged" if complaint else "converged",
        reason=complaint or fine,
        r_hat_max=float("nan"),
        ess_min=effective_size,
        divergences=0,
        table=table.astype({"term": "object"}),
        pareto_k=pareto_k,
    )


def diagnose_marginal_chains(
    scores: NDArray[np.float64], names: list[str], pareto_k: float
) -> Diagnosis:
    """Judge chains on the marginal density, shape (chains, draws, size), by parameter and effect.

    `pareto_k` is that of the importance weights which were not reliable before.
    """
    import xarray as xr

    by_name = {name: (("chain", "draw"), scores[..., k]) for k, name in enumerate(names)}
    table = diagnostic_table(xr.Dataset(by_name))
    r_hat, ess = table["r_hat"].max(skipna=False), table[["ess_bulk", "ess_tail"]].min(axis=1)
    least = float(ess.fillna(0.0).min())
    worst = table["term"].iloc[int(ess.fillna(0.0).argmin())]
    said = (
        f"Pareto k was {pareto_k:.2f}, so chains were run: the largest R-hat is {r_hat:.3f}, the "
        f"smallest ESS {least:.0f}, that of {worst}"
    )
    is_fine = r_hat < SHORT_R_HAT_BELOW and least >= EFFECTIVE_AT_LEAST
    return Diagnosis(
        status="converged" if is_fine else "not_converged",
        reason=f"{said}." if is_fine else f"{said}: fit with NUTS.",
        r_hat_max=float(r_hat),
        ess_min=least,
        divergences=0,
        table=table,
    )


def diagnose_chains(posterior: "Posterior") -> Diagnosis:
    """Judge the chains of NUTS: every parameter, every effect, every patient's plateau."""
    import xarray as xr

    natural = posterior.natural
    variables: dict[str, Any] = {
        name: (("chain", "draw"), natural[..., k]) for k, name in enumerate(NAMES)
    }
    if posterior.covariates.labels:
        scores = posterior.scores[..., len(NAMES) :]
        variables["effect"] = (("chain", "draw", "code"), scores)
    # Chain by chain: all courses of all draws would not fit into memory.
    plateau = [
        plateau_pct(mean_reports(*chain, SESSIONS))
        for chain in zip(natural, posterior.effects, strict=True)
    ]
    variables["plateau_pct"] = (("chain", "draw", "patient"), np.stack(plateau))
    coords = {"patient": posterior.cohort.patients, "code": posterior.covariates.labels}
    return diagnose(xr.Dataset(variables, coords=coords), int(posterior.stats["diverging"].sum()))


def diagnose(reported: "xr.Dataset", divergences: int = 0) -> Diagnosis:
    """Judge the draws of every reported quantity.

    Parameters
    ----------
    reported
        Variables with dimensions chain, draw and at most one more.
    divergences
        Divergent draws after tuning.

    Returns
    -------
    Diagnosis
        A quantity whose R-hat or ESS cannot be computed (a chain that does not move) fails.
    """
    table = diagnostic_table(reported)
    r_hat = table["r_hat"].fillna(np.inf).to_numpy()
    ess = table[["ess_bulk", "ess_tail"]].min(axis=1, skipna=False).fillna(0.0).to_numpy()
    n_draws = reported.sizes["chain"] * reported.sizes["draw"]
    complaint = _complaint(table["term"], r_hat, ess, divergences / n_draws)
    worst = table["term"].iloc[int(ess.argmin())]
    fine = f"All {len(table)} reported quantities pass; the smallest ESS is that of {worst}."
    return Diagnosis(
        status="not_converged" if complaint else "converged",
        reason=complaint or fine,
        r_hat_max=float(r_hat.max()),
        ess_min=float(ess.min()),
        divergences=divergences,
        table=table,
    )


def diagnostic_table(reported: "xr.Dataset") -> pd.DataFrame:
    """Return term, r_hat, ess_bulk and ess_tail of every scalar in the dataset."""
    import arviz as az

    # A chain that does not move gives 0 / 0: NaN is the answer here, and fails the gate.
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            "r_hat": az.rhat(reported),
            "ess_bulk": az.ess(reported, method="bulk"),
            "ess_tail": az.ess(reported, method="tail"),
        }
    terms = [term for name in reported.data_vars for term in _terms(reported[name])]
    values = {
        column: np.concatenate([np.ravel(found[name].to_numpy()) for name in reported.data_vars])
        for column, found in columns.items()
    }
    return pd.DataFrame({"term": terms, **values})


def _terms(variable: "xr.DataArray") -> list[str]:
    rest = [dim for dim in variable.dims if dim not in ("chain", "draw")]
    if not rest:
        return [str(variable.name)]
    return [f"{variable.name}[{label}]" for label in variable[rest[0]].to_numpy()]


def _complaint(terms: pd.Series, r_hat: np.ndarray, ess: np.ndarray, divergent_share: float) -> str:
    """Return why the fit fails the gate, or nothing."""
    if r_hat.max() >= R_HAT_BELOW:
        n, worst = int((r_hat >= R_HAT_BELOW).sum()), terms.iloc[int(r_hat.argmax())]
        return (
            f"{n} of {len(terms)} reported quantities have R-hat of {R_HAT_BELOW} or more; "
            f"the worst is {worst} with {r_hat.max():.3f}: fit again with more draws."
        )
    if ess.min() <= ESS_ABOVE:
        n, worst = int((ess <= ESS_ABOVE).sum()), terms.iloc[int(ess.argmin())]
        return (
            f"{n} of {len(terms)} reported quantities have an ESS of {ESS_ABOVE:.0f} or less; "
            f"the worst is {worst} with {ess.min():.0f}: fit again with more draws."
        )
    if divergent_share > DIVERGENT_SHARE_AT_MOST:
        return (
            f"{100 * divergent_share:.2g} % of the draws are divergent: fit again with a "
            "higher target_accept."
        )
    return ""
