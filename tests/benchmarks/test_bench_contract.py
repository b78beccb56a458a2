"""What the row contract costs beside the same checks written for whole columns by hand.

Run by `make bench`; skipped elsewhere. Quote ratios: machines are noisy. The peers judge types,
ranges, codes and keys of the same columns; they repair nothing, name no line and log no cell.
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from expectations.contract import check_rows
from expectations.dictionary import load

N_ROWS = 100_000
SESSIONS = load()["sessions"]
FRENCH = r"\d{2}/\d{2}/\d{4}"
WRITTEN = {
    "decimal": r"-?\d+(?:,\d+)?",
    "integer": r"-?\d+",
    "date": FRENCH,
    "datetime": FRENCH + r" \d{2}:\d{2}",
    "time": r"\d{2}:\d{2}",
}


@pytest.fixture(scope="module")
def rows():
    """Sessions of 5,000 patients as text, with half a percent of reliefs out of range."""
    number = np.arange(N_ROWS)
    draw = np.random.default_rng(1)
    start = pd.Timestamp("2012-01-02")
    day = start + pd.to_timedelta(number % 20 * 21 + number // 20 % 2000, unit="D")
    written = pd.Series(day.strftime("%d/%m/%Y"))
    minute = pd.Series(draw.integers(0, 60, N_ROWS)).astype("str").str.zfill(2)
    relief = draw.integers(0, 101, N_ROWS)
    columns = {
        "ipp": pd.Series(10_000_000 + number // 20).astype("str"),
        "session_no_recorded": pd.Series(number % 20 + 1).astype("str"),
        "session_date": written,
        "session_time": "09:" + minute,
        "target": pd.Series(draw.choice(["M1 G", "M1 D"], N_ROWS)),
        "n_pulses": pd.Series(["1600"] * N_ROWS),
        "pain_relief_pct": pd.Series(np.where(number % 200, relief, 305)).astype("str"),
        "relief_duration_days": pd.Series(draw.integers(0, 30, N_ROWS)).astype("str"),
        "evaluation_date": written,
        **{f"npsi_{n}": pd.Series(draw.integers(1, 6, N_ROWS)).astype("str") for n in range(1, 13)},
        "side_effect": pd.Series(draw.choice(["aucun", "céphalée"], N_ROWS, p=[0.99, 0.01])),
        "comment": "remarque " + pd.Series(number).astype("str"),
        "recorded_at": written + " 09:" + minute,
    }
    return pd.DataFrame({"line": number + 2} | {k: v.astype("str") for k, v in columns.items()})


@pytest.mark.benchmark(group=f"contract of {N_ROWS} rows")
def test_contract(benchmark, rows):
    """The whole contract: types, repairs, quarantine, warnings, keys, reconciliation."""
    checked = benchmark(check_rows, SESSIONS, rows, delivery_date=date(2024, 1, 1))
    assert len(checked.quarantined_cells) == N_ROWS / 200


@pytest.mark.benchmark(group=f"contract of {N_ROWS} rows")
def test_pandasby_hand(benchmark, rows):
    """The same rules as vectorised pandas: a mask of bad cells a column, no log."""
    bad, _ = benchmark(by_hand, rows)
    assert sum(int(mask.sum()) for mask in bad.values()) == N_ROWS / 200


@pytest.mark.benchmark(group=f"contract of {N_ROWS} rows")
def test_pandera(benchmark, rows):
    """The same ranges and codes as a pandera schema on columns that pandas has converted."""
    import pandera.pandas as pandera

    _, typed = by_hand(rows)
    schema = pandera.DataFrameSchema(
        {
            column.name: pandera.Column(checks=pandera_checks(pandera, column), nullable=True)
            for column in SESSIONS.file_columns
            if column.name in rows
        }
    )

    def validate():
        try:
            schema.validate(typed, lazy=True)
        except pandera.errors.SchemaErrors as found:
            return found.failure_cases
        return None

    assert len(benchmark(validate)) == N_ROWS / 200


def pandera_checks(pandera, column):
    checks = []
    if column.minimum is not None:
        checks.append(pandera.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pandera.Check.le(column.maximum))
    if column.codes:
        checks.append(pandera.Check.isin([group[0] for group in column.codes.values()]))
    return checks


def by_hand(rows):
    bad, typed = {}, pd.DataFrame(index=rows.index)
    for column in SESSIONS.file_columns:
        if column.name not in rows:
            continue
        text = rows[column.name].str.strip()
        mask = text.ne("") & False
        if pattern := WRITTEN.get(column.type):
            mask = ~text.str.fullmatch(pattern)
        typed[column.name] = _typed(text.mask(mask), column)
        if column.codes:
            mask |= ~text.isin([spelling for group in column.codes.values() for spelling in group])
        if column.minimum is not None:
            mask |= typed[column.name] < column.minimum
        if column.maximum is not None:
            mask |= typed[column.name] > column.maximum
        bad[column.name] = mask
    bad["key"] = rows.duplicated(["ipp", "session_no_recorded"], keep=False)
    return bad, typed


def _typed(text, column):
    match column.type:
        case "decimal" | "integer":
            return pd.to_numeric(text.str.replace(",", "."))
        case "date":
            return pd.to_datetime(text, format="%d/%m/%Y", errors="coerce")
        case "datetime":
            return pd.to_datetime(text, format="%d/%m/%Y %H:%M", errors="coerce")
        case _:
            return text
