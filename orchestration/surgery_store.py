"""From the kept posterior and the published tables to what the surgery model takes.

Here: candidates and categories. Not here: the model (`bayes/surgery/`), its asset, its prediction
for one patient (`commands/predict_surgery.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.protocol import Protocol
from orchestration.settings import Settings

if TYPE_CHECKING:
    import xarray as xr

    from bayes.surgery.prediction import Bands
    from bayes.surgery.records import Candidates


def candidates_of(draws: "xr.Dataset", sessions: pd.DataFrame, emcs: pd.DataFrame) -> "Candidates":
    """Lay out candidates and operated.

    Parameters
    ----------
    draws
        See `model_store.stored_draws`.
    sessions, emcs
        See `bayes.surgery.records.candidates`.
    """
    from bayes.parameters import NAMES
    from bayes.posterior import EFFECTS
    from bayes.surgery.records import candidates

    natural = np.stack([draws[name].to_numpy().ravel() for name in NAMES], axis=-1)
    effects = np.stack([draws[name].to_numpy() for name in EFFECTS], axis=-1)
    effects = effects.reshape(len(natural), -1, len(EFFECTS))
    return candidates(draws["patient"].to_numpy().astype(str), natural, effects, sessions, emcs)


def bands_of(settings: Settings) -> "Bands":
    """Return the categories of relief of the preset, rule R4."""
    from bayes.surgery.prediction import Bands

    protocol = Protocol.preset(settings.preset)
    bounds = (
        protocol.responder_threshold_pct,
        protocol.good_threshold_pct,
        protocol.excellent_threshold_pct,
    )
    return Bands(bounds)
