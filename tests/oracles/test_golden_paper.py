"""Every test of the study, recomputed from its printed counts and moments.

`golden_paper.csv` has a row for each quantity by each candidate method. Where the method is one of
ours its value must come out, and so must whether it reproduces the printed figure. What does not
reproduce is listed in docs/study-discrepancies.md with the reason.
"""

import csv
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from classical.association import correlation_p, line, spearman_exact_p
from classical.contingency import chi_square, odds_ratio, wilson_interval
from classical.describe import share
from classical.exact import exact_odds_ratio
from classical.means import from_moments
from classical.published import published_figures
from classical.ranks import rank_sum, signed_rank
from classical.safety import clopper_pearson

GOLDEN = Path(__file__).parent / "data" / "r" / "golden_paper.csv"
DISCREPANCIES = Path(__file__).resolve().parents[2] / "docs" / "study-discrepancies.md"
ROWS = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines()))
TABLES = {"central_": (92, 146, 21, 46), "ischemic_": (44, 62, 8, 19)}
MOMENTS = {
    "t_pr_responders": ((42.6, 22.0, 92), (39.9, 22.7, 21)),
    "dpr_S4": ((8.0, 7.9, 146), (5.1, 6.6, 46)),
    "sessions_10-29": ((28.6, 33.1, 32), (32.8, 31.4, 32)),
    "eMCS5_vs_PR15": ((31.9, 22.4, 32), (46.5, 27.5, 32)),
}
OURS = {
    "conditional MLE / exact": "exact",
    "logistic regression": "logistic",
    "median-unbiased": "mid",
    "Pearson chi2": "chi",
}


@cache
def table(key):
    counts = TABLES[key]
    exact, logistic = exact_odds_ratio(*counts), odds_ratio(*counts)
    return {
        "exact": (exact.estimate, exact.lo, exact.hi, exact.p),
        "mid": (exact.mid_estimate, exact.mid_lo, exact.mid_hi, exact.mid_p),
        "logistic": (logistic.estimate, logistic.lo, logistic.hi, None),
    }


def of_table(row):
    """Our value of a two-by-two row and its tolerance, None where the method is not ours."""
    key = next((k for k in TABLES if row["id"].startswith(k)), None)
    if key is None or row["quantity"].startswith("risk"):
        return None
    counts, quantity, method = TABLES[key], row["quantity"], row["method"]
    found = re.match(r"prop([12])(?:_(wilson|cp)_(lo|hi))?$", quantity)
    if found:
        events, n = counts[:2] if found[1] == "1" else counts[2:]
        if not found[2]:
            return events / n, 1e-11
        limits = (wilson_interval if found[2] == "wilson" else clopper_pearson)(events, n)
        return limits[found[3] == "hi"], 1e-11
    if "chi2" in method:
        return chi_square(*counts, correct="Yates" in method)[1], 1e-10
    at = ["OR", "CI_lo", "CI_hi", "p"].index(quantity)
    if method.startswith("fisher.test"):
        return table(key)["exact"][at], 1e-10 if quantity == "p" else 4e-4
    name = next((v for k, v in OURS.items() if method.startswith(k)), None)
    value = table(key)[name][at] if name else None
    # epitools stops its root finder where R's does
    return None if value is None else (value, 1e-10 if at == 3 or name != "mid" else 4e-4)


def of_moments(row):
    key = next((k for k in MOMENTS if row["id"].startswith(k)), None)
    if key is None:
        return None
    found = from_moments(*MOMENTS[key], equal_variance=row["method"].startswith("Student"))
    return getattr(found, row["quantity"]), 1e-10


def of_ranks(row):
    wanted = re.match(r"p if (\d+) non-zero", row["quantity"])
    if wanted:
        n, v = int(wanted[1]), float(row["id"].rpartition("_V")[2])
        sd = signed_rank(np.arange(1.0, n + 1)).null_sd
        return 2 * norm.sf((abs(v - n * (n + 1) / 4) - 0.5) / sd), 1e-10
    if row["id"].startswith("wilcox_dpr") and row["quantity"].startswith("p if"):
        sd = rank_sum(np.arange(92.0), np.arange(92.0, 113.0)).null_sd
        return 2 * norm.sf((abs(788.5 - 92 * 21 / 2) - 0.5) / sd), 1e-10
    wanted = re.match(r"p if n=(\d+)", row["quantity"])
    if wanted:
        return correlation_p(0.51, int(wanted[1]) - 2), 1e-10
    if row["id"] == "spearman_rTMSlast_eMCS5" and row["quantity"] == "p":
        return correlation_p(0.79, 23), 1e-10
    if row["quantity"].startswith("p Edgeworth"):
        return spearman_exact_p(536, 25), 1e-10
    return None


def of_percent(row):
    found = re.match(r"(\d+)/(\d+)$", row["method"])
    if row["quantity"] != "percent" or not found:
        return None
    one = share("a", "b", "c", int(found[1]), n=int(found[2]), n_missing=0)
    return one["estimate"], 1e-9


def of_means(row):
    """Slope of the printed means, from our own list of published figures."""
    found = re.match(r"LMM (\w+) (whole|responders|non-resp)$", row["id"])
    if not found or row["quantity"] != "slope of printed means":
        return None
    group = found[2].replace("non-resp", "non_responders")
    head = f"test_period.{found[1].lower()}.{group}."
    figures = published_figures()
    means = figures[
        figures["target_id"].str.startswith(head) & figures["target_id"].str.endswith(".mean")
    ]["published"].astype(float)
    first = 5 - len(means)
    return line(np.arange(first, 5.0), means, [])


def calculated(row):
    for method in (of_table, of_moments, of_ranks, of_percent):
        found = method(row)
        if found is not None:
            return found
    slope = of_means(row)
    return None if slope is None else (slope.estimate[1], 5.1e-3 / abs(slope.estimate[1]))


CHECKED = [k for k, row in enumerate(ROWS) if calculated(row) is not None]


def test_most_rows_are_ours():
    assert len(CHECKED) >= 130


@pytest.mark.parametrize("k", CHECKED)
def test_row_comes_out(k):
    row = ROWS[k]
    value, tolerance = calculated(row)
    assert value == pytest.approx(float(row["value"]), rel=tolerance, abs=1e-12)
    printed = row["paper"].split(" ")[0].rstrip("%")
    if row["reproduces"] not in ("yes", "no") or not re.match(r"[\d.]+$", printed):
        return
    if row["quantity"] in ("OR", "CI_lo", "CI_hi") and "[" in row["paper"]:
        return
    decimals = len(printed.partition(".")[2])
    reproduced = abs(value - float(printed)) <= 0.5 * 10**-decimals * (1 + 1e-6)
    assert reproduced == (row["reproduces"] == "yes"), row


def test_what_does_not_reproduce_is_documented():
    text = DISCREPANCIES.read_text(encoding="utf-8")
    missing = {
        row["id"] for row in ROWS
        if row["reproduces"].startswith(("no", "impossible")) and f"`{row['id']}`" not in text
    }  # fmt: skip
    assert not missing
