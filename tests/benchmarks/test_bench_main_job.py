"""What a night costs beside the data: start, nothing new, reading, the small study.

Run by `make bench`; skipped elsewhere. Quote ratios: machines are noisy.
"""

import subprocess
import sys
from datetime import date

import pytest

HEADER = "ipp;num_seance;date_seance;heure;protocole;nb_impulsions;PR;DPR;date_evaluation"
N_ROWS = 20_000


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(
    "code",
    ["import click; click.Group('bare').make_context('bare', [], resilient_parsing=True)",
     "from orchestration.cli import cli; cli.make_context('plateau', [], resilient_parsing=True)"],
    ids=["bare click", "plateau"],
)  # fmt: skip
def test_start(benchmark, code):
    """`plateau --help` stays under three times bare click."""
    benchmark(subprocess.run, [sys.executable, "-c", code], check=True)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "seances_20240101.csv"
    rows = (
        f"{n // 20:08d};{n % 20 + 1};{n % 28 + 1:02d}/{n % 12 + 1:02d}/2020;10:00;;1600;"
        f"{n % 101};{n % 15};{n % 28 + 1:02d}/{n % 12 + 1:02d}/2021"
        for n in range(N_ROWS)
    )
    path.write_text("\r\n".join([HEADER, *rows, ""]), encoding="cp1252")
    return path


@pytest.mark.benchmark(group=f"{N_ROWS} session rows")
def test_read_and_check(benchmark, sessions):
    """Bytes to typed rows, with every cell through the contract."""
    from expectations import dictionary
    from expectations.contract import check_rows
    from orchestration.ingest.readers import read

    table = dictionary.load()["sessions"]

    def work():
        return check_rows(table, read(sessions, table).rows, delivery_date=date(2024, 1, 1))

    assert len(benchmark(work).kept) == N_ROWS


@pytest.mark.benchmark(group=f"{N_ROWS} session rows")
def test_read_with_pandas_alone(benchmark, sessions):
    """The peer that guesses: no decoding, no contract, no quarantine, no line numbers."""
    import pandas as pd

    frame = benchmark(
        pd.read_csv, sessions, sep=";", decimal=",", encoding="cp1252",
        parse_dates=["date_seance", "date_evaluation"], dayfirst=True,
    )  # fmt: skip
    assert len(frame) == N_ROWS


@pytest.mark.benchmark(group="study")
def test_test_period_study_of_20_cohorts(benchmark):
    from simulate.studies import design, run

    study = design.load("test_period_length")
    cells, _ = benchmark(run.run, study, n_cohorts=20, seed=1)
    assert len(cells)
