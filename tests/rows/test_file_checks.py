"""Files of one run: every row accounted for, none mostly in quarantine."""

import pandas as pd
import pytest

from expectations.files import check_files

COLUMNS = ["file_name", "n_rows", "n_kept", "n_quarantined", "n_dropped"]


@pytest.mark.parametrize(
    ("row", "reconciled", "quarantine_share"),
    [
        (("a.csv", 100, 95, 5, 0), "passed", "passed"),
        (("a.csv", 100, 94, 6, 0), "passed", "failed"),
        (("a.csv", 100, 94, 5, 0), "failed", "passed"),
        (("a.csv", 100, 90, 5, 5), "passed", "passed"),
    ],
)
def test_one_file(row, reconciled, quarantine_share):
    lost, doubtful = check_files(pd.DataFrame([row], columns=COLUMNS))
    assert (lost.status, doubtful.status) == (reconciled, quarantine_share)
    assert lost.detail == ("a.csv" if reconciled == "failed" else "")


def test_no_file_is_not_applicable():
    assert {r.status for r in check_files(pd.DataFrame(columns=COLUMNS))} == {"not_applicable"}
