"""Rows in, texts and tables out: what a clinician reads in the report's tables."""

import re
from datetime import date
from html import unescape

import pandas as pd
import pytest

from report import flow
from report.estimates import COLUMNS, Estimates
from report.frames import Absent, take
from report.sections.patients import choose, saturation_text
from report.tables.baseline import baseline_table
from report.tables.layout import render
from report.tables.odds import odds_table
from report.tables.outcomes import outcomes_table
from report.tables.performance import length_table
from report.tables.quality import checks_table, files_table
from report.wording import count, day, interval, moment, number, p_value, share, words

NAN = float("nan")


def cells(gt):
    """Texts of the body, one list a row, with plain spaces."""
    html = str(render(gt))
    body = html[html.index("<tbody") : html.index("</tbody>")]
    rows = re.findall(r"<tr.*?</tr>", body, re.S)
    texts = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[plain(re.sub(r"<[^>]+>", "", text)) for text in row] for row in texts]


def plain(text):
    return re.sub(r"[\u00a0\u202f]", " ", unescape(text)).strip()


def estimates(rows):
    """Rows of (analysis, population, term, estimate, lo, hi, p, n, n_missing, status)."""
    kept = [name for name in COLUMNS if name not in ("se", "df", "method")]
    frame = pd.DataFrame(rows, columns=kept)
    return frame.assign(se=NAN, df=NAN, method="stated method")[list(COLUMNS)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0"),
        (-0.01, "0.0"),
        (-4.55, "−4.5"),
        (1234567.89, "1 234 567.9"),
        (3.2e14, "3.2e+14"),
        (NAN, "–"),
        (None, "–"),
        (pd.NA, "–"),
        (float("inf"), "–"),
    ],
)
def test_numbers_as_read(value, text):
    assert plain(number(value)) == text


def test_a_share_names_its_denominator():
    assert plain(share(113, 193)) == "113 of 193 (58.5 %)"
    assert plain(share(0, 0)) == "0 of 0"
    assert share(None, 193) == "–"


def test_p_values_are_never_zero():
    assert plain(p_value(0.0)) == "< 0.001"
    assert [p_value(0.0301), p_value(0.74), p_value(NAN)] == ["0.030", "0.74", "–"]


def test_half_an_interval_is_no_interval():
    assert interval(1.0, NAN) == "–"


def test_codes_become_words():
    assert words("failure") == "Pain relief below 10 %"
    assert words("lost_to_follow_up") == "Lost to follow up"
    assert words(None) == "Missing"
    assert count(4228) == "4\u202f228"


def test_table_1_prints_denominators_and_missing():
    frame = estimates(
        [
            ("baseline", "all", "age_years.mean", 56.2, NAN, NAN, NAN, 193, 0, "ok"),
            ("baseline", "all", "age_years.sd", 13.6, NAN, NAN, NAN, 193, 0, "ok"),
            ("baseline", "all", "gnpsi_baseline.mean", 36.6, NAN, NAN, NAN, 108, 85, "ok"),
            ("baseline", "all", "gnpsi_baseline.sd", 18.0, NAN, NAN, NAN, 108, 85, "ok"),
            ("baseline", "all", "lesion_level=central.n", 146, NAN, NAN, NAN, 193, 0, "ok"),
            ("baseline", "all", "lesion_level=central.percent", 75.65, 69, 81, NAN, 193, 0, "ok"),
            ("baseline", "central", "aetiology=syrinx.n", 6, NAN, NAN, NAN, 140, 6, "ok"),
            ("baseline", "central", "aetiology=syrinx.percent", 4.29, 2, 9, NAN, 140, 6, "ok"),
        ]
    )
    table = baseline_table(Estimates(frame), 193)
    assert cells(table) == [
        ["Age, years, mean ± SD", "56.2 ± 13.6", "193"],
        ["Level of the lesion, % (n)", "", ""],
        ["Central", "75.7 (146)", "193"],
        ["Aetiology, central lesion, % (n)", "", ""],
        ["Syrinx", "4.3 (6)", "140"],
        ["Missing, n", "6", ""],
        ["Global NPSI (0 to 100), mean ± SD", "36.6 ± 18.0", "108"],
        ["Missing, n", "85", ""],
    ]
    assert "Analysed, N = 193" in render(table)


def test_a_variable_that_nobody_has_is_all_missing():
    frame = estimates(
        [("baseline", "all", "sex", NAN, NAN, NAN, NAN, 0, 20, "not_estimable: no known values")]
    )
    assert cells(baseline_table(Estimates(frame), 20)) == [
        ["Sex, % (n)", "", ""],
        ["Missing, n", "20", ""],
    ]


def test_table_2_has_a_line_a_population_and_says_what_is_not_estimable():
    relief = "pain_relief_pct"
    cause = "not_estimable: too_few_patients"
    frame = estimates(
        [
            ("test_period", "all", f"{relief}.session_1.mean", 12, NAN, NAN, NAN, 160, 33, "ok"),
            ("test_period", "all", f"{relief}.session_1.sd", 22.9, NAN, NAN, NAN, 160, 33, "ok"),
            ("test_period", "all", f"{relief}.slope", 4.55, 3.09, 6.01, 1e-9, 700, 72, "ok"),
            ("test_period", "responders", f"{relief}.slope", NAN, NAN, NAN, NAN, 1, 0, cause),
        ]
    )
    rows = cells(outcomes_table(Estimates(frame), range(3), {"all": 193}))
    assert rows == [
        ["Reported pain relief (%)"],
        ["Analysed patients (n = 193)", "–", "12.0 ± 22.9 (n = 160)", "–", "4.55 [3.09; 6.01]",
         "< 0.001"],
        ["Responders", "–", "–", "–", "not estimable: too few patients", "–"],
    ]  # fmt: skip


def test_odds_show_both_groups_and_a_ratio_that_cannot_be_estimated():
    term = "central_vs_peripheral"
    frame = estimates(
        [
            ("responder_share", "central", term, 63.0, 55, 70, NAN, 146, 0, "ok"),
            ("responder_share", "peripheral", term, 0.0, 0, 8, NAN, 46, 0, "ok"),
            ("odds_ratio", "all", term, NAN, NAN, NAN, 0.01, 192, 1, "not_estimable: separation"),
        ]
    )
    assert cells(odds_table(frame)) == [
        [
            "Central versus peripheral lesion",
            "Central: 63.0 [55.0; 70.0] (n = 146)",
            "Peripheral: 0.0 [0.0; 8.0] (n = 46)",
            "not estimable: separation",
            "0.010",
            "1",
        ]
    ]


def test_lengths_are_compared_with_their_monte_carlo_error():
    rows = pd.DataFrame(
        [
            ("Last report", 4, "sensitivity", 0.861, 0.002),
            ("Last report", 5, "sensitivity", 0.9, 0.0015),
            ("Last report", 4, "expected_test_sessions", 4.0, 0.0),
        ],
        columns=["series", "test_sessions", "measure", "estimate", "mcse"],
    )
    table = length_table(rows, [4, 5], "relief of at least 30 %", "t", "")
    assert cells(table) == [
        ["Last report"],
        ["4 sessions", "86.1 ± 0.20"],
        ["5 sessions", "90.0 ± 0.15"],
    ]
    assert "Long-term relief: relief of at least 30 %." in render(table)


def test_files_that_do_not_add_up_say_so():
    frame = pd.DataFrame(
        [
            ("a.csv", "2026-11-21", "accepted", None, 10, 8, 1, 1),
            ("<b>.csv", "2026-11-21", "refused", "header not known", 10, 8, 1, 0),
            ("c.csv", "2026-11-21", "accepted", None, NAN, 8, 1, 0),
        ],
        columns=["file_name", "delivery_date", "status", "reason", "n_rows", "n_kept",
                 "n_quarantined", "n_dropped"],
    )  # fmt: skip
    assert [row[-1] for row in cells(files_table(frame))] == ["✔ yes", "✖ no", "–"]
    assert "<b>" not in render(files_table(frame))


def test_checks_name_rule_and_rows_and_no_detail():
    frame = pd.DataFrame(
        [
            ("R1", "Relief within 0-100", "contract", "raw_sessions", "pain_relief_pct", "failed",
             "error", 3, 1310, "value 140"),
            ("R2", None, "dbt", "status", None, "failed", "error", 1, 9, ""),
        ],
        columns=["rule_id", "title", "owner", "table_name", "column_name", "status", "severity",
                 "numerator", "denominator", "detail"],
    )  # fmt: skip
    assert cells(checks_table(frame))[2][:2] == ["R2", "status"]
    assert cells(checks_table(frame))[1] == [
        "Relief within 0-100 (R1)",
        "raw_sessions: pain_relief_pct",
        "error",
        "contract",
        "3",
        "1 310",
    ]
    assert "140" not in render(checks_table(frame))


def flow_of(**n):
    values = dict.fromkeys(flow.STEPS, 0) | n
    return {step: flow.Step(k, 10 * k) for step, k in values.items()}


def test_the_published_flow_adds_up():
    steps = flow_of(
        treated=213, excluded_unassessable=5, protocol_violation=15, analysed=193,
        responder=113, non_responder=80,
    )  # fmt: skip
    drawing = flow.draw(steps)
    for text in ("n = 213", "n = 193", "n = 113", "n = 80", "<title", "<desc"):
        assert text in drawing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"analysed": flow.Step(192, 1920)}, "patients: treated 213 is not the sum"),
        ({"responder": flow.Step(113, 1)}, "sessions: analysed 1930 is not the sum"),
        ({"status_unknown": flow.Step(-1, 0)}, "not the sum"),
    ],
)
def test_a_flow_that_does_not_add_up_is_refused(change, message):
    steps = flow_of(
        treated=213, excluded_unassessable=5, protocol_violation=15, analysed=193,
        responder=113, non_responder=80,
    )  # fmt: skip
    with pytest.raises(flow.FlowError, match=message):
        flow.check(steps | change)


def test_a_flow_without_a_step_is_refused():
    steps = flow_of()
    del steps["analysed"]
    with pytest.raises(flow.FlowError, match="step analysed is missing"):
        flow.draw(steps)


def test_shown_patients_spread_over_the_plateaus():
    plateau = pd.DataFrame(
        {"patient_id": list("abcdefg"), "plateau_mean_pct": [10, 70, NAN, 30, 50, 20, 60.0]}
    )
    assert list(choose(plateau, 3)["patient_id"]) == ["b", "d", "c"]
    assert list(choose(plateau, 20)["patient_id"]) == list("bgedfac")


def test_saturation_is_a_session_or_too_early_to_tell():
    row = {"saturation_session": 7.0, "saturation_q05": 4.0, "saturation_q95": 12.0}
    assert plain(saturation_text(row | {"saturation_reason": None})) == "session 7 [4; 12]"
    unknown = dict.fromkeys(row, NAN) | {"saturation_reason": "too early to tell: few sessions"}
    assert saturation_text(unknown) == "too early to tell: few sessions"
    assert saturation_text(unknown | {"saturation_reason": None}) == "too early to tell"


def test_a_table_is_there_or_says_why_not():
    frame = pd.DataFrame({"a": [1]})
    assert take({"t": frame}, "t", ["a"]).equals(frame)
    assert take({}, "t", ["a"]) == Absent("Table t was not part of this run.")
    assert take({"t": frame}, "t", ["a", "b"]) == Absent("Table t has no column b.")
    assert take({"t": frame.head(0)}, "t", ["a"]) == Absent("Table t has no rows in this run.")


def test_days_have_no_clock_and_stamps_are_utc():
    assert day(date(2026, 11, 21)) == day(pd.Timestamp("2026-11-21")) == "2026-11-21"
    naive, aware = pd.Timestamp("2026-11-22 03:31:18"), pd.Timestamp("2026-11-22 03:31", tz="UTC")
    assert moment(naive) == moment(aware) == "2026-11-22 03:31 UTC"
    assert [day(None), moment(pd.NaT)] == ["–", "–"]
