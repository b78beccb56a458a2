"""Sentences and sections that pages of studies share."""

import re

import pandas as pd

from report.codes import CODES, FIELDS, MISSING_REPORTS
from report.figures.convergence import by_replicates
from report.figures.regret import regret_map
from report.studies.solved import section as solved
from report.studies.trial_sizes import endpoints, searched
from report.studies.zip import strips
from report.style import to_svg
from report.wording import rate, world_words
from simulate.studies import files
from simulate.studies.worlds import labels

ENDPOINT = {"relief_mmrm": "relief", "vas_mmrm": "vas", "composite_fisher": "composite"}


def sizes(**n):
    """Rows of `study_size` at 80 and 90 % power, limits 5 patients to either side."""
    return pd.DataFrame(
        [
            {"trial": "t", "missing": "usual", "sessions": 6, "world": "gain 0.33", "method": name,
             "is_headline": name == "relief_mmrm", "power": power, "n_patients": value + more,
             "lo": value + more - 5, "hi": value + more + 5}
            for name, value in n.items() for power, more in ((0.8, 0), (0.9, 40))
        ]
    )  # fmt: skip


def powers(**share):
    return pd.DataFrame(
        [
            {"world": "gain 0.33", "method": name, "measure": "power", "n_patients": 80,
             "estimate": value, "mcse": 0.01, "n": 500} for name, value in share.items()
        ]
    )  # fmt: skip


def test_a_search_is_told_for_both_powers_with_its_limits():
    (told,) = searched(sizes(relief_mmrm=120, vas_mmrm=200))
    assert "120 patients [115; 125] for 80 % power and 160 patients [155; 165] for 90 %" in told
    assert "200" not in told
    assert searched(sizes(vas_mmrm=200)) == []


def test_endpoints_are_compared_by_size_and_say_where_limits_overlap():
    found = sizes(relief_mmrm=120, vas_mmrm=200, composite_fisher=125)
    shares = powers(relief_mmrm=0.5, vas_mmrm=0.3, composite_fisher=0.49)
    (told,) = endpoints(found, shares, ENDPOINT, 0.8)
    assert told.index("Reported relief") < told.index("Composite") < told.index("Fall of the VAS")
    assert "125 [120; 130] (limits overlap)" in told
    assert "200 [195; 205]." in told


def test_without_a_search_endpoints_are_compared_by_power():
    none = sizes()
    none = none if len(none) else pd.DataFrame(columns=["method", "power", "n_patients"])
    shares = powers(relief_mmrm=0.5, vas_mmrm=0.3, composite_fisher=0.49)
    told = " ".join(endpoints(none, shares, ENDPOINT, 0.8))
    assert "“Composite, Fisher” is within two Monte Carlo errors" in told
    assert "least has “Fall of the VAS, MMRM”" in told
    assert endpoints(none, powers(relief_mmrm=0.5), ENDPOINT, 0.8) == []
    same = powers(relief_mmrm=1.0, vas_mmrm=1.0).assign(mcse=0.0)
    told = " ".join(endpoints(none, same, ENDPOINT, 0.8))
    assert "“Fall of the VAS, MMRM” is within two Monte Carlo errors" in told
    assert "least has" not in told


def test_what_no_clinic_can_reach_says_so():
    rows = pd.DataFrame(
        [
            {"rule": rule, "parameters": "worth 20 sessions", "threshold_pct": 30.0,
             "test_sessions": 5, "measure": "missed_per_100", "mean": 7.5, "lo": 3.3, "hi": 11.7}
            for rule in ("backward_induction", "backward_induction_true", "oracle")
        ]
    )  # fmt: skip
    (one,) = solved(rows, 10, 50)
    html = str(one.blocks[1].html)
    assert html.count("(unattainable)") == 2
    assert "7.5 (3.3 to 11.7)" in html
    assert solved(rows[rows["rule"] == "oracle"], 10, 50) == []


def test_strips_of_a_zip_plot_rank_by_distance_and_lie_on_their_side():
    rows = pd.DataFrame(
        {"is_truth_below": [True, False, True], "half_widths_from": [0.5, 0.0, 2.0],
         "half_widths_to": [0.6, 0.1, float("inf")], "is_held": [True, True, False],
         "n": [30, 60, 10]}
    )  # fmt: skip
    drawn = strips(rows)
    assert drawn["to_pct"].tolist() == [60, 90, 100]
    middle = ((drawn["lo"] + drawn["hi"]) / 2).round(3).tolist()
    assert middle == [-0.05, 0.55, 2.05]
    held = drawn[drawn["is_held"]]
    assert ((held["lo"] <= 0) & (held["hi"] >= 0)).all()


def test_the_least_regret_of_each_rate_is_framed_whatever_the_index():
    parts = [
        pd.DataFrame({"rate": rate, "test_sessions": [1, 2, 3], "regret": regret})
        for rate, regret in ((5.0, [0.0, 9.0, 20.0]), (50.0, [30.0, 0.0, 4.0]))
    ]
    chart = regret_map(pd.concat(parts)).to_dict()
    framed = chart["datasets"][chart["layer"][1]["data"]["name"]]
    assert [(row["rate"], row["test_sessions"]) for row in framed] == [(5.0, 1), (50.0, 2)]


def test_every_code_of_a_shipped_study_has_words():
    """Method, trial, law of missing reports and field of a world, as pages of studies show them."""
    for name in files.available():
        design = files.load(name)
        for world in set(labels(design).values()):
            fields = [part.rpartition(" ")[0] for part in world.split(", ")]
            assert all(
                f in FIELDS or part.replace(" ", "_") in CODES
                for f, part in zip(fields, world.split(", "), strict=True)
            ), world
        if design.kind == "test_periods":
            continue
        assert {method.name for method in design.methods} <= set(CODES), name
        if design.kind == "trials":
            assert {trial.name for trial in design.data.trials} <= set(CODES), name
            laws = {law for trial in design.data.trials for law in trial.missing}
            assert laws <= set(MISSING_REPORTS), name


def test_a_world_is_told_with_units_and_what_is_not_known_stays():
    assert world_words("sham gain 0.33") == "sham with 33 % of the gain"
    assert world_words("emcs sd 8.0, surgery per point 0.0") == (
        "eMCS relief scatters by 8 points, surgery whatever relief is reported"
    )
    assert world_words("still mean -25.0") == "latent mean \N{MINUS SIGN}25 points without a rise"
    assert world_words("new thing 3") == "new thing 3"
    assert world_words("replica") == "replica of the source study"


def test_labels_of_axes_keep_their_digits_and_places_are_cut():
    """Errors of a few thousandths: ticks 0.002 to 0.01, none of which reads 0.00."""
    n = [40, 80, 120, 400]
    rows = pd.DataFrame({"world": "w", "n_replicates": n, "mcse": [0.0087, 0.006, 0.005, 0.0024]})
    svg = str(to_svg(by_replicates(rows, 0.01), "key", "label"))
    labels = re.findall(r">([\d.]+)</text>", svg)
    assert {"0.002", "0.003", "0.01", "100"} <= set(labels)
    assert "0.00" not in labels
    places = re.sub(r">[^<]*<|aria-label=\"[^\"]*\"", "><", svg)
    assert not re.search(r"\.\d{3}", places)


def test_a_share_of_all_or_none_has_no_error_of_zero():
    space = "\N{NO-BREAK SPACE}"
    assert rate(0.7, 0.102, 20) == f"70.0{space}±{space}10.2 %"
    assert rate(1.0, 0.0, 20) == "100 % of 20"
    assert rate(0.0, 0.0, 20) == "0 % of 20"
    assert rate(float("nan"), 0.0, 0) == "–"
