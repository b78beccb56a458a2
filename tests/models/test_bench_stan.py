"""Stan as a peer: told as absent with the way to install it, stopped in time, judged as ours."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from orchestration.benchmarks import in_stan


def stand_in(folder, monkeypatch, script):
    """A Python that has PyStan, as far as can be asked of it, and otherwise runs a script."""
    python = folder / "python"
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit 0\n{script}\n')
    python.chmod(0o755)
    monkeypatch.setenv(in_stan.PYTHON, str(python))


def test_without_stan_the_row_says_how_to_install_it(make_cohort, monkeypatch):
    monkeypatch.setenv(in_stan.PYTHON, "/no/such/python")
    scores = np.random.default_rng(1).standard_normal((4, 100, 3))
    found = SimpleNamespace(posterior=SimpleNamespace(scores=scores))
    monkeypatch.setattr(in_stan.nuts, "run", lambda *rest: (found, 2.0, 5.0))
    row = in_stan.beside_nuts(make_cohort(3, 4), None, 1, lambda line: None)
    assert row.peer is None and "pip install pystan" in row.note and in_stan.PYTHON in row.note
    assert 150 / 5 < row.ours < 700 / 5


def test_chains_that_take_too_long_are_ended(tmp_path, monkeypatch):
    """Also those that run in processes of their own."""
    late = tmp_path / "late"
    stand_in(tmp_path, monkeypatch, f"(sleep 1; touch {late}) & wait")
    with pytest.raises(RuntimeError, match="more than 0.2 s"):
        in_stan.ask({}, timeout=0.2)
    time.sleep(1.2)
    assert not late.exists()


def test_what_stan_says_of_an_error_is_passed_on(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, "echo 'RuntimeError: no compiler' >&2; exit 1")
    with pytest.raises(RuntimeError, match="Stan failed: RuntimeError: no compiler"):
        in_stan.ask({})


def test_draws_that_hang_together_are_worth_less():
    rng = np.random.default_rng(2)
    free = rng.standard_normal((4, 400, 2))
    slow = free.copy()
    for k in range(1, 400):
        slow[:, k, 1] = 0.9 * slow[:, k - 1, 1] + free[:, k, 1]
    quick, held = in_stan.worth(free, 1.0, 2.0), in_stan.worth(slow, 1.0, 2.0)
    # A chain with correlation r is worth (1 - r) / (1 + r) of its draws.
    assert held.rate == pytest.approx(1600 / 19 / 2, rel=0.6)
    assert quick.rate > 4 * held.rate
    assert held.error > 0 and held.before == 1.0
