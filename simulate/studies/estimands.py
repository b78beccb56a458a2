"""Truth: who would report long-term relief, under 'every patient is offered sessions to H'.

Here: each definition of long-term relief for a batch of cohorts. Not here: the rules that are
judged by it, none of which may read it.

With m(s) the expected report after session s and c the cut (ICH E9(R1) names in brackets):

- `hypothetical`: mean m(H-2 .. H) >= c had all gone on, whoever stopped (hypothetical strategy).
- `composite`: that, and no stop for want of relief before H; who is operated on before H counts by
  m at the last session: surgery at relief of at least c is a success (composite strategy).
- `composite_surgery_failure`: the same, any surgery before H a failure.
- `observable`: the score on record at session H is at least c; stopped or missing is a failure.
- `observable_survivors`: the same among those with a score on record at H alone; no estimand of a
  decision, but what follow-up data show.
- `time_averaged`: mean over H-2 .. H of m(s) x days covered / days between sessions >= c, had all
  gone on.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.studies.worlds import EFFICACY, SURGERY, Batch

BoolArray = NDArray[np.bool_]


def truth(batch: Batch, estimand: str, horizon: int, cut: float) -> tuple[BoolArray, BoolArray]:
    """Return who has long-term relief and who has not, by one definition.

    Parameters
    ----------
    batch
        Cohorts; arrays (replicates, patients, sessions).
    estimand, horizon, cut
        Definition; session; percent.

    Returns
    -------
    has, has_not
        Shape (replicates, patients). Neither is true of a patient whom the definition leaves out.
    """
    if estimand in ("observable", "observable_survivors"):
        score = batch.recorded[..., horizon - 1]
        is_on_record = (batch.n_sessions >= horizon) & ~np.isnan(score)
        has = is_on_record & (score >= cut)
        return has, (is_on_record if estimand == "observable_survivors" else True) & ~has
    window = batch.expected[..., horizon - 3 : horizon]
    if estimand == "time_averaged":
        window = window * batch.share_of_days_covered[..., horizon - 3 : horizon]
    has = window.mean(axis=-1) >= cut
    if estimand.startswith("composite"):
        has = _with_stops(batch, has, estimand, horizon, cut)
    return has, ~has


def _with_stops(batch: Batch, has: BoolArray, estimand: str, horizon: int, cut: float) -> BoolArray:
    """Let a stop before the horizon decide, where it was for want of relief or for surgery."""
    stopped = batch.n_sessions < horizon
    operated = stopped & (batch.stop_reason == SURGERY)
    last = np.take_along_axis(batch.expected, batch.n_sessions[..., None] - 1, axis=-1)[..., 0]
    succeeded = (last >= cut) & (estimand == "composite")
    has = has & ~(stopped & (batch.stop_reason == EFFICACY))
    return np.where(operated, succeeded, has)


def truths(batch: Batch, wanted: tuple[Any, ...]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return (has, has not) as 0 and 1 for every truth of a design.

    Returns
    -------
    tuple of numpy.ndarray
        Shape (replicates, patients, truths).
    """
    pairs = [truth(batch, t.estimand, t.horizon_session, t.cut_pct) for t in wanted]
    return (
        np.stack([has for has, _ in pairs], axis=-1).astype(np.int32),
        np.stack([has_not for _, has_not in pairs], axis=-1).astype(np.int32),
    )
