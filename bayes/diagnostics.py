"""The verdict on a fit: whether its numbers may be published.

Here: R-hat and effective sample size of every reported quantity, the gate, and a sentence that
names the worst. Not here: what the reported quantities are (`quantities.py`).

Gate: rank-normalised split R-hat below 1.01 and bulk and tail ESS above 400 (Vehtari et al.
2021), and at most one draw in a thousand divergent.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

R_HAT_BELOW = 1.01
ESS_ABOVE = 400.0
DIVERGENT_SHARE_AT_MOST = 0.001


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
        One row a scalar quantity: term, r_hat, ess_bulk, ess_tail.
    """

    status: str
    reason: str
    r_hat_max: float
    ess_min: float
    divergences: int
    table: pd.DataFrame


def diagnose(reported: xr.Dataset, divergences: int = 0) -> Diagnosis:
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


def diagnostic_table(reported: xr.Dataset) -> pd.DataFrame:
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


def _terms(variable: xr.DataArray) -> list[str]:
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
