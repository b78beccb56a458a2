"""One replica beside the study: what the study drew, of a simulated clinic, with printed values.

Here: the numbers of Figures 1b, 2a, 2b and 2c. Not here: drawing them (`report/likeness.py`).
The study's graphics are not available as numbers: beside Figures 2b and 2c stand its sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration.figures import figure, moments
from simulate.calibration.view import TEST_SESSIONS, View

if TYPE_CHECKING:
    from simulate.batch import Batch

GROUPS = {"all": "whole", "responders": "responders", "non_responders": "non_responders"}
LANDMARK = 15
SHARES = {  # label: name of the figure, printed row
    "pain relief below 10 %": ("status.failure.share", "test_period.category.failure.percent"),
    "10 to 39 %": ("status.poor.share", "test_period.category.poor.percent"),
    "40 to 69 %": ("status.good.share", "test_period.category.good.percent"),
    "70 % or more": ("status.excellent.share", "test_period.category.excellent.percent"),
    "10 % or more": ("status.ge10.share", "test_period.ge_10.percent"),
    "30 % or more": ("status.ge30.share", "test_period.ge_30.percent"),
    "50 % or more": ("status.ge50.share", "test_period.ge_50.percent"),
}


def shares(batch: Batch) -> pd.DataFrame:
    """Return Figure 1b of the first clinic: `label`, `simulated_pct`, `published_pct`."""
    view, printed = View(batch), _printed()
    rows = [
        {"label": label, "simulated_pct": float(figure(view, name)[0]),
         "published_pct": printed.get(row, np.nan)}
        for label, (name, row) in SHARES.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_period(batch: Batch) -> pd.DataFrame:
    """Return Figure 2a of the first clinic: relief by session of each status group.

    Columns: population, session_no, mean, sd, n, published_mean, published_sd (percent).
    """
    view, printed = View(batch), _printed()
    rows = []
    for population, group in GROUPS.items():
        for session in range(1, TEST_SESSIONS + 1):
            held = _of(view.outcome("pr", session), view.group(group))
            row = f"test_period.pr.{group}.session_{session}"
            rows.append(
                {"population": population, "session_no": session, **_moments(held),
                 "published_mean": printed.get(f"{row}.mean", np.nan),
                 "published_sd": printed.get(f"{row}.sd", np.nan)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def long_term(batch: Batch) -> pd.DataFrame:
    """Return Figures 2b and 2c of the first clinic.

    Columns: population (`responders`, `responders_ge15`), session_no, n_treated, n_observed,
    mean_relief_pct, sd_relief_pct. The second keeps those with 15 sessions or more, to session 15.
    """
    view = View(batch)
    rows = []
    members = {
        "responders": view.responder,
        "responders_ge15": view.responder & (view.sessions >= LANDMARK),
    }
    for population, group in members.items():
        last = LANDMARK if population == "responders_ge15" else batch.recorded.shape[2]
        for session in range(1, last + 1):
            treated = group & (view.sessions >= session)
            told = _moments(_of(view.outcome("pr", session), treated))
            rows.append(
                {"population": population, "session_no": session,
                 "n_treated": int(treated.sum()), "n_observed": told["n"],
                 "mean_relief_pct": told["mean"], "sd_relief_pct": told["sd"]}
            )  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame[frame["n_treated"] > 0]


def _of(values: NDArray[np.float64], group: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(group, values, np.nan)[:1]


def _moments(held: NDArray[np.float64]) -> dict[str, float]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, sd = moments(held)
    return {"mean": float(mean[0]), "sd": float(sd[0]), "n": int(np.isfinite(held).sum())}


def _printed() -> dict[str, float]:
    from classical.published import published_figures

    every = published_figures()
    numbers = pd.to_numeric(every["published"], errors="coerce")
    return dict(zip(every["target_id"], numbers, strict=True))
