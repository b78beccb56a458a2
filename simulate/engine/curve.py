"""The latent curve of one patient over sessions, in five families (equations 2-4).

Every family is given by the same three numbers of a patient (start, gain, sessions to half of the
gain), so that a family can be exchanged for another without a change of meaning.
"""

# mypy: disable-error-code="no-untyped-def"

import math

from simulate.engine.compiled import compiled
from simulate.engine.records import Line
from simulate.parameter_table import Curve

EXPONENTIAL, EMAX = int(Curve.EXPONENTIAL), int(Curve.EMAX)
DELAYED, EARLY_STEP = int(Curve.DELAYED), int(Curve.EARLY_STEP)
LATENT = int(Line.LATENT)
LN_2 = math.log(2.0)


@compiled
def fill_curve(row, powers, start, gain, half, relapse, lines):
    """Fill the line of latent relief at sessions 1, 2, ...; `powers[s]` is (s + 1) ** hill.

    latent(s) = start + gain * progress(min(s, last gain session)) * kept(s), in points.
    """
    lag = row.delay_share * half if row.curve == DELAYED else 0.0
    decay = math.exp(-LN_2 / (half - lag))
    half_power = half**row.hill if row.curve == EMAX else 0.0
    left, kept, progress = 1.0, 1.0, 0.0
    for s in range(lines.shape[1]):
        session = s + 1.0
        if session <= row.last_gain_session:
            if row.curve == EXPONENTIAL:
                left *= decay
                progress = 1.0 - left
            elif row.curve == EMAX:
                progress = powers[s] / (powers[s] + half_power)
            elif row.curve == DELAYED:
                if session > lag:
                    first = session - lag <= 1.0
                    left = decay ** (session - lag) if first else left * decay
                    progress = 1.0 - left
            elif row.curve == EARLY_STEP:
                progress = 1.0 if session >= math.floor(half + 0.5) else 0.0
            else:
                progress = 1.0
        if session > relapse:
            kept *= 1.0 - row.relapse_loss
        lines[LATENT, s] = start + gain * progress * kept
