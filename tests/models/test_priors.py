"""The priors do not answer the question: what they imply before any report."""

import numpy as np

from bayes.curves import COURSES
from bayes.parameters import NAMES, values
from bayes.population import draw_courses
from bayes.posterior import mean_reports
from bayes.quantities import SESSIONS, saturation_session
from bayes.replicate import draw_from_prior


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


def test_the_published_variability_is_no_surprise_to_the_prior():
    """SD of a session 23-28 points, mean correlation of sessions .2-.5: well inside 90 %."""
    rng = np.random.default_rng(2)
    spread, correlation = [], []
    for _ in range(120):
        sessions = draw_from_prior(120, 4, rng).sessions
        wide = sessions.pivot(index="patient_id", columns="session_no", values="pain_relief_pct")
        spread.append(wide.std().mean())
        found = wide.corr().to_numpy()[np.triu_indices(4, 1)]
        correlation.append(np.nanmean(found) if np.isfinite(found).any() else 0.0)
    for published, drawn in (((23, 28), spread), ((0.2, 0.5), correlation)):
        low, high = np.quantile(drawn, (0.05, 0.95))
        assert low < published[0] and published[1] < high
        assert np.mean((np.array(drawn) > published[0]) & (np.array(drawn) < published[1])) > 0.05
