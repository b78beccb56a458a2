"""A bank of courses of the world itself: what a rule would know that knew every parameter.

Here: courses drawn from a world and the chances of their reports (equations 5 and 6 of
docs/simulation.md). No clinic can have it: rules that use it are bounds.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulate import batch
from simulate.batch import TEST_SESSIONS
from simulate.members import parameters_for
from simulate.parameter_table import Noise

if TYPE_CHECKING:
    from bayes.bank import Bank
    from simulate.parameters import Parameters
    from simulate.scenario import Scenario

FloatArray = NDArray[np.float64]
APART = 10**13 + 7  # replicate of the courses: no cohort has it
HORIZON = 30
_WHAT = ("latent", "expected", "truth", "recorded")
FLOOR = 1e-6


def true_bank(world: "Scenario", seed: int, n: int, sessions: int) -> "Bank":
    """Return n courses of a world with fixed parameters.

    Raises
    ------
    ValueError
        Every cohort of the world has other parameters, so that nobody can know them.
    """
    from bayes.bank import Bank

    law = world.population
    if law.ensemble is not None and law.member is None:
        raise ValueError(f"world {world.name} has no parameters of its own: name a member")
    one = np.array([APART])
    parameters = parameters_for(world, seed, one)
    drawn = batch.draw(parameters, seed, one, n, HORIZON, _WHAT)
    row = {name: float(parameters[name][0]) for name in _NEEDED}
    own = np.ones(n)
    if int(parameters["noise"][0]) == Noise.BY_PATIENT:  # drawn anew: nothing else depends on it
        own = np.exp(row["noise_log_sd"] * np.random.default_rng([seed, 17]).standard_normal(n))
    extra = row["noise_first_factor"] - 1.0
    is_by_session = int(parameters["noise"][0]) == Noise.BY_SESSION
    table = np.empty((sessions, 101, n), dtype=np.float32)
    for k in range(sessions):
        grown = 1.0 + extra * 0.5**k if is_by_session else 1.0
        sd = row["noise_sd"] * grown * own
        table[k] = np.maximum(
            _chances(drawn.latent[0, :, k].astype(float), sd, drawn.grid[0].astype(float), row),
            FLOOR,
        )
    return Bank(table, drawn.expected[0].astype(float), _missing(parameters, drawn.is_responder[0]))


_NEEDED = (
    *("noise_sd", "noise_log_sd", "noise_first_factor"),
    *("outlier_share", "outlier_factor", "zero_share"),
)


def _missing(parameters: "Parameters", is_responder: NDArray[np.bool_]) -> NDArray[np.float32]:
    """P(report of session 1..3 is missing) of every course, shape (3, courses)."""
    shares = [
        np.where(
            is_responder, parameters[f"missing_responder_{k}"], parameters[f"missing_other_{k}"]
        )
        for k in range(1, TEST_SESSIONS)
    ]
    return np.stack(shares).astype(np.float32)


def _chances(
    latent: FloatArray, sd: FloatArray, grid: FloatArray, row: dict[str, float]
) -> FloatArray:
    """P(report = 0 ... 100) of every course, shape (101, courses)."""
    from scipy.special import ndtr

    found = np.zeros((101, len(latent)))
    for width in np.unique(grid):
        who = grid == width
        for y in np.arange(0.0, 100.1, width):
            low = -np.inf if y == 0 else y - width / 2
            high = np.inf if y == 100 else y + width / 2
            parts = [
                ndtr((high - latent[who]) / s) - ndtr((low - latent[who]) / s)
                for s in (sd[who], sd[who] * row["outlier_factor"])
            ]
            share = row["outlier_share"]
            found[int(y), who] = (1 - share) * parts[0] + share * parts[1]
    found *= 1 - row["zero_share"]
    found[0] += row["zero_share"]
    return found
