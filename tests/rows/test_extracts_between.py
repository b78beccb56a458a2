"""What happens to rows between deliveries, and the clinic as a REDCap export."""

from datetime import date

import pandas as pd
import pytest

from simulate.cohort import generate
from simulate.deliveries import Between
from simulate.extracts import write
from simulate.scenario import load

DAYS = (date(2018, 6, 30), date(2020, 6, 30), date(2023, 6, 30))
KEY = ["IPP", "N° séance"]


@pytest.fixture(scope="module")
def cohort():
    return generate(load("replica"), 5, n_patients=60)


def sessions(folder, on):
    path = folder / "deliveries" / f"{on:%Y%m%d}" / f"seances_{on:%Y%m%d}.csv"
    return pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig").set_index(KEY)


def test_a_changed_relief_is_mended_by_the_last_delivery(cohort, tmp_path):
    write(cohort, tmp_path / "as_is", deliveries=DAYS, seed=5)
    write(cohort, tmp_path / "changed", deliveries=DAYS, seed=5, between=Between(changed=6))
    first, last = (sessions(tmp_path / "changed", on) for on in (DAYS[0], DAYS[-1]))
    pd.testing.assert_frame_equal(last, sessions(tmp_path / "as_is", DAYS[-1]))
    both = first.join(last.add_suffix("_last"))
    relief = "Soulagement (%)"
    changed = both[both[relief].fillna("") != both[f"{relief}_last"].fillna("")]
    assert len(changed) == 6


def test_a_late_row_comes_one_delivery_later(cohort, tmp_path):
    write(cohort, tmp_path / "as_is", deliveries=DAYS, seed=5)
    write(cohort, tmp_path / "late", deliveries=DAYS, seed=5, between=Between(late=5))
    counts = {
        name: [len(sessions(tmp_path / name, on)) for on in DAYS] for name in ("as_is", "late")
    }
    assert sum(counts["as_is"][:2]) - sum(counts["late"][:2]) <= 5
    assert counts["late"][:2] != counts["as_is"][:2]
    assert counts["late"][-1] == counts["as_is"][-1]


def test_an_orphans_patient_comes_one_delivery_later(cohort, tmp_path):
    write(cohort, tmp_path, deliveries=DAYS, seed=5, between=Between(orphans=2))
    known = set()
    waiting = []
    for on in DAYS:
        path = tmp_path / "deliveries" / f"{on:%Y%m%d}" / f"patients_{on:%Y%m%d}.csv"
        known |= set(pd.read_csv(path, sep=";", dtype=str, encoding="utf-8-sig")["IPP"])
        waiting.append(len(set(sessions(tmp_path, on).index.get_level_values(0)) - known))
    assert sum(waiting) == 2
    assert waiting[-1] == 0


@pytest.mark.parametrize("field", ["changed", "late", "orphans"])
def test_more_than_there_are_is_refused(cohort, tmp_path, field):
    with pytest.raises(ValueError, match=f"{field} must be between 0 and"):
        write(cohort, tmp_path, deliveries=DAYS, seed=5, between=Between(**{field: 10**6}))


def test_an_unknown_export_is_refused(cohort, tmp_path):
    with pytest.raises(ValueError, match="there are: clinic, redcap"):
        write(cohort, tmp_path, deliveries=1, seed=5, export="sas")
