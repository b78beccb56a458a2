"""What many worlds say together: means, spread, and the value of knowing, against closed forms."""

import numpy as np
import pandas as pd
import pytest

from simulate.studies.over_worlds import across, value_of_knowing


def two_lengths(n=4000, seed=3):
    """Loss 0 of the short test, and a normal number known to one parameter of two."""
    rng = np.random.default_rng(seed)
    known, unknown = rng.standard_normal((2, n))
    ids = [f"w{k}" for k in range(n)]
    loss = pd.DataFrame({4: 0.0, 5: known}, index=ids)
    worlds = pd.DataFrame(
        {"known": known, "unknown": unknown, "code": np.where(known > 0, "up", "down")}, index=ids
    )
    return loss, worlds


def test_knowing_is_worth_what_the_closed_form_says():
    """E max(0, -z) = 1 / sqrt(2 pi) of a standard normal z, and nothing for another parameter."""
    loss, worlds = two_lengths()
    found = value_of_knowing(
        loss, worlds, {"the one": "known", "another": "unknown", "its sign": "code"}
    ).set_index("question")["value"]
    assert found["the one"] == pytest.approx(0.399, abs=0.03)
    assert found["its sign"] == pytest.approx(0.399, abs=0.03)  # the sign decides as well
    assert found["another"] < 0.01
    assert found["everything"] == pytest.approx(0.399, abs=0.03)


def test_what_is_the_same_in_all_worlds_is_not_asked():
    loss, worlds = two_lengths(50)
    same = worlds.assign(code="up", number=3.0)
    found = value_of_knowing(loss, same, {"a": "known", "b": "code", "c": "number"})
    assert list(found["question"]) == ["a", "everything"]


def test_chance_is_taken_off_where_worlds_are_few():
    """With 40 worlds a parameter that means nothing seems worth something; on average it is not."""
    values = []
    for seed in range(40):
        loss, worlds = two_lengths(40, seed)
        values.append(value_of_knowing(loss, worlds, {"x": "unknown"})["value"].iloc[0])
    assert np.mean(values) < 0.06


def test_means_and_spread_are_over_worlds():
    cells = pd.DataFrame(
        {"cell_id": [f"c{k}" for k in range(20)], "estimand": "hypothetical", "cut_pct": 30,
         "horizon_session": 15, "parameters": ""}
    )  # fmt: skip
    performance = pd.DataFrame(
        {"cell_id": cells["cell_id"], "rule": "last", "threshold_pct": 10.0, "test_sessions": 4,
         "decision_n_lag_visits": 0, "measure": "missed_per_100", "estimate": np.arange(20.0),
         "mcse": 0.5}
    )  # fmt: skip
    row = across(performance, cells, ["missed_per_100"]).iloc[0]
    assert (row["mean"], row["n_worlds"]) == (9.5, 20)
    assert row["lo"] == pytest.approx(0.95)
    assert row["hi"] == pytest.approx(18.05)
    assert row["mcse"] == pytest.approx(0.5 / np.sqrt(20))
