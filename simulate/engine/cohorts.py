"""Many cohorts: every patient of every replicate, in order of replicates."""

# mypy: disable-error-code="no-untyped-def"

from simulate.engine.compiled import compiled
from simulate.engine.course import LATENT, follow, operate
from simulate.engine.curve import EMAX, fill_curve
from simulate.engine.patient import draw_traits, fill_rise_chances
from simulate.engine.records import Fact, Line
from simulate.engine.report import expected_report, fill_session_sd

EXPECTED = int(Line.EXPECTED)
LEVEL, SITE, AETIOLOGY = int(Fact.LEVEL), int(Fact.SITE), int(Fact.AETIOLOGY)
FLOW, IS_SHAM, RISES = int(Fact.FLOW), int(Fact.IS_SHAM), int(Fact.RISES)
ASYMPTOTE, HALF = int(Fact.ASYMPTOTE), int(Fact.HALF_GAIN_SESSIONS)
RELAPSE, GRID = int(Fact.RELAPSE_SESSION), int(Fact.GRID)


@compiled
def fill_cohorts(key, part, cohorts, first, lesions, codes, dates, space, asked, answers, sizes):
    """Fill the answers of the cohorts from `part[0]` to `part[1]`; runs without the lock.

    Parameters
    ----------
    cohorts
        Rows of parameters and numbers of replicates, (R,) each.
    first
        Number of the first patient drawn.
    codes
        Of the level and causes that shift the response.
    asked
        Numbers of the `Line`s and of the `Fact`s that are wanted.
    answers
        Arrays (lines asked, R, N, H) and (facts asked, R, N).
    sizes
        Sessions followed; sessions said by those who have stopped; whether some patients are not
        analysed, whether expected reports and whether surgery are wanted.
    """
    lines_asked, facts_asked = asked
    by_session, by_patient = answers
    followed, said_to, with_flow, with_expected, with_surgery = sizes
    n_patients, horizon = by_session.shape[2], by_session.shape[3]
    edges, guide, level, site, cause = lesions
    lines, facts, sd, powers, words, chances = space
    limits = followed, said_to
    rows, replicates = cohorts
    for r in range(part[0], part[1]):
        row, replicate = rows[r], replicates[r]
        prepare(row, lesions, codes, space)
        for i in range(n_patients):
            patient = first + i
            traits = draw_traits(key, replicate, patient, row, edges, guide, chances, with_flow)
            curve = traits.start, traits.asymptote - traits.start, traits.half, traits.relapse
            fill_curve(row, powers, *curve, lines)
            follow(key, replicate, patient, row, dates, traits, lines, facts, sd, words, limits)
            if with_surgery:
                operate(key, replicate, patient, row, facts)
            if with_expected:
                fill_expected(row, traits, lines, sd, horizon)
            fill_facts(traits, facts)
            facts[LEVEL], facts[SITE] = level[traits.lesion], site[traits.lesion]
            facts[AETIOLOGY] = cause[traits.lesion]
            for a in range(len(lines_asked)):
                for s in range(horizon):
                    by_session[a, r, i, s] = lines[lines_asked[a], s]
            for a in range(len(facts_asked)):
                by_patient[a, r, i] = facts[facts_asked[a]]


@compiled
def prepare(row, lesions, codes, space):
    """Fill what all patients of a cohort share."""
    fill_rise_chances(row, lesions, codes[:1], codes[1:], space.chances)
    fill_session_sd(row, space.sd)
    if row.curve == EMAX:
        for s in range(len(space.powers)):
            space.powers[s] = (s + 1.0) ** row.hill


@compiled
def fill_expected(row, traits, lines, sd, horizon):
    """Fill the mean reports of a patient."""
    for s in range(horizon):
        of_patient = sd[s] * traits.noise_factor
        lines[EXPECTED, s] = expected_report(row, lines[LATENT, s], of_patient, traits.grid)


@compiled
def fill_facts(traits, facts):
    """Put down who the patient is."""
    facts[FLOW] = traits.flow
    facts[IS_SHAM] = 1.0 if traits.is_sham else 0.0
    facts[RISES] = 1.0 if traits.rises else 0.0
    facts[ASYMPTOTE] = traits.asymptote
    facts[HALF] = traits.half
    facts[RELAPSE] = traits.relapse
    facts[GRID] = traits.grid
