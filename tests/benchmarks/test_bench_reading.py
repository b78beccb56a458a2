"""Bytes to text rows: decoded, split, every row with its line, beside a reader that only splits.

Run by `make bench`; skipped elsewhere. Quote ratios: machines are noisy.
"""

import csv
from itertools import islice

import pandas as pd
import pytest

from expectations import dictionary
from orchestration.ingest import readers

N_ROWS = 100_000
NAME = "seances_20240101.csv"
REMARKS = ("", "", "fatigué", '"dit ""mieux""; dort bien"')
CELLS = {
    "identifier": "{n:08d}", "date": "{d:02d}/06/2021", "datetime": "01/02/2020 12:00",
    "time": "10:30", "integer": "{i}", "decimal": "{i},5", "code": "aucun", "text": "AB",
    "boolean": "oui", "free_text": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return dictionary.load()["sessions"]


def written(table, path, remarks):
    """A file of sessions of header set A with every column."""
    columns = table.file_columns
    row = ";".join("{remark}" if c.name == "comment" else CELLS[c.type] for c in columns)
    lines = (
        row.format(n=n // 20, d=n % 28 + 1, i=n % 10, remark=remarks[n % len(remarks)])
        for n in range(N_ROWS)
    )
    header = ";".join(column.header_a for column in columns)
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory, table):
    return written(table, tmp_path_factory.mktemp("plain") / NAME, REMARKS[:3])


@pytest.fixture(scope="module")
def quoted(tmp_path_factory, table):
    return written(table, tmp_path_factory.mktemp("quoted") / NAME, REMARKS)


@pytest.mark.benchmark(group=f"reading {N_ROWS} session rows")
def test_read(benchmark, plain, table):
    """Also decodes, keeps each row verbatim with its line, and looks for what was lost."""
    assert len(benchmark(readers.read, plain, table).rows) == N_ROWS


@pytest.mark.benchmark(group=f"reading {N_ROWS} session rows")
def test_read_with_quotes_in_a_quarter_of_the_rows(benchmark, quoted, table):
    assert len(benchmark(readers.read, quoted, table).rows) == N_ROWS


@pytest.mark.benchmark(group=f"reading {N_ROWS} session rows")
def test_pandas_read_csv(benchmark, plain):
    """The peer: no lines, no verbatim text, and short rows filled without a word."""
    assert len(benchmark(pd.read_csv, plain, dtype=str, sep=";")) == N_ROWS


@pytest.mark.benchmark(group=f"reading {N_ROWS} session rows")
def test_csv_reader_alone(benchmark, plain):
    """Splitting in plain Python, a list a row, nothing else."""

    def work():
        with plain.open(encoding="utf-8", newline="") as handle:
            return sum(1 for _ in islice(csv.reader(handle, delimiter=";", strict=True), 1, None))

    assert benchmark(work) == N_ROWS
