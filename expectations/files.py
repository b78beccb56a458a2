"""Checks over the delivered files of one run: no row lost, no file mostly in quarantine.

Belongs here: what is judged from the counts of `ingest_file`. Does not: single rows (`contract`),
distributions (`suites`).
"""

import pandas as pd

from expectations.rules import rule
from expectations.validate import CheckResult, Status


def check_files(files: pd.DataFrame) -> tuple[CheckResult, ...]:
    """Judge the files of one run.

    Parameters
    ----------
    files
        A row a file: `file_name`, `n_rows`, `n_kept`, `n_quarantined`, `n_dropped` (counts).

    Returns
    -------
    tuple of CheckResult
        Rules `contract_reconciled` and `contract_quarantine_share`; the offending files are named
        in `detail`.
    """
    accounted = files["n_kept"] + files["n_quarantined"] + files["n_dropped"]
    lost = files[accounted != files["n_rows"]]
    share = files["n_quarantined"] / files["n_rows"].clip(lower=1)
    doubtful = files[share > (rule("contract_quarantine_share").threshold or 0)]
    return (
        _result("contract_reconciled", lost, len(files)),
        _result("contract_quarantine_share", doubtful, len(files)),
    )


def _result(rule_id: str, against: pd.DataFrame, n_files: int) -> CheckResult:
    status: Status = "failed" if len(against) else "passed" if n_files else "not_applicable"
    return CheckResult(
        rule_id=rule_id,
        table="ingest_file",
        column=None,
        status=status,
        severity=rule(rule_id).severity,
        numerator=len(against),
        denominator=n_files,
        row_keys=(),
        detail=", ".join(against["file_name"]),
    )
