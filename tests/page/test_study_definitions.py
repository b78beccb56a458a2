"""Other horizons, cuts, lags and definitions on the page: its cells are the study's own."""

import re

import pytest

from orchestration.study_page import write_page
from report.figures import labels
from report.studies.definitions import DEFINITIONS
from simulate.studies import files, tables
from simulate.studies import run as runs

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("definitions")
    design = files.load("test_period_length", {"data.n_patients": 40})
    kept = tuple(m for m in design.methods if m.rule in ("last", "practice"))
    design = design.model_copy(update={"methods": kept})
    runs.run(design, root, runs.Plan(8))
    found = tables.tables(design, runs.open_store(design, root))
    write_page(design, found, root / "page.html")
    return found, (root / "page.html").read_text(encoding="utf-8")


def table_of(html, key):
    part = re.search(rf'id="{key}".*?</table>', html, re.S).group(0)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.S)
    return [
        [
            re.sub(r"<[^>]+>", "", c).strip()
            for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", r, re.S)
        ]
        for r in rows
    ]


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("horizon", [15, 30])
@pytest.mark.parametrize("cut", [10, 30, 50])
def test_every_horizon_cut_and_lag_stands_on_the_page_with_its_own_figures(made, lag, horizon, cut):
    found, html = made
    head = f"Session {horizon}, from {cut} %".replace(" ", NBSP)
    rows = [row for row in table_of(html, "table-horizons") if row and row[0] == head]
    assert len(rows) == 2
    told = found.study_performance.merge(
        found.study_cell[["cell_id", "estimand", "horizon_session", "cut_pct"]], on="cell_id"
    )
    own = told[
        (told["estimand"] == "hypothetical")
        & (told["horizon_session"] == horizon)
        & (told["cut_pct"] == cut)
        & (told["decision_n_lag_visits"] == lag)
        & (told["rule"] == "last")
        & (told["threshold_pct"] == 10)
    ]
    for column, (measure, digits) in enumerate(
        (
            ("missed_per_100", 1),
            ("sessions_without_long_term_relief_per_100", 0),
            ("weeks_without_long_term_relief_per_100", 0),
        ),
        start=2,
    ):
        by = own[own["measure"] == measure].set_index("test_sessions")["estimate"]
        cell = rows[lag][column].replace("\N{NARROW NO-BREAK SPACE}", "")
        said = [float(part) for part in cell.split(f"{NBSP}/{NBSP}")]
        assert said == [pytest.approx(by[n], abs=0.51 * 10**-digits) for n in (4, 5, 6)]


def test_every_definition_stands_on_the_page(made):
    _, html = made
    said = [row[0] for row in table_of(html, "table-definitions") if row]
    assert [name for name in said if name in DEFINITIONS.values()] == list(DEFINITIONS.values())


def test_weeks_of_test_stand_above_each_lag(made):
    text = re.sub(r"<[^>]+>", " ", made[1])
    assert len(re.findall(r"weeks of test a patient", text)) == 2


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("gap", [0.5, 3, 8, 40])
def test_labels_of_near_points_never_lie_on_each_other(gap):
    points = [(100 + gap * k, 60 + gap * k / 2) for k in range(12)]
    texts = [str(k + 1) for k in range(12)]
    found = labels.places(points, texts, (620, 380))
    boxes = [
        labels._box(x, y, p, (labels.DIGIT * len(t) / 2, labels.LINE / 2))
        for (x, y), t, p in zip(points, texts, found, strict=True)
        if p is not None
    ]
    assert len(boxes) >= 6
    assert not any(overlap(a, b) for k, a in enumerate(boxes) for b in boxes[:k])
    if gap == 40:
        assert all(found)
    same = [labels.PLACES[0]] * 12  # as labels were drawn before: near points are seen to collide
    old = [labels._box(x, y, p, (5, 6)) for (x, y), p in zip(points, same, strict=True)]
    assert any(overlap(a, b) for k, a in enumerate(old) for b in old[:k]) == (gap < 10)
