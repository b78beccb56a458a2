"""Why and when a course ends (equations 9-10): cause-specific hazards after each session."""

# mypy: disable-error-code="no-untyped-def"

import math

from simulate.engine.compiled import compiled, inlined
from simulate.engine.normal import score
from simulate.engine.records import Stop
from simulate.parameter_table import DropOut

MNAR = int(DropOut.MNAR)
STILL, EFFICACY, SURGERY = (
    int(Stop.STILL_TREATED),
    int(Stop.LOSS_OF_EFFICACY),
    int(Stop.EMCS_SURGERY),
)
EVENT, CHOICE = int(Stop.INTERCURRENT_EVENT), int(Stop.PATIENT_CHOICE)
TOLERANCE, LOST = int(Stop.TOLERANCE), int(Stop.LOST_TO_FOLLOW_UP)
TEST_SESSIONS = 4
SURGERY_CENTRE = 40.0
MOST = 0.5  # no other cause and no surgery takes more than half at one session


@compiled
def other_hazard(row, u):
    """The patient's own hazard of any other stop: log-normal about its mean (10)."""
    sd = row.other_log_sd
    return min(row.other_hazard * math.exp(sd * score(u) - 0.5 * sd * sd), MOST)


@inlined
def stop_after(row, k, recent, goes_well, other, u):
    """Return why the course ends after session k, or that it goes on.

    `recent` is what the hazards read: mean of the last three recorded reports under MAR, of the
    last three latent states under MNAR. It `goes_well` for responders and late responders.
    """
    odds = row.efficacy_at_zero + row.efficacy_per_point * recent
    above = row.surgery_per_point * (recent - SURGERY_CENTRE)
    hazard = row.surgery_hazard if k <= row.surgery_last else 0.0
    asks = k > TEST_SESSIONS
    # most go on, and are seen to without an exponential
    efficacy = exp_at_most(odds) if goes_well else row.extra_stop
    most = exp_at_most(above) if above != 0.0 else 1.0
    if u >= (efficacy if asks else 0.0) + most * hazard + other:
        return STILL
    if goes_well:
        efficacy = 1.0 / (1.0 + math.exp(-odds))
    efficacy = efficacy if asks else 0.0
    if u < efficacy:
        return EFFICACY
    surgery = min(hazard * math.exp(above), MOST)
    if u < efficacy + surgery:
        return SURGERY
    return LOST if u < efficacy + surgery + other else STILL


@inlined
def exp_at_most(x):
    """Return a bound of exp(x) from above, within a tenth between -4 and 2.

    The Taylor polynomial of third degree lies below the exponential everywhere.
    """
    t = -0.25 * x
    below = 1.0 + t * (1.0 + t * (0.5 + t / 6.0))
    square = below * below
    return 1.0 / (square * square) if t > -1.5 else math.inf


@compiled
def other_reason(row, u):
    """Which of the other reasons it was."""
    if u < row.reason_event:
        return EVENT
    if u < row.reason_event + row.reason_choice:
        return CHOICE
    if u < row.reason_event + row.reason_choice + row.reason_tolerance:
        return TOLERANCE
    return LOST
