"""An ensemble: weighted members, each a whole world, and the file that ships.

Here: the record, its bytes, its provenance, drawing members. Not here: making one
(`calibrate.py`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.calibration.prior import laws, values
from simulate.parameter_table import STRUCTURES

FloatArray = NDArray[np.float64]
SHIPPED = Path(__file__).parents[1] / "ensembles"
WEIGHT = "_weight"
DIGITS = 4  # significant, of a parameter in the file


@dataclass(frozen=True)
class Provenance:
    """What made an ensemble: enough to make its bytes again."""

    command: str
    seed: int
    version: str
    targets: str
    scenario: str
    simulated: int
    rounds: int
    effective_size: float
    made_on: str


@dataclass(frozen=True)
class Ensemble:
    """Weighted worlds that the published figures leave possible.

    Attributes
    ----------
    table
        One row a member: parameters by name, structures by word, `_weight` (sum 1).
    provenance
        What made it.
    """

    table: pd.DataFrame
    provenance: Provenance

    @property
    def weight(self) -> FloatArray:
        """Weights that sum to 1."""
        return self.table[WEIGHT].to_numpy(dtype=float)

    @property
    def effective_size(self) -> float:
        """(sum w)^2 / sum w^2."""
        return float(1 / (self.weight**2).sum())

    def chosen(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return n member numbers in proportion to weight (systematic resampling)."""
        edges = np.cumsum(self.weight)
        picks = np.searchsorted(edges, (np.arange(n) + rng.random()) / n * edges[-1])
        return rng.permutation(np.minimum(picks, len(edges) - 1))

    def central(self) -> int:
        """Return the number of the member nearest to the weighted middle of all parameters.

        Distance in SDs of the ensemble on each parameter's own scale, within the most likely
        combination of structures: one whole world, not a mean of worlds that no clinic follows.
        """
        from simulate.calibration.prior import SCALES

        words = self.table[list(STRUCTURES)].agg("|".join, axis=1)
        likeliest = self.table[WEIGHT].groupby(words).sum().idxmax()
        scaled = []
        for law in laws():
            column = self.table[law.name].to_numpy(dtype=float)
            if not law.part_of_rest:
                small = 1e-6 if law.scale != "plain" else -np.inf
                large = 1 - 1e-6 if law.scale == "logit" else np.inf
                scaled.append(SCALES[law.scale][0](np.clip(column, small, large)))
        each = np.stack(scaled, axis=1)
        middle = self.weight @ each
        spread = np.sqrt(self.weight @ (each - middle) ** 2) + 1e-12
        distance = (((each - middle) / spread) ** 2).sum(axis=1)
        return int(np.argmin(np.where(words == likeliest, distance, np.inf)))

    def to_bytes(self) -> bytes:
        """Return the file: CSV of the members, the same for the same members everywhere."""
        return self.table.to_csv(index=False, lineterminator="\n").encode()

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write `<name>.csv` and `<name>.json` (provenance); return both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        members, story = folder / f"{name}.csv", folder / f"{name}.json"
        members.write_bytes(self.to_bytes())
        story.write_text(json.dumps(asdict(self.provenance), indent=2) + "\n", encoding="utf-8")
        return members, story


def make_table(place: FloatArray, structure: NDArray[np.int64], weight: FloatArray) -> pd.DataFrame:
    """Return members as they are written: parameters rounded, structures by word, weights."""
    columns: dict[str, Any] = {WEIGHT: _rounded(weight / weight.sum())}
    for k, (name, codes) in enumerate(STRUCTURES.items()):
        words = np.array([code.name.lower() for code in codes], dtype=object)
        columns[name] = words[structure[:, k]]
    columns |= {name: _rounded(value) for name, value in values(place).items()}
    return pd.DataFrame(columns)


def read(name: str = "thomas2024", folder: Path = SHIPPED) -> Ensemble:
    """Return a shipped ensemble.

    Raises
    ------
    ValueError
        If there is none of that name; the known ones are listed.
    """
    members = folder / f"{name}.csv"
    if not members.exists():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.csv"))) or "none"
        raise ValueError(f"no ensemble {name!r}; there are: {known}")
    table = pd.read_csv(members)
    story = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Ensemble(table, Provenance(**story))


def _rounded(numbers: FloatArray) -> FloatArray:
    """Round to significant digits, so that the last bit of a machine changes no byte."""
    safe = np.where(numbers == 0, 1.0, np.abs(numbers))
    step = 10.0 ** (DIGITS - 1 - np.floor(np.log10(safe)))
    return np.round(numbers * step) / step
