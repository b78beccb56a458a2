"""Rows in = kept + quarantined + dropped, whatever the cells hold."""

from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import check_rows
from expectations.dictionary import load
from expectations.rules import load_rules

SESSIONS = load()["sessions"]

CELLS = {
    "ipp": ["00012345", "12345", "00012346", "1E+07", "ipp", "Total", ""],
    "session_no_recorded": ["1", "2", "1,0", "num_seance", "x", ""],
    "session_date": [
        "03/04/2019",
        "2019-04-03",
        "01/01/2018",
        "05/05/2018",
        "31/02/2019",
        "date_seance",
        "",
    ],
    "pain_relief_pct": ["30", " 30", "30 %", "0,3", "-3", "305", "NR", ""],
}
ROW = st.tuples(*(st.sampled_from(cells) | st.text(max_size=5) for cells in CELLS.values()))


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, max_size=12), fields=st.lists(st.booleans(), min_size=12, max_size=12))
def test_every_line_has_one_fate_under_a_registered_rule(rows, fields):
    frame = pd.DataFrame(rows, columns=list(CELLS), dtype="str")
    frame["line"] = range(2, len(rows) + 2)
    frame["field_count_ok"] = fields[: len(rows)]
    checked = check_rows(SESSIONS, frame, delivery_date=date(2020, 1, 1))

    fates = [checked.kept, checked.quarantined_rows, checked.dropped]
    lines = sorted(line for fate in fates for line in fate["line"])
    assert lines == list(range(2, len(rows) + 2))

    kept = checked.kept
    numbered = kept.sort_values("session_date").groupby(["ipp", "session_no_recorded"])
    between = numbered["session_date"].diff().dt.days
    assert between.dropna().gt(180).all()  # one number twice is a number that restarted
    assert kept["pain_relief_pct"].dropna().between(0, 100).all()
    assert set(checked.warnings["line"]) <= {*kept["line"]}
    logged = [
        checked.warnings,
        checked.quarantined_rows,
        checked.quarantined_cells,
        checked.repairs,
        checked.dropped,
    ]
    assert {rule for log in logged for rule in log["rule_id"]} <= load_rules().keys()
    assert set(checked.quarantined_cells["line"]) | set(checked.repairs["line"]) <= {*kept["line"]}


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), data=st.data())
def test_the_order_of_rows_decides_no_fate_but_which_of_equals_is_first(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    fates = []
    for places in (range(len(rows)), order):
        frame = pd.DataFrame([rows[k] for k in places], columns=list(CELLS), dtype="str")
        frame["line"] = range(2, len(rows) + 2)
        checked = check_rows(SESSIONS, frame, delivery_date=date(2020, 1, 1))
        gone = pd.concat([checked.quarantined_rows, checked.dropped])["rule_id"]
        keys = checked.kept[["ipp", "session_no_recorded", "session_date"]]
        fates.append((sorted(gone), sorted(map(tuple, keys.astype("str").to_numpy().tolist()))))
    assert fates[0] == fates[1]
