"""How likely a printed vector is at each place, for one combination of structures.

Here: the synthetic log likelihood and its slopes. Not here: the regression behind it
(`emulator.py`), who climbs it (`sampler.py`).

The likelihood is the normal density of the printed figures around the regression's mean. Its
covariance grows by the leverage of the place, what the regression's own uncertainty adds there: far
from all simulated clinics it is not believed, and such a place is unlikely for its sheer width.
Leverage is taken feature by feature, since the features are uncorrelated where clinics are.
Rounding adds the variance of a uniform error of that half width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.calibration.emulator import Emulator, basis

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """A log likelihood over places, up to a constant that all surfaces of the same figures share.

    Attributes
    ----------
    emulator
        Whose basis is meant.
    slopes_of
        Coefficients of the figures that are known, in units of their errors, (f, T).
    printed
        The printed figures in the same units, (T,).
    doubt
        Variance of each coefficient, in clinics' variances, (f,).
    volume
        Half the log determinant of the covariance.
    """

    emulator: Emulator
    slopes_of: FloatArray
    printed: FloatArray
    doubt: FloatArray
    volume: float

    def log_likelihood(self, place: FloatArray) -> FloatArray:
        """Return the log likelihood at places (n, d), shape (n,)."""
        features = basis(self._turned(place), self.emulator.directions)
        return self._height(features)[0]

    def climbed(self, place: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log likelihood (n,) and its gradient (n, d) at places (n, d)."""
        turned = self._turned(place)
        features = basis(turned, self.emulator.directions)
        height, gap, squared, wider = self._height(features)
        by_feature = (gap / wider[:, None]) @ self.slopes_of.T
        by_width = squared / wider**2 - len(self.printed) / wider
        by_feature += by_width[:, None] * features * self.doubt
        return height, self._chained(turned, by_feature) @ self.emulator.unmix.T

    def jacobian(self, place: FloatArray) -> FloatArray:
        """Return the slopes of the figures in units of their errors at one place, (d, T)."""
        turned = np.repeat(self._turned(place[None]), len(self.printed), axis=0)
        return self.emulator.unmix @ self._chained(turned, self.slopes_of.T).T

    def gap(self, place: FloatArray) -> tuple[FloatArray, float]:
        """Return printed less expected at one place, (T,), and how much wider errors are there."""
        _, gap, _, wider = self._height(basis(self._turned(place[None]), self.emulator.directions))
        return gap[0], float(wider[0])

    def _turned(self, place: FloatArray) -> FloatArray:
        return (place - self.emulator.centre) @ self.emulator.unmix

    def _height(
        self, features: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        gap = self.printed - features @ self.slopes_of
        squared = (gap**2).sum(axis=1)
        wider = 1 + features**2 @ self.doubt
        height = -0.5 * squared / wider - 0.5 * len(self.printed) * np.log(wider) - self.volume
        return np.asarray(height), gap, squared, wider

    def _chained(self, turned: FloatArray, by_feature: FloatArray) -> FloatArray:
        """Return slopes by turned coordinate, (n, d), of slopes by feature, (n, f)."""
        directions = self.emulator.directions
        d, k = directions.shape
        slope = by_feature[:, 1 : 1 + d] + 2 * turned * by_feature[:, 1 + d : 1 + 2 * d]
        pairs = np.zeros((len(turned), k, k))
        one, two = np.triu_indices(k, 1)
        pairs[:, one, two] = by_feature[:, 1 + 2 * d :]
        along = turned @ directions
        by_along = np.matmul(pairs, along[:, :, None])[:, :, 0]
        by_along += np.matmul(along[:, None, :], pairs)[:, 0]
        return np.asarray(slope + by_along @ directions.T)


def surface(
    emulator: Emulator, structure: tuple[int, ...], printed: FloatArray, rounding: FloatArray
) -> Surface:
    """Return the surface of a printed vector (T,) with half widths of rounding (T,).

    Figures that are NaN in `printed` do not enter.
    """
    from scipy.linalg import solve_triangular

    here = np.isfinite(printed)
    covariance = emulator.covariance[np.ix_(here, here)] + np.diag(rounding[here] ** 2 / 3)
    factor = np.linalg.cholesky(covariance)
    coefficients, doubt = emulator.folded(structure)
    return Surface(
        emulator,
        solve_triangular(factor, coefficients[:, here].T, lower=True).T,
        solve_triangular(factor, printed[here], lower=True),
        (doubt**2).sum(axis=1),
        float(np.log(np.diag(factor)).sum()),
    )
