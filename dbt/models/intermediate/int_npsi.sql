with answers as (
    select
        row_key,
        patient_id,
        0 as session_no,
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
        session_no,
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
    from {{ ref('int_sessions_numbered') }}
    where session_no is not null
)

-- A sum with a missing item is missing: no dimension and no total is ever made of part of its
-- items, but for evoked pain, which two of its three items decide (R12).
select
    row_key,
    patient_id,
    session_no,
    cast(q1 as double) as burning,
    (q2 + q3) / 2 as deep,
    (q5 + q6) / 2 as paroxysmal,
    case
        when list_count([q8, q9, q10]) >= 2 then list_avg([q8, q9, q10])
    end as evoked,
    (q11 + q12) / 2 as paresthesia,
    cast(q1 + q2 + q3 + q5 + q6 + q8 + q9 + q10 + q11 + q12 as double) as gnpsi
from answers
