"""What is known of a patient's lesion, as effects on the chance to rise.

Here: equation (4) of docs/models.md: which effect belongs to which patient. Effects of level, of
stroke type and of site add up, so a site is a deviation within its level. Unknown is its own
reference with effect 0; a code never seen in the cohort takes an effect from the prior. Not here:
who rises.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayes.cohort import Cohort
from bayes.parameters import EFFECT_SD

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Covariates:
    """Codes seen in a cohort, sorted, by covariate of `EFFECT_SD`."""

    codes: dict[str, tuple[str, ...]]

    @property
    def labels(self) -> list[str]:
        """Names of the effects in the order of the columns of `design`, such as level[central]."""
        return [f"{name}[{code}]" for name in EFFECT_SD for code in self.codes[name]]

    def design(self, cohort: Cohort) -> FloatArray:
        """Return what one standard effect adds to the logit, shape (patients, effects)."""
        columns = [
            EFFECT_SD[name] * (getattr(cohort, name) == code)
            for name in EFFECT_SD
            for code in self.codes[name]
        ]
        return np.array(columns, dtype=float).reshape(-1, len(cohort.patients)).T


def covariates_of(cohort: Cohort) -> Covariates:
    """Return the codes that occur in a cohort."""
    return Covariates(
        {name: tuple(sorted(set(getattr(cohort, name).tolist()) - {""})) for name in EFFECT_SD}
    )
