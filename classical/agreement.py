"""Do reported relief and the NPSI tell the same of a patient? Rows of `estimate_agreement`.

Here: correlation within patients, and how far relief lies from the fall of the NPSI in percent of
baseline. The study claims both measures agree and prints no test. Not here: the correlation
itself (`association.py`).
"""

import numpy as np
import pandas as pd

from classical.association import within_patients
from classical.describe import Row, estimate_frame, row
from classical.mixed import fit_random_intercept

SCORES = ("gnpsi", "ssnpsi")
RELIEF = "pain_relief_pct"
CORRELATION = "repeated-measures correlation (Bland and Altman 1995), Fisher z interval"
BIAS = "mean of relief minus percent fall of the score, random intercept, REML, Satterthwaite"
LIMITS = "limits of agreement: mean -+ 1.96 SD of one measurement, between and within patients"


def agreement_table(test_period_long: pd.DataFrame) -> pd.DataFrame:
    """Compare reported relief with the NPSI of the same session, sessions 1-4.

    Parameters
    ----------
    test_period_long
        Mart `test_period_long`, one row an analysed patient x session 0-4.

    Returns
    -------
    pandas.DataFrame
        Tidy estimates, analysis 'agreement': `<score>.within_patients` (negative if relief goes
        with a lower score), `<score>.difference` in points of percent, `<score>.limits` (lo and hi
        are the limits of agreement). A baseline score of 0 has no percent and is missing.
    """
    rows: list[Row] = []
    for score in SCORES:
        for population, members in (
            ("all", test_period_long),
            ("responders", test_period_long[test_period_long["responder_status"] == "responder"]),
        ):
            rows += _agreement(score, population, members)
    return estimate_frame(rows)


def _agreement(score: str, population: str, course: pd.DataFrame) -> list[Row]:
    start = course[course["session_no"] == 0].set_index("patient_id")[score]
    later = course[course["session_no"].between(1, 4)]
    relief = later[RELIEF].to_numpy(dtype=float, na_value=np.nan)
    value = later[score].to_numpy(dtype=float, na_value=np.nan)
    before = later["patient_id"].map(start).to_numpy(dtype=float, na_value=np.nan)
    both = np.isfinite(relief) & np.isfinite(value)
    patient = later["patient_id"].to_numpy()
    found = within_patients(relief[both], value[both], patient[both])
    correlation = row(
        "agreement", population, f"{score}.within_patients", estimate=found.estimate, se=found.se,
        df=found.df, lo=found.lo, hi=found.hi, p=found.p, method=CORRELATION, n=found.n,
        n_missing=len(later) - found.n, status=found.status,
    )  # fmt: skip
    usable = both & np.isfinite(before) & (before > 0)
    fall = 100 * (1 - value[usable] / before[usable])
    difference = relief[usable] - fall
    fit = fit_random_intercept(difference, np.ones((len(difference), 1)), patient[usable])
    counts = {"n": fit.n, "n_missing": len(later) - fit.n}
    status = "ok" if fit.status == "boundary" else fit.status
    spread = 1.96 * np.hypot(fit.sigma, fit.tau)
    return [
        correlation,
        row("agreement", population, f"{score}.difference", estimate=fit.estimate[0], se=fit.se[0],
            df=fit.df[0], lo=fit.lo[0], hi=fit.hi[0], p=fit.p[0], method=BIAS, status=status,
            **counts),
        row("agreement", population, f"{score}.limits", estimate=fit.estimate[0],
            lo=fit.estimate[0] - spread, hi=fit.estimate[0] + spread, method=LIMITS, status=status,
            **counts),
    ]  # fmt: skip
