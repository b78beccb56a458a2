"""What is shown of the published figures and of slopes: filters, folds, columns; and of a bench."""

import numpy as np
import pytest

from classical.describe import estimate_frame, row
from classical.published import published_comparison
from orchestration.benchmarks import ROOMS, Measured
from orchestration.commands import bench
from orchestration.commands.published import VERDICTS, _chosen
from orchestration.errors import PlateauError
from report.estimates import Estimates
from report.sections import published
from report.tables.slopes import slopes_table


@pytest.fixture(scope="module")
def comparison():
    age = row("baseline", "all", "age_years.mean", estimate=56.2, se=1.0, n=193, n_missing=0,
              method="mean")  # fmt: skip
    return published_comparison({"estimate_baseline": estimate_frame([age])})


def test_figures_are_chosen_by_block_verdict_and_use(comparison):
    found = _chosen(comparison, "table_1", "as-published", None)
    assert list(found["target_id"]) == ["table_1.age.mean"]
    for name, start in VERDICTS.items():
        assert _chosen(comparison, None, name, None)["verdict"].str.startswith(start).all()
    assert set(_chosen(comparison, None, None, "validation")["usable_for"]) == {"validation"}
    with pytest.raises(PlateauError, match="there are: abstract"):
        _chosen(comparison, "table_9", None, None)


def test_the_section_counts_by_verdict_and_says_why_not(comparison):
    blocks = published.build({"published_comparison": comparison}, None).blocks
    text, counts, same, reasons = blocks[0], *blocks[2:]
    assert text.text.startswith("2 of 568 figures")  # in the text and in Table 1
    assert counts.data.rows[0][0] == "As published"
    assert sum(int(cell) for line in counts.data.rows for cell in line[1:]) == 2
    assert "table_1.age.mean" in [line[0] for line in same.data.rows]
    assert sum(int(n) for _, n in reasons.data.rows) == 566


def test_slopes_stand_side_by_side():
    rows = [
        row("as_observed", "all", f"pain_relief_pct.{model}", estimate=4.0, lo=lo, hi=8.0 - lo,
            n=700, n_missing=72, method="REML")
        for model, lo in (("random_intercept", 3.0), ("random_slope", 2.5))
    ]  # fmt: skip
    html = (
        slopes_table(Estimates(estimate_frame(rows)))
        .as_raw_html()
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    assert html.index("4.00 [3.00; 5.00]") < html.index("4.00 [2.50; 5.50]")


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (Measured("t", 40.0, "per s", goal=30), "t: 40 per s (goal 30: reached)"),
        (Measured("t", 40.0, "per s", "R", 4.0, 20), "; R 4, ratio 10 (goal 20: missed)"),
        (Measured("t", 40.0, "per s", "R", goal=20, note="absent"),
         "; R not measured (goal 20: not measured); absent"),
    ],
)  # fmt: skip
def test_a_bench_line_says_what_was_reached(measured, said):
    assert said in bench._line(measured)
    assert np.isclose(measured.ratio or 10, 10)


def test_every_room_has_a_benchmark():
    from importlib import import_module

    for module in ROOMS.values():
        assert callable(import_module(f"orchestration.benchmarks.{module}").run)
