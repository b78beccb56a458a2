"""The priors do not answer the question: what they imply before any report."""

import numpy as np

from bayes.curves import COURSES
from bayes.parameters import NAMES, values
from bayes.population import draw_courses
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, saturation_session


def prior_courses(n=6000, seed=1):
    rng = np.random.default_rng(seed)
    natural = values(rng.standard_normal((n, len(NAMES))))
    chance = natural[:, [NAMES.index("rising_share")]]
    effects = draw_courses(natural, chance, rng)
    return natural, effects, mean_reports(natural, effects, SESSIONS)[:, 0]


def test_saturation_may_be_at_once_or_after_fifteen_sessions():
    """Of rising courses with a meaningful plateau: each end at least 5 %, six is no centre."""
    _, effects, course = prior_courses()
    session = saturation_session(course)[effects[:, 0, 0] != COURSES.index("flat")]
    known = session[np.isfinite(session)]
    assert (known <= 1).mean() >= 0.05
    assert (known > 15).mean() >= 0.05
    within_one_of_six = (np.abs(known - 6) <= 1).mean()
    assert within_one_of_six < 0.25
