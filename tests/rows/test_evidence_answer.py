"""The written answer to "4, 5, 6 or more sessions?" says what its rows say, with their errors."""

from pathlib import Path

import pandas as pd
import pytest

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"


def rows(name, **key):
    frame = pd.read_csv(EVIDENCE / f"test-period-{name}.csv")
    key = {"cut_pct": 30, "rule": "last", **key}
    return frame[(frame[list(key)] == pd.Series(key)).all(axis=1)].iloc[0]


def told(row, name, error, digits=1, error_digits=1, per=1):
    return f"{per * row[name]:.{digits}f} ± {per * row[error]:.{error_digits}f}"


def mean(sessions, measure="missed_per_100", spread=True, **key):
    row = rows("ensemble", test_sessions=sessions, measure=measure, **key)
    text = told(row, "mean", "error")
    return f"{text} ({row['lo']:.1f} to {row['hi']:.1f})" if spread else text


def share(name, column, **key):
    return told(rows(name, **key), column, f"{column}_error", 0, 0, 100)


def best(sessions, rate, cut=30):
    key = {"test_sessions": sessions, "sessions_per_responder": rate, "cut_pct": cut}
    return share("best-lengths", "share_best", **key)


def near(sessions, cut=30):
    return share("near-least", "share_of_worlds", test_sessions=sessions, cut_pct=cut)


def fewer(cut=30, before=4, digits=2):
    row = rows("steps", before=before, cut_pct=cut)
    return told(row, "fewer_missed", "fewer_missed_error", digits, 2)


def price(cut=30, rule="last"):
    row = rows("steps", before=4, cut_pct=cut, rule=rule)
    return told(row, "sessions_per_found", "sessions_per_found_error", 0, 0)


def worth(question, rate=20, cut=30, column="value"):
    key = {"question": question, "sessions_per_responder": rate, "cut_pct": cut}
    return told(rows("knowing", **key), column, f"{column}_error")


CLAIMS = {
    "missed 30": lambda: " | ".join(mean(n) for n in (4, 5, 6)),
    "of completers": lambda: " | ".join(mean(n, "missed_per_100_completers") for n in (4, 5, 6)),
    "missed 50": lambda: " | ".join(mean(n, cut_pct=50) for n in (4, 5, 6)),
    "weeks": lambda: " | ".join(mean(n, "expected_test_weeks") for n in (4, 5, 6)),
    "practice": lambda: f"misses {mean(4, rule='practice')} of 100",
    "practice 50": lambda: f"and {mean(4, rule='practice', cut_pct=50)} with relief",
    "fifth": lambda: f"leaves {fewer()} fewer",
    "in worlds": lambda: f"fewer in {share('steps', 'share_of_worlds', before=4)} of 100 worlds",
    "fifth 50": lambda: (
        f"{fewer(50)}, fewer in {share('steps', 'share_of_worlds', before=4, cut_pct=50)})"
    ),
    "price": lambda: f"{price()} test sessions for one more found ({price(50)} for 50 %)",
    "sixth": lambda: f"misses {fewer(before=5).removeprefix('-')} more again",
    "two reports": lambda: (
        f"misses {mean(4, spread=False, rule='mean_of_two')} at session 4 and "
        f"{mean(5, spread=False, rule='mean_of_two')} at session 5: one more found for "
        f"{price(rule='mean_of_two')} test"
    ),
    "any report": lambda: f"misses {mean(4, rule='maximum')} at session 4",
    "near": lambda: f"4 sessions in {near(4)} of 100 worlds and 5 in {near(5)};",
    "near 50": lambda: f"4 in {near(4, 50)}, 3 in {near(3, 50)}, 1 in {near(1, 50)}.",
    "best at 20": lambda: (
        f"1 session in {best(1, 20)} of 100 worlds, 3 in {best(3, 20)}, 4 in {best(4, 20)};"
    ),
    "best at 50": lambda: f"4 in {best(4, 50)}, 5 in {best(5, 50)}, 1 in {best(1, 50)}.",
    "best 50": lambda: f"1 in {best(1, 20, 50)} (at 20) and in {best(1, 50, 50)} (at 50)",
    "everything": lambda: f"knowing the world would save {worth('everything')} test sessions",
    "stops": lambda: f"stops depend on relief {worth('stops for want of relief')}",
    "missing": lambda: f"are missing {worth('missing reports of session 4')}",
    "curves": lambda: f"the family of curves {worth('family of curves')}, all others",
    "curves 50": lambda: (
        f"worth {worth('family of curves', 50, 50)} of {worth('everything', 50, 50)} (in unseen "
        f"worlds {worth('family of curves', 50, 50, 'value_held_out')})"
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_answer_says_what_its_rows_say(claim):
    answer = (EVIDENCE / "test-period-answer.md").read_text(encoding="utf-8")
    assert CLAIMS[claim]() in answer


def test_the_errors_it_calls_small_are_small():
    means = pd.read_csv(EVIDENCE / "test-period-ensemble.csv")
    missed = means[means["measure"].str.startswith("missed") & (means["cut_pct"] == 30)]
    assert missed["mcse"].max() < 0.0105
    assert (means["mcse"] <= means["error"]).all()
    for name in ("best-lengths", "near-least", "steps"):
        frame = pd.read_csv(EVIDENCE / f"test-period-{name}.csv")
        shares = [c for c in frame if c.startswith("share") and c.endswith("_mcse")]
        assert frame[shares].max(axis=None) < 0.025
    others = pd.read_csv(EVIDENCE / "test-period-knowing.csv")
    others = others[(others["cut_pct"] == 30) & (others["sessions_per_responder"] == 20)]
    assert (others["value"].nlargest(5).iloc[4:] < 0.5).all()
