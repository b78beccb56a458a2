{% set items = [1, 2, 3, 5, 6, 8, 9, 10, 11, 12] %}
with answers as (
    select
        row_key,
        patient_id,
        npsi_baseline_total as gnpsi_recorded,
        cast(null as double) as ssnpsi_recorded,
        npsi_baseline_1 as q1,
        npsi_baseline_2 as q2,
        npsi_baseline_3 as q3,
        npsi_baseline_5 as q5,
        npsi_baseline_6 as q6,
        npsi_baseline_8 as q8,
        npsi_baseline_9 as q9,
        npsi_baseline_10 as q10,
        npsi_baseline_11 as q11,
        npsi_baseline_12 as q12
    from {{ ref('stg_patients') }}
    union all
    select
        row_key,
        patient_id,
        npsi_total as gnpsi_recorded,
        ssnpsi as ssnpsi_recorded,
        npsi_1 as q1,
        npsi_2 as q2,
        npsi_3 as q3,
        npsi_5 as q5,
        npsi_6 as q6,
        npsi_8 as q8,
        npsi_9 as q9,
        npsi_10 as q10,
        npsi_11 as q11,
        npsi_12 as q12
    from {{ ref('stg_sessions') }}
),

counted as (
    select
        *,
        cast(q8 is not null as integer) + cast(q9 is not null as integer)
        + cast(q10 is not null as integer) as n_evoked,
        {% for item in items %}
            cast(q{{ item }} is not null as integer){{ " + " if not loop.last }}
        {% endfor %} as n_items,
        {% for item in items %}
            coalesce(q{{ item }}, 0){{ " + " if not loop.last }}
        {% endfor %} as answered_sum
    from answers
),

-- A sum with a missing item is missing: no dimension and no total is ever made of part of its
-- items, but for evoked pain, which two of its three items decide (R12).
scored as (
    select
        row_key,
        patient_id,
        n_items,
        cast(q1 as double) as burning,
        (q2 + q3) / 2 as deep,
        (q5 + q6) / 2 as paroxysmal,
        case
            when n_evoked >= 2
                then (coalesce(q8, 0) + coalesce(q9, 0) + coalesce(q10, 0)) / n_evoked
        end as evoked,
        (q11 + q12) / 2 as paresthesia,
        case when n_items = 10 then cast(answered_sum as double) end as gnpsi,
        case when n_items in (8, 9) then answered_sum * 10 / n_items end as gnpsi_prorated,
        gnpsi_recorded,
        ssnpsi_recorded
    from counted
)

select
    row_key,
    patient_id,
    n_items,
    burning,
    deep,
    paroxysmal,
    evoked,
    paresthesia,
    gnpsi,
    gnpsi_prorated,
    2 * (burning + deep + paroxysmal + evoked + paresthesia) as gnpsi_equal_weight,
    gnpsi_recorded,
    gnpsi_recorded - gnpsi as recorded_difference,
    ssnpsi_recorded
from scored
