"""Any part of a simulated batch can be made again alone, and nothing else changes it."""

import numpy as np
import pytest

from simulate.batch import WHAT, draw
from simulate.engine.cohorts import fill_cohorts
from simulate.engine.philox import philox
from simulate.engine.records import LANE
from simulate.parameters import of_scenario
from simulate.scenario import load

PUBLISHED = (  # Random123, kat_vectors: counter, key, answer
    ((0,) * 4, (0,) * 2, "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
    (
        (2**64 - 1,) * 4,
        (2**64 - 1,) * 2,
        "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6",
    ),
)


@pytest.fixture(scope="module")
def replica():
    return of_scenario(load("replica"))


@pytest.fixture(scope="module")
def whole(replica):
    return draw(replica, 7, 6, 60, 30, WHAT, follow_to=125, with_flow=True)


def same(first, second, *, patients=slice(None), sessions=slice(None), replicates=slice(None)):
    for name, array in second.arrays.items():
        other = first.arrays[name][replicates, patients]
        if other.ndim == 3:
            other = other[:, :, sessions]
        np.testing.assert_array_equal(other, array, err_msg=name)


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
def test_the_bits_are_those_that_the_authors_published(counter, key, answer):
    words = philox(*map(np.uint64, key), *map(np.uint64, counter))
    assert " ".join(f"{int(word):016x}" for word in words) == answer


def test_the_first_patients_of_many_are_the_patients_of_few(replica, whole):
    same(
        whole, draw(replica, 7, 6, 20, 30, WHAT, follow_to=125, with_flow=True), patients=slice(20)
    )


def test_a_replicate_alone_is_that_replicate(replica, whole):
    alone = draw(replica, 7, [4], 60, 30, WHAT, follow_to=125, with_flow=True)
    same(whole, alone, replicates=slice(4, 5))


def test_a_block_of_patients_alone_is_that_block(replica, whole):
    block = draw(replica, 7, 6, 7, 30, WHAT, first_patient=33, follow_to=125, with_flow=True)
    same(whole, block, patients=slice(33, 40))


def test_patients_are_the_same_in_whichever_lane_they_are_drawn(replica):
    many = draw(replica, 7, 2, LANE + 20, 15, WHAT, with_flow=True)
    block = draw(replica, 7, 2, 25, 15, WHAT, first_patient=LANE - 10, with_flow=True)
    same(many, block, patients=slice(LANE - 10, LANE + 15))


def test_a_shorter_horizon_is_the_beginning(replica, whole):
    short = draw(replica, 7, 6, 60, 15, WHAT, follow_to=125, with_flow=True)
    same(whole, short, sessions=slice(15))


def test_what_else_is_asked_changes_nothing(replica):
    few = draw(replica, 7, 6, 60, 30, ("recorded",), follow_to=125)
    many = draw(
        replica, 7, 6, 60, 30, set(WHAT) - {"calendar", "npsi", "demography"}, follow_to=125
    )
    same(many, few)


def test_workers_and_order_change_nothing(replica, whole):
    many = draw(replica, 7, 100, 20, 15, WHAT, jobs=3)
    same(many, draw(replica, 7, 100, 20, 15, WHAT))
    backwards = draw(replica, 7, np.arange(6)[::-1], 60, 30, WHAT, follow_to=125, with_flow=True)
    same(whole, backwards, replicates=slice(None, None, -1))
    assert len(fill_cohorts.signatures) == 1, "no request has the engine compiled again"


def test_worlds_that_differ_in_drop_out_share_all_but_the_course(replica, whole):
    other = of_scenario(
        load("replica", {"structure.drop_out": "mnar", "course.efficacy_at_zero": 1.0})
    )
    changed = draw(other, 7, 6, 60, 30, WHAT, follow_to=125, with_flow=True)
    for name in (
        "latent",
        "expected",
        "is_responder",
        "level",
        "age_years",
        "grid",
        "uninterrupted",
    ):
        np.testing.assert_array_equal(whole.arrays[name], changed.arrays[name], err_msg=name)
    assert (whole.n_sessions != changed.n_sessions).mean() > 0.1
    louder = of_scenario(load("replica", {"measurement.noise_sd": 25.0}))
    assert (draw(louder, 7, 6, 60, what=("covariates",)).level != whole.level).mean() > 0.1


def test_seeds_and_replicates_differ(replica):
    first, second = draw(replica, 1, 2, 60), draw(replica, 2, 2, 60)
    assert (first.latent != second.latent).mean() > 0.9
    assert (first.latent[0] != first.latent[1]).mean() > 0.9


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_patients": 0}, "n_patients must be 1 or more, got 0"),
        ({"horizon": 3}, "horizon must reach session 4, the end of the test period; got 3"),
        ({"horizon": 15, "follow_to": 10}, "follow_to must be 15"),
        ({"what": ("plateau",)}, "no 'plateau'; there are: recorded, latent"),
        ({"replicates": [-1]}, "replicate must be 0 or more, got -1"),
    ],
)
def test_sizes_that_cannot_be_are_refused(replica, sizes, message):
    with pytest.raises(ValueError, match=message):
        draw(replica, 1, **({"replicates": 1} | sizes))


def test_rows_of_parameters_must_fit_the_replicates(replica):
    with pytest.raises(ValueError, match="3 rows of parameters do not fit 2 replicates"):
        draw(of_scenario(replica.scenario, 3), 1, 2)


def test_what_was_not_asked_is_named(replica):
    with pytest.raises(AttributeError, match=r"no emcs_first: ask for it with what=\('surgery'"):
        _ = draw(replica, 1, 1, 5).emcs_first
