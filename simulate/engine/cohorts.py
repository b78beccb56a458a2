"""Many cohorts: every patient of every replicate, in order of replicates."""

# mypy: disable-error-code="no-untyped-def"

import numpy as np

from simulate.engine.compiled import compiled
from simulate.engine.course import follow
from simulate.engine.curve import EMAX, fill_curve
from simulate.engine.patient import draw_traits, fill_rise_chances
from simulate.engine.report import expected_report, fill_session_sd


@compiled
def fill_cohorts(key, rows, replicates, first_patient, lesions, codes, dates, scratch, out, sizes):
    """Fill the answers of cohorts whose parameters are `rows`; runs without the lock.

    `first_patient` is the number of the first patient drawn, `codes` those of `patient`'s shifts,
    `sizes` (patients, sessions filled, sessions followed, whether some are not analysed).
    """
    n_patients, horizon, followed, with_flow = sizes
    chances = np.empty(len(lesions.edges))
    for r in range(len(rows)):
        row, replicate = rows[r], replicates[r]
        fill_rise_chances(row, lesions, codes[:1], codes[1:], chances)
        fill_session_sd(row, scratch.sd)
        if row.curve == EMAX:
            for s in range(followed):
                scratch.powers[s] = (s + 1.0) ** row.hill
        for i in range(n_patients):
            number = first_patient + i
            traits = draw_traits(key, replicate, number, row, lesions, chances, with_flow != 0)
            gain = traits.asymptote - traits.start
            curve = traits.start, gain, traits.half, traits.relapse
            fill_curve(row, scratch.powers, *curve, scratch.latent)
            place, shape = (i, number), (horizon, followed)
            follow(key, replicate, place, row, dates, traits, scratch, out, r, shape)
            _fill_truth(row, traits, lesions, scratch, out, r, i, horizon)


@compiled
def _fill_truth(row, traits, lesions, scratch, out, r, i, horizon):
    if out.latent.size > 0:
        for s in range(horizon):
            out.latent[r, i, s] = scratch.latent[s]
    if out.expected.size > 0:
        for s in range(horizon):
            sd = scratch.sd[s] * traits.noise_factor
            out.expected[r, i, s] = expected_report(row, scratch.latent[s], sd, traits.grid)
    if out.level.size > 0:
        out.level[r, i] = lesions.level[traits.lesion]
        out.site[r, i] = lesions.site[traits.lesion]
        out.aetiology[r, i] = lesions.aetiology[traits.lesion]
        out.flow[r, i] = traits.flow
        out.is_sham[r, i] = traits.is_sham
    if out.asymptote.size > 0:
        out.asymptote[r, i] = traits.asymptote
        out.half_gain_sessions[r, i] = traits.half
        out.relapse_session[r, i] = traits.relapse
        out.rises[r, i] = traits.rises
        out.grid[r, i] = traits.grid
