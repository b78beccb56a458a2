"""What a second of NUTS is worth: its clock, the error over chains, and no long form elsewhere."""

from types import SimpleNamespace

import numpy as np
import pytest

from bayes import diagnostics
from bayes.cohort import prepare
from bayes.covariates import covariates_of
from bayes.posterior import Posterior
from orchestration import benchmarks
from orchestration.benchmarks import nuts
from orchestration.errors import WrongUse


def watched(monkeypatch, seen):
    """A clock that has looked at these (share done, CPU seconds)."""
    spent = iter([0.0, *(seconds for _, seconds in seen)])
    monkeypatch.setattr(nuts, "time", SimpleNamespace(process_time=lambda: next(spent)))
    said = []
    clock = nuts.Clock(said.append)
    for share, _ in seen:
        clock(share)
    return clock, said


def test_seconds_after_tuning_are_told_apart_from_those_before(monkeypatch):
    """Compiling takes 30 s, tuning 60 s, the draws 10 s; the last look comes before the end."""
    seen = [(0.1, 42.0), (0.5, 90.0), (0.7, 94.0), (0.9, 98.0)]
    clock, said = watched(monkeypatch, seen)
    assert clock.split(0.5) == pytest.approx((90.0, 10.0))
    assert said[0] == "NUTS 10 %, 42 CPU seconds" and len(said) == 4


def test_a_run_too_short_to_be_seen_says_so(monkeypatch):
    clock, _ = watched(monkeypatch, [(0.2, 1.0), (0.9, 2.0)])
    with pytest.raises(RuntimeError, match="more draws"):
        clock.split(0.5)


def test_the_error_over_chains_is_that_of_worse_and_better_chains(monkeypatch):
    """Chains worth 10, 20, 30, 40 draws: the sum is 100, its error that of four numbers."""
    cohort = prepare_one()
    worth = np.array([10.0, 20.0, 30.0, 40.0])
    scores = np.broadcast_to(worth[:, None, None], (4, 5, 3)).copy()
    posterior = Posterior(
        cohort, covariates_of(cohort), "nuts", scores, np.zeros((4, 5, 1, 5)), 1,
        {"diverging": np.zeros((4, 5))},
    )  # fmt: skip
    monkeypatch.setattr(
        diagnostics, "diagnose_chains", lambda p: SimpleNamespace(ess_min=p.scores[:, 0, 0].sum())
    )
    total, error = nuts.jackknife(posterior)
    assert total == 100
    assert error == pytest.approx(np.sqrt(4) * worth.std(ddof=1))


def prepare_one():
    import pandas as pd

    return prepare(pd.DataFrame({"patient_id": ["a"], "session_no": 1, "pain_relief_pct": 10.0}))


def test_a_room_without_a_long_form_says_so():
    with pytest.raises(WrongUse, match="leave out --full"):
        benchmarks.run("classical", print, full=True)
