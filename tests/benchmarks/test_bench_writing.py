"""Rows of text to the bytes of a file, beside pandas on the same frame; no Python step a row.

Run by `make bench`; skipped elsewhere. Quote ratios: machines are noisy.
"""

import hashlib

import pytest

from simulate import text
from simulate.cohort import generate
from simulate.defects.source import text_frame
from simulate.deliveries import plan
from simulate.rows import session_rows
from simulate.scenario import load
from simulate.writing import draw_writing


@pytest.fixture(scope="module")
def clinic():
    cohort = generate(load("replica"), 1, n_patients=2000)
    return cohort, draw_writing(cohort, 1), plan(1, cohort.scenario.clinic.emcs_end)[0]


@pytest.mark.benchmark(group="session rows of 2,000 patients to a file")
def test_write(benchmark, clinic):
    """Formats every cell, joins, hashes: all that a delivery's file takes but the disk."""
    cohort, writing, delivery = clinic

    def work():
        rows = session_rows(cohort, writing)
        content = text.csv_bytes(delivery.header("sessions"), rows, delivery.encoding)
        return hashlib.sha256(content).hexdigest(), rows.num_rows

    assert benchmark(work)[1] > 20_000


@pytest.mark.benchmark(group="session rows of 2,000 patients to a file")
def test_pandas_to_csv(benchmark, clinic):
    """The peer: only joins cells that are text already."""
    cohort, writing, _ = clinic
    frame = text_frame(session_rows(cohort, writing))
    assert benchmark(frame.to_csv, None, sep=";", index=False, lineterminator="\r\n")
