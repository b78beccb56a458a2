"""Which printed figures the simulator may be fitted to, and what each one is."""

import pytest

from classical.published import published_figures
from simulate.calibration import targets as study
from simulate.calibration.prior import laws, prior_table
from simulate.parameter_table import BY_NAME

EXCEPTED = {
    "test_period.pr.responders.session_4.mean",
    "test_period.pr.responders.session_4.sd",
    "test_period.pr.non_responders.session_4.mean",
    "test_period.pr.non_responders.session_4.sd",
}


@pytest.fixture(scope="module")
def chosen():
    return study.targets(study.calibration_rows())


def test_only_calibration_rows_and_four_exceptions_are_handed_out():
    figures = published_figures().set_index("target_id")["usable_for"]
    handed = study.calibration_rows()["target_id"]
    assert set(handed[figures.loc[handed].to_numpy() != "calibration"]) == EXCEPTED
    assert (figures == "calibration").sum() + len(EXCEPTED) == len(handed)


def test_every_row_is_one_statistic_or_has_a_reason(chosen):
    fitted = [row for one in chosen for row in one.rows]
    assert len(fitted) == len(set(fitted))
    assert not [row for row in fitted if study.left_out(row)]
    assert len({one.statistic for one in chosen}) == len(chosen)


def test_a_row_that_nothing_is_said_of_is_refused():
    rows = study.calibration_rows()
    rows.loc[len(rows)] = ["figure_9.new.mean", "3.1"]
    with pytest.raises(ValueError, match=r"figure_9\.new\.mean"):
        study.targets(rows)


def test_a_missing_row_is_named():
    rows = study.calibration_rows()
    with pytest.raises(ValueError, match=r"emcs\.rtms_vs_emcs\.rho"):
        study.targets(rows[rows["target_id"] != "emcs.rtms_vs_emcs.rho"])


@pytest.mark.parametrize(
    ("statistic", "value", "rounding"),
    [
        ("pr.whole.s1.mean", 12.0, 0.05),
        ("pr.whole.half_width", 1.46, 0.005),  # of 3.09 to 6.01
        ("status.ge10.share", 100 * 113 / 193, 0.0),
        ("status.excellent.share", 8.0, 0.5),
        ("course.stopped30.share", 100 * 61 / 107, 0.0),
        ("emcs.rho", 0.79, 0.005),
    ],
)
def test_values_and_rounding_are_as_printed(chosen, statistic, value, rounding):
    (one,) = [one for one in chosen if one.statistic == statistic]
    assert one.value == pytest.approx(value)
    assert one.rounding == pytest.approx(rounding)


def test_blocks_are_the_eight_of_the_acceptance_figure(chosen):
    blocks = ["PR", "DPR", "by status", "bands", "retention", "NPSI", "aetiology", "eMCS"]
    assert list(dict.fromkeys(one.block for one in chosen)) == blocks


def test_every_parameter_has_a_prior_inside_its_range_or_a_reason():
    for law in laws():
        table = BY_NAME[law.name]
        assert table.low <= law.low < law.high <= table.high, law.name
        assert law.why
    assert len(prior_table()) == len(laws())


def test_every_held_out_row_is_one_statistic_or_has_a_reason():
    rows = study.held_out_rows()
    held_out = study.targets(rows, study.HELD_OUT)
    used = [row for one in held_out for row in one.rows]
    assert len(used) == len(set(used))
    assert not [row for row in used if study.left_out(row, study.HELD_OUT)]
    fitted = study.targets(study.calibration_rows())
    assert not {one.statistic for one in held_out} & {one.statistic for one in fitted}
    assert set(study.uninformed_blocks()) < {one.block for one in held_out}
    with pytest.raises(ValueError, match=r"held_out\.yaml says nothing of: figure_9"):
        rows.loc[len(rows)] = ["figure_9.new.mean", "3.1"]
        study.targets(rows, study.HELD_OUT)
