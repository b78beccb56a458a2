"""Draws of the relief model, the same whichever engine made them.

Here: population and patients by chain and draw, the same as a Zarr DataTree. Not here: how they
were drawn (`nuts.py`, `marginal/`), what is said of them (`quantities.py`, `tables.py`).
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.covariates import Covariates, covariates_of
from bayes.curves import COURSES, ONSETS, kept_share, saturating
from bayes.parameters import KERNEL_NAMES, NAMES, PARAMETERS, scores_of, values
from bayes.scatter import NOISE, SCORES, noise_of

if TYPE_CHECKING:
    import xarray as xr

FloatArray = NDArray[np.float64]

EFFECTS = ("course", "start", "plateau", "log_rate", "scatter")
"""Columns of drawn effects."""


@dataclass(frozen=True)
class Posterior:
    """Draws of population and patients.

    Attributes
    ----------
    cohort, covariates
        What was fitted, and the codes whose effects follow the parameters in a score.
    engine
        'marginal' or 'nuts'.
    scores
        Prior standard scores of parameters and effects, shape (chains, draws, size).
    effects
        By patient the columns `EFFECTS`: position in `curves.COURSES`, start, plateau (points),
        log rate per session and position in `scatter.SCORES`, shape (chains, draws, patients, 5).
    seed
        Of every random number.
    """

    cohort: Cohort
    covariates: Covariates
    engine: str
    scores: FloatArray
    effects: FloatArray
    seed: int
    stats: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def natural(self) -> FloatArray:
        """Natural values of the parameters, shape (chains, draws, parameters)."""
        return values(self.scores[..., : len(NAMES)])

    @property
    def flat(self) -> tuple[FloatArray, FloatArray]:
        """Natural values (draws, parameters) and effects (draws, patients, 5), chains joined."""
        natural = self.natural.reshape(-1, len(NAMES))
        return natural, self.effects.reshape(len(natural), *self.effects.shape[2:])

    def thinned(self, n: int) -> "Posterior":
        """Return about n draws, evenly spaced."""
        step = max(1, self.scores.shape[0] * self.scores.shape[1] // n)
        return replace(self, scores=self.scores[:, ::step], effects=self.effects[:, ::step])

    def mean_reports(self, sessions: FloatArray) -> FloatArray:
        """Return m_i(s) in percent, shape (draws, patients, sessions), chains joined."""
        return mean_reports(*self.flat, sessions)

    def tree(self) -> "xr.DataTree":
        """Return ArviZ groups posterior, sample_stats, observed_data, constant_data."""
        import xarray as xr

        groups = {
            "/posterior": self._posterior_group(),
            "/sample_stats": xr.Dataset(
                {name: (("chain", "draw"), value) for name, value in self.stats.items()}
            ),
            "/observed_data": xr.Dataset(
                {"pain_relief_pct": ("row", self.cohort.relief), "fate": ("row", self.cohort.fate)}
            ),
            "/constant_data": xr.Dataset(
                {
                    "session_no": ("row", self.cohort.session),
                    "patient_of_row": ("row", self.cohort.patient),
                }
            ),
        }
        tree = xr.DataTree.from_dict(groups)
        tree.attrs = {"engine": self.engine, "seed": self.seed}
        return tree

    def _posterior_group(self) -> "xr.Dataset":
        import xarray as xr

        natural, by_patient = self.natural, ("chain", "draw", "patient")
        variables: dict[str, Any] = {
            p.name: (("chain", "draw"), natural[..., k]) for k, p in enumerate(PARAMETERS)
        }
        variables |= {name: (by_patient, self.effects[..., k]) for k, name in enumerate(EFFECTS)}
        variables["effect_score"] = (("chain", "draw", "effect"), self.scores[..., len(NAMES) :])
        return xr.Dataset(
            variables,
            coords={"patient": self.cohort.patients, "effect": self.covariates.labels},
            attrs={"courses": list(COURSES)},
        )


def restored(draws: "xr.Dataset", cohort: Cohort, engine: str, seed: int) -> Posterior:
    """Return draws that were kept, for the cohort that they are of.

    Parameters
    ----------
    draws
        Group `posterior` of `Posterior.tree`.

    Raises
    ------
    ValueError
        If the draws are of other patients.
    """
    if draws["patient"].to_numpy().astype(str).tolist() != cohort.patients.tolist():
        raise ValueError("The draws that were kept are of other patients: fit these anew.")
    natural = np.stack([draws[name].to_numpy() for name in NAMES], axis=-1)
    effect = draws["effect_score"].to_numpy()
    scores = np.concatenate([scores_of(natural), effect], axis=-1)
    effects = np.stack([draws[name].to_numpy() for name in EFFECTS], axis=-1)
    return Posterior(cohort, covariates_of(cohort), engine, scores, effects, seed)


def latent_reliefs(natural: FloatArray, effects: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return latent relief of drawn courses, shape (draws, patients, sessions), equation (1).

    Parameters as in `mean_reports`.
    """
    value = dict(zip(NAMES, natural.T[..., None, None], strict=True))
    kind, start, plateau, log_rate, _ = np.moveaxis(effects, -1, 0)[..., None]
    onset = np.array([np.inf, np.inf, *ONSETS])[kind.astype(int)]
    kept = kept_share(sessions, onset, value["relapse_rate"])
    kept = np.where(kind == COURSES.index("flat"), 0.0, kept)
    rate, shape = np.exp(log_rate), value["curve_shape"]
    return np.asarray(saturating(sessions, start, plateau, rate, shape, kept))


def noises(natural: FloatArray, effects: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return the scale of drawn patients' noise in points, shape (draws, patients, sessions), (8a).

    Parameters as in `mean_reports`.
    """
    by_scatter = _noise_by_scatter(natural, sessions)
    scatter = effects[..., EFFECTS.index("scatter")].astype(int)
    return by_scatter[np.arange(len(natural))[:, None], scatter]


def _noise_by_scatter(natural: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return the scale of the noise, shape (draws, scatters, sessions)."""
    law = [natural[:, NAMES.index(name), None, None] for name in NOISE]
    return np.asarray(noise_of(law, np.arange(len(SCORES))[:, None], sessions))


def mean_reports(natural: FloatArray, effects: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return m(s) in percent of drawn courses, shape (draws, patients, sessions), equation (8).

    Parameters
    ----------
    natural
        Shape (draws, parameters).
    effects
        Shape (draws, patients, 5), see `Posterior`.
    sessions
        Session numbers.
    """
    from bayes.marginal.courses import mean_reports as kernel

    out = np.empty((*effects.shape[:2], len(sessions)), dtype=float)
    sessions = np.asarray(sessions, float)
    p = np.ascontiguousarray(natural[:, : len(KERNEL_NAMES)])
    noise = np.ascontiguousarray(_noise_by_scatter(natural, sessions))
    kernel(p, np.ascontiguousarray(effects), noise, sessions, np.array(ONSETS, float), out)
    return out
