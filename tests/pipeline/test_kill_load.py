"""`kill -9` on the load-and-publish path alone: at its named moments and at random ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kill_load_and_publish.py")
SEED = 1


@pytest.mark.parametrize("trials", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_nothing_is_lost_and_the_next_run_ends_as_if_undisturbed(tmp_path, trials):
    done = subprocess.run(
        [
            sys.executable, str(SCRIPT), "--folder", str(tmp_path),
            "--trials", str(trials), "--seed", str(SEED),
        ],
        # A fork copies no threads, so the script has none.
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [t for t in told if t["problem"]] == []
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(told) == trials
    assert sum(t["killed"] for t in told) > trials / 2, "most nights were killed in time"
