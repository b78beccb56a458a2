"""What a study found, in lines for a terminal: every figure stands under what it is of."""

from itertools import product
from types import SimpleNamespace

import pandas as pd

from orchestration.commands.study_lines import lines


def test_figures_of_trials_stand_under_their_own_method_and_endpoint():
    cells = product(["t_test", "lmm_end"], ["none", "usual"], ["a", "b"], [40, 80])
    rows = pd.DataFrame(cells, columns=["method", "missing", "world", "n_patients"]).assign(
        trial="parallel", sessions=6, estimand="difference", measure="power", mcse=0.01
    )
    rows["estimate"] = [k / 100 for k in range(len(rows))]
    design = SimpleNamespace(study="sham_trial", kind="trials")
    found = SimpleNamespace(study_cell=pd.DataFrame({"n_replicates": [100]}))
    told = list(lines(design, found, rows, ()))
    heads = [place for place, line in enumerate(told) if line.endswith(":")]
    assert len(heads) == len(set(told[place] for place in heads)) == 8
    for row in rows.itertuples():
        head = max(p for p in heads if told[p] == _head(row))
        size = 1 if row.n_patients == 40 else 2
        assert told[head + size].startswith(f"  {row.n_patients} patients: {row.estimate:.4f}")


def _head(row):
    return f"power, parallel, 6 sessions, {row.method}, missing {row.missing}, world {row.world}:"
