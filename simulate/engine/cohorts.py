"""Many cohorts: every patient of every replicate, in order of replicates."""

# mypy: disable-error-code="no-untyped-def"

from simulate.engine import records
from simulate.engine.compiled import compiled
from simulate.engine.course import follow
from simulate.engine.curve import fill_curves, fill_powers
from simulate.engine.expected import fill_expected
from simulate.engine.operation import operate
from simulate.engine.patient import draw_patients, fill_rise_chances
from simulate.engine.records import Fact, Line
from simulate.engine.report import fill_missing, fill_session_sd

LANE = records.LANE
START, ASYMPTOTE = int(Fact.START), int(Fact.ASYMPTOTE)
HALF, RELAPSE = int(Fact.HALF_GAIN_SESSIONS), int(Fact.RELAPSE_SESSION)
LATENT, EXPECTED = int(Line.LATENT), int(Line.EXPECTED)


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
        Of the level and the causes that shift the response.
    asked
        Numbers of the `Line`s and of the `Fact`s that are wanted.
    answers
        Arrays (lines asked, R, N, H) and (facts asked, R, N).
    sizes
        Sessions followed; sessions said by those who have stopped; rounds of random numbers passed
        over; whether some patients are not analysed, whether expected reports and whether surgery
        are wanted.
    """
    n_patients, horizon = answers[0].shape[2], answers[0].shape[3]
    followed, said_to, passed, with_flow, with_expected, with_surgery = sizes
    lines, facts, words, who, sd, powers, _, chances = space
    limits = followed, said_to, horizon, passed
    rows, replicates = cohorts
    for r in range(part[0], part[1]):
        row = rows[r]
        prepare(row, lesions, codes, space)
        for start in range(0, n_patients, LANE):
            n = min(LANE, n_patients - start)
            place = replicates[r], first + start
            for i in range(n):
                who[i] = i
            draw_patients(key, place, who[:n], row, lesions, chances, words, facts, with_flow)
            curve = facts[START], facts[ASYMPTOTE], facts[HALF], facts[RELAPSE]
            fill_curves(row, powers, n, *curve, lines[LATENT])
            follow(key, place, row, dates, n, space, limits)
            if with_surgery:
                operate(key, place, row, n, facts)
            if with_expected:
                fill_expected(row, sd, n, horizon, facts, lines[LATENT], lines[EXPECTED])
            hand_over(asked, answers, r, start, n, lines, facts)


@compiled
def prepare(row, lesions, codes, space):
    """Fill what all patients of a cohort share."""
    fill_rise_chances(row, lesions, codes, space.chances)
    fill_session_sd(row, space.sd)
    fill_missing(row, space.missing)
    fill_powers(row, space.powers)


@compiled
def hand_over(asked, answers, r, start, n, lines, facts):
    """Copy what is asked of a lane to where it is asked for."""
    lines_asked, facts_asked = asked
    by_session, by_patient = answers
    for a in range(len(lines_asked)):
        line = lines[lines_asked[a]]
        for i in range(n):
            for s in range(by_session.shape[3]):
                by_session[a, r, start + i, s] = line[s, i]
    for a in range(len(facts_asked)):
        for i in range(n):
            by_patient[a, r, start + i] = facts[facts_asked[a], i]
