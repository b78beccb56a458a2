"""What patients answer at a visit of a trial: relief, VAS, PGIC, from one latent relief.

Here: readings of patients drawn by the generator, with recall as the study declares it. Not here:
latent relief and the report of it (`simulate/engine`), who is drawn (`conduct.py`).

    relief as the VAS sees it   v = felt + d e_v,   pain on the VAS = own first pain (1 - v / 100)
    relief as the PGIC sees it  g = felt + d e_g,   category = the first cut that g reaches

felt is the latent relief within 0 to 100, e standard normal with the stable share of its variance
from the patient, d chosen so that the answers have the correlation with felt that is declared.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulate import batch
from simulate.parameters import ROW, Parameters
from simulate.streams import Stream, scores, uniforms
from simulate.studies.trials.endpoints import CATEGORIES, Response

if TYPE_CHECKING:
    from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
LEAST_HORIZON = 4
ALL = ("relief", "vas_fall", "pgic")
_AT, _SCALE_PATIENTS, _SCALE_SEED = 4, 20_000, 0x7363616C65
_OWN = 8  # numbers of a patient for all courses: one block


@dataclass(frozen=True)
class Member:
    """One row of parameters of a world, as a key of what has been worked out for it."""

    scenario_id: str
    content: bytes
    scenario: "Scenario" = field(compare=False)

    @property
    def parameters(self) -> Parameters:
        """The row."""
        return Parameters(self.scenario, np.frombuffer(self.content, dtype=ROW))


@dataclass(frozen=True)
class Answers:
    """Which readings are taken, and how; `departure` has shape (2, R): d of VAS and of PGIC."""

    names: tuple[str, ...]
    law: Response | None
    departure: FloatArray

    @property
    def is_plain(self) -> bool:
        """Whether only the report of the generator is asked for."""
        return self.names == ("relief",) and (self.law is None or self.law.recalls_exactly)


def answers(names: frozenset[str], law: Response | None, active: Parameters) -> Answers:
    """Return how a trial's patients answer, scaled to the relief of their world."""
    asked = tuple(name for name in ALL if name in names or name == "relief")
    none = np.zeros((2, len(active)))
    if law is None or len(asked) == 1:
        return Answers(asked, law, none)
    each = [active.rows[k : k + 1].tobytes() for k in range(len(active))]
    world = active.scenario
    found = {c: _departures(Member(world.scenario_id, c, world), law) for c in set(each)}
    return Answers(asked, law, np.array([found[c] for c in each]).T)


def read(
    parameters: Parameters,
    at: tuple[int, Any],
    who: tuple[int, int],
    n_sessions: int,
    how: Answers,
    course: int = 0,
) -> FloatArray:
    """Return readings of sessions 1 to `n_sessions`, had everybody come.

    Shape (readings, replicates, patients, sessions), in the order of `how.names`. A patient is the
    same in every course, with new noise.
    """
    seed, numbers = at
    horizon, (first, n) = max(n_sessions, LEAST_HORIZON), who
    what = ("reported",) if how.is_plain else ("reported", "latent", "truth", "demography")
    drawn = batch.draw(
        parameters, seed, numbers, n, horizon, what, first_patient=first, course=course
    )
    relief = drawn.reported[..., :n_sessions].astype(np.float64)
    if how.is_plain:
        return relief[None]
    assert how.law is not None
    place = parameters.scenario, seed, Stream.ENDPOINT, numbers, who
    own = scores(uniforms(*place, 3))
    words = 2 * batch.COURSE
    each = scores(uniforms(*place, words, first=1 + course * (words // _OWN)))
    felt = np.clip(drawn.latent[..., :n_sessions].astype(np.float64), 0, 100)
    seen = _departed(felt, own, each[..., : 2 * n_sessions], how)
    found = {
        "relief": _recalled(relief, own[..., 2], drawn.grid, how.law),
        "vas_fall": _vas_fall(seen[0], drawn.nrs_initial[..., None].astype(np.float64)),
        "pgic": _pgic(seen[1], how.law),
    }
    return np.stack([found[name] for name in how.names])


def _departed(felt: FloatArray, own: FloatArray, each: FloatArray, how: Answers) -> FloatArray:
    """Relief as VAS and PGIC see it, shape (2, *felt.shape)."""
    assert how.law is not None
    stable, passing = np.sqrt([how.law.stable_share, 1 - how.law.stable_share])
    apart = [stable * own[..., k, None] + passing * each[..., k::2] for k in (0, 1)]
    return felt + how.departure[:, :, None, None] * np.stack(apart)


def _vas_fall(seen: FloatArray, first_pain: FloatArray) -> FloatArray:
    """Fall of the VAS in points of 10; pain is marked in tenths between 0 and 10."""
    now = np.clip(np.round(10 * first_pain * (1 - seen / 100)) / 10, 0, 10)
    return np.asarray(first_pain - now)


def _pgic(seen: FloatArray, law: Response) -> FloatArray:
    """Category 1 to 7."""
    rising = np.sort(law.pgic_cuts_pct)
    return CATEGORIES - np.searchsorted(rising, seen, side="right").astype(np.float64)


def _recalled(
    relief: FloatArray, z: FloatArray, grid: NDArray[np.int8], law: Response
) -> FloatArray:
    """Reported relief against the baseline remembered, on the patient's own grid."""
    if law.recalls_exactly:
        return relief
    drift = law.anchor_drift * np.arange(relief.shape[-1])
    ratio = np.maximum(1 + law.recall_bias + law.recall_sd * z[..., None] + drift, 0.2)
    told = np.clip(100 - (100 - relief) / ratio, 0, 100)
    step = grid[..., None].astype(np.float64)
    return np.floor(told / step + 0.5) * step


@lru_cache(maxsize=100_000)
def _departures(member: Member, law: Response) -> tuple[float, float]:
    """Return d of VAS and of PGIC that give the correlations declared.

    Raises
    ------
    ValueError
        For a correlation beyond what the scale can have even without departures.
    """
    drawn = batch.draw(
        member.parameters.with_values(sham_share=0.0), _SCALE_SEED, 1, _SCALE_PATIENTS, _AT,
        ("latent", "demography"),
    )  # fmt: skip
    felt = np.clip(drawn.latent[0, :, _AT - 1].astype(np.float64), 0, 100)
    z = np.random.default_rng(_SCALE_SEED).standard_normal((2, _SCALE_PATIENTS))
    first_pain = drawn.nrs_initial[0].astype(np.float64)
    return (
        _solved(lambda d: _vas_fall(felt + d * z[0], first_pain), felt, law.vas_correlation, "vas"),
        _solved(lambda d: -_pgic(felt + d * z[1], law), felt, law.pgic_correlation, "pgic"),
    )


def _solved(
    answer: Callable[[float], FloatArray], felt: FloatArray, wanted: float, name: str
) -> float:
    """Bisect for d: the correlation falls as answers depart further from what is felt."""
    low, high = 0.0, 1_000.0
    if felt.std() == 0:
        return 0.0  # nothing to correlate with: a world in which nobody feels any relief
    most = float(np.corrcoef(answer(low), felt)[0, 1])
    if most < wanted:
        raise ValueError(
            f"response.{name}_correlation: {wanted:g} is more than this world allows; the scale "
            f"itself has {most:.2f} with latent relief"
        )
    for _ in range(30):
        middle = (low + high) / 2
        if np.corrcoef(answer(middle), felt)[0, 1] > wanted:
            low = middle
        else:
            high = middle
    return low
