"""Every number of a world that may differ between the members of an ensemble, declared once.

Here: name, part of the scenario, unit, range and meaning of each parameter, and the codes of the
structures. Not here: values (`scenarios/*.yaml`), priors (the calibration's own file), or what the
numbers do (`simulate/engine`). Points are points of pain relief on the unbounded latent scale.
"""

from dataclasses import dataclass
from enum import IntEnum


class Curve(IntEnum):
    """How the gain of relief builds up with sessions (docs/simulation.md, equations 3a-3e)."""

    EXPONENTIAL = 0
    EMAX = 1
    DELAYED = 2
    EARLY_STEP = 3
    FLAT = 4


class Noise(IntEnum):
    """Whose session noise differs: nobody's, by session, or by patient (equation 5)."""

    CONSTANT = 0
    BY_SESSION = 1
    BY_PATIENT = 2


class DropOut(IntEnum):
    """What the hazard of a stop for want of relief reads: the record, or the latent state."""

    MAR = 0
    MNAR = 1


STRUCTURES: dict[str, type[IntEnum]] = {"curve": Curve, "noise": Noise, "drop_out": DropOut}


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, the scenario's part it stands in, unit, range (closed), meaning."""

    name: str
    part: str
    unit: str
    low: float
    high: float
    meaning: str


def _part(part: str, rows: str) -> tuple[Parameter, ...]:
    """Read rows `name | unit | low | high | meaning`."""
    parameters = []
    for row in rows.strip().splitlines():
        name, unit, low, high, meaning = (cell.strip() for cell in row.split("|"))
        parameters.append(Parameter(name, part, unit, float(low), float(high), meaning))
    return tuple(parameters)


RESPONSE = _part(
    "response",
    """
    rise_share           | share     |    0 |    1 | patients whose relief rises, without a shift
    shift_peripheral     | log odds  |   -8 |    8 | added for a peripheral lesion
    shift_ischaemic      | log odds  |   -8 |    8 | added after an ischaemic stroke
    shift_haemorrhagic   | log odds  |   -8 |    8 | added after a haemorrhagic stroke
    start_mean           | points    | -150 |  100 | latent relief before session 1, mean
    start_sd             | points    |    0 |   60 | the same, SD between patients
    rise_mean            | points    |  -50 |  200 | latent plateau of risers, mean
    rise_sd              | points    |    0 |   80 | the same, SD between patients
    still_mean           | points    | -150 |  100 | latent plateau of the others, mean
    still_sd             | points    |    0 |   80 | the same, SD between patients
    half_gain_sessions   | sessions  | 0.05 |   60 | sessions to half of the gain, median
    half_gain_log_sd     | log       |    0 |    2 | SD of its logarithm between patients
    hill                 | exponent  |  0.3 |    8 | steepness of the Emax curve
    delay_share          | share     |    0 | 0.95 | of these sessions, without any gain (delayed)
    last_gain_session    | session   |    1 |  999 | session after which nothing more is gained
    relapse_share        | share     |    0 |    1 | of those whose relief rises, who lose it again
    relapse_first        | session   |    1 |  100 | earliest session of a relapse
    relapse_delay        | sessions  |    0 |  100 | mean sessions from there to the relapse
    relapse_loss         | share     |    0 |    1 | of the gain, lost a session in relapse
    gap_loss             | share     |    0 |    1 | of the gain, lost a week of pause beyond eight
    sham_share           | share     |    0 |    1 | patients allotted to sham stimulation
    sham_gain            | share     |    0 |    1 | of the gain, also reached under sham
    """,
)
MEASUREMENT = _part(
    "measurement",
    """
    noise_sd             | points    |  0.1 |   80 | SD of a report's usual noise
    noise_first_factor   | ratio     |  0.2 |    5 | SD at session 1 over late ones (by session)
    noise_log_sd         | log       |    0 |  1.5 | SD of the log noise SD (by patient)
    outlier_share        | share     |    0 |  0.5 | reports whose noise is wider
    outlier_factor       | ratio     |    1 |   10 | how much wider
    zero_share           | share     |    0 |    1 | reports of `no relief` whatever was felt
    heap_10              | share     |    0 |    1 | patients who answer in tens
    heap_5               | share     |    0 |    1 | patients who answer in fives; the rest in ones
    assessment_shared    | share     |    0 |    1 | of session 4's noise, in the assessment
    assessment_sd        | points    |  0.1 |   80 | SD of the assessment's own noise
    missing_assessment   | share     |    0 |    1 | assessments not recorded
    missing_responder_1  | share     |    0 |    1 | reports of session 1 not recorded, responders
    missing_responder_2  | share     |    0 |    1 | of session 2
    missing_responder_3  | share     |    0 |    1 | of session 3
    missing_responder_4  | share     |    0 |    1 | of session 4
    missing_other_1      | share     |    0 |    1 | the same, non-responders
    missing_other_2      | share     |    0 |    1 | of session 2
    missing_other_3      | share     |    0 |    1 | of session 3
    missing_other_4      | share     |    0 |    1 | of session 4
    missing_later        | share     |    0 |    1 | reports after session 4 not recorded
    missing_last         | share     |    0 |    1 | last reports lost with the patient
    duration_base        | days      |  0.1 |   60 | mean days of relief just above 0 %
    duration_per_point   | days/point |    0 |    2 | more days a point of reported relief
    duration_shape       | Weibull   |  0.3 |   10 | shape of the days of relief; 1 is exponential
    missing_duration     | share     |    0 |    1 | days of relief not recorded beside relief
    """,
)
COURSE = _part(
    "course",
    """
    excluded_share       | share     |    0 |  0.5 | treated, but found impossible to assess
    early_stop_share     | share     |    0 |  0.5 | stop before session 4
    adverse_event_share  | share     |    0 |    1 | patients with one mild, reversible side effect
    extra_share          | share     |    0 |    1 | non-responders offered sessions beyond 4
    extra_stop           | hazard    |    0 |    1 | their stop a session while below 10 %
    efficacy_at_zero     | log odds  |  -20 |   20 | stop for want of relief, at zero relief
    efficacy_per_point   | 1/point   |   -2 |    0 | its change a point of relief
    surgery_hazard       | hazard    |    0 |    1 | surgery a session, at 40 points of relief
    surgery_per_point    | 1/point   | -0.5 |  0.5 | change of its logarithm a point of relief
    surgery_last         | session   |    4 |  999 | after it surgery is no longer proposed
    other_hazard         | hazard    |    0 |    1 | any other stop a session, mean
    other_log_sd         | log       |    0 |    4 | SD between patients of its logarithm
    reason_event         | share     |    0 |    1 | of other stops: intercurrent event
    reason_choice        | share     |    0 |    1 | of other stops: the patient's choice
    reason_tolerance     | share     |    0 |    1 | of other stops: tolerance; the rest are lost
    test_gap_low         | days      |    1 |   90 | shortest interval of the test period
    test_gap_high        | days      |    1 |  120 | longest interval of the test period
    interval_mean        | days      |    3 |  180 | mean interval of maintenance
    interval_sd          | days      |    0 |  120 | its SD within and between patients
    interval_low         | days      |    1 |   60 | shortest interval of maintenance
    interval_adapts      | days/day  |    0 |    3 | longer interval a day of relief above ten
    summer_share         | share     |    0 |    1 | August sessions put off to September
    """,
)
SURGERY = _part(
    "surgery",
    """
    emcs_intercept       | points    | -100 |  100 | first eMCS relief at zero rTMS relief
    emcs_slope           | ratio     |   -2 |    2 | its change a point of the last rTMS relief
    emcs_sd              | points    |  0.1 |   80 | residual SD of the first eMCS relief
    emcs_later_slope     | ratio     |   -2 |    2 | later on first eMCS relief, about 45 points
    emcs_later_sd        | points    |  0.1 |   80 | residual SD of the later eMCS relief
    theta_burst_share    | share     |    0 |    1 | operated patients whose stimulation changes
    one_visit_share      | share     |    0 |    1 | operated patients with a first visit only
    """,
)
QUESTIONNAIRE = _part(
    "questionnaire",
    """
    npsi_available       | share     |    0 |    1 | patients with a baseline NPSI
    npsi_answered        | share     |    0 |    1 | of them, NPSI answered at a later visit
    burning_mean         | points/10 |  -20 |   20 | latent burning item, mean
    burning_sd           | points/10 |  0.1 |   20 | the same, SD
    deep_mean            | points/10 |  -20 |   20 | latent deep pain items, mean
    deep_sd              | points/10 |  0.1 |   20 | the same, SD
    paroxysmal_mean      | points/10 |  -20 |   20 | latent paroxysmal items, mean
    paroxysmal_sd        | points/10 |  0.1 |   20 | the same, SD
    evoked_mean          | points/10 |  -20 |   20 | latent evoked pain items, mean
    evoked_sd            | points/10 |  0.1 |   20 | the same, SD
    paresthesia_mean     | points/10 |  -20 |   20 | latent paresthesia items, mean
    paresthesia_sd       | points/10 |  0.1 |   20 | the same, SD
    npsi_patient_share   | share     |    0 |    1 | of an item's variance, shared in a patient
    npsi_dimension_share | share     |    0 |    1 | of an item's variance, shared in a dimension
    npsi_visit_sd        | points/10 |    0 |   10 | SD of an item between visits
    npsi_drift           | points/10 |   -5 |    5 | change of an item a session, without relief
    npsi_drift_per_point | 1/10      |   -1 |    1 | its change a point of mean relief
    """,
)
PARAMETERS = RESPONSE + MEASUREMENT + COURSE + SURGERY + QUESTIONNAIRE
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
PARTS = ("response", "measurement", "course", "surgery", "questionnaire")
