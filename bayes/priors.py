"""All priors of the relief model, each with its reason.

Here: numbers. Not here: how they enter the model (`relief.py`). `docs/models.md` shows what they
imply for the quantities the study asks about.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Normal:
    """Normal prior: mean and standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Priors:
    """Priors of the relief model; latent points are points of pain relief without bounds.

    Attributes
    ----------
    start
        Latent relief b before the first session, points. Below zero because most first reports
        are 0; wide enough for half or nearly all of them.
    plateau_mean
        Mean latent plateau of patients whose relief rises, points.
    plateau_sd
        Scale of the half-normal spread of that plateau between patients, points.
    log_rate_mean
        Mean log rate per session. Neutral on the question of the study: 90 % of the way is done
        after ln(10) / rate sessions, so the prior median is 6 sessions, with about one patient in
        six within 2 sessions and one in four after 15.
    log_rate_sd
        Scale of the half-normal spread of the log rate between patients.
    rising
        Beta prior of the share of patients whose relief rises: symmetric, against 0 and 1.
    noise
        Scale of the half-normal logistic noise; 12 is a standard deviation of 22 points, the
        18-23 that the printed intervals of the study imply (audit finding 35).
    heaping
        Dirichlet prior of reporting in tens, in fives, in ones.
    """

    start: Normal = Normal(-15.0, 20.0)
    plateau_mean: Normal = Normal(30.0, 25.0)
    plateau_sd: float = 30.0
    log_rate_mean: Normal = Normal(-1.0, 1.2)
    log_rate_sd: float = 0.7
    rising: tuple[float, float] = (2.0, 2.0)
    noise: float = 12.0
    heaping: tuple[float, float, float] = (6.0, 3.0, 1.0)
