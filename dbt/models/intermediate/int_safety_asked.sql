with answers as (
    select
        sessions.patient_id,
        sessions.side_effect is not null as side_effect,
        sessions.pain_relief_pct is not null or negative.row_key is not null as relief,
        npsi.gnpsi is not null and baseline.gnpsi is not null as npsi,
        assessed.row_key is not null as is_assessed_below_zero
    from {{ ref('sessions') }} as sessions
    inner join {{ ref('npsi') }} as npsi on sessions.row_key = npsi.row_key
    inner join {{ ref('npsi') }} as baseline
        on
            sessions.patient_id = baseline.patient_id
            and baseline.session_no = 0
    left join {{ ref('int_negative_relief') }} as negative
        on sessions.relief_row_key = negative.row_key
    left join {{ ref('int_negative_relief') }} as assessed
        on baseline.row_key = assessed.row_key
),

by_patient as (
    select
        answers.patient_id,
        count(*) as n_sessions,
        count(*) filter (where answers.side_effect) as side_effect,
        count(*) filter (where answers.relief) as relief,
        count(*) filter (where answers.npsi) as npsi,
        bool_or(answers.is_assessed_below_zero) as is_assessed_below_zero
    from answers
    group by answers.patient_id
),

by_question as (
    unpivot by_patient on side_effect, relief, npsi into name question value n_answered
)

select
    question,
    'session' as unit,
    cast(sum(n_answered) as integer) as n_asked,
    cast(sum(n_sessions) as integer) as n_units
from by_question
group by question
union all
select
    question,
    'patient' as unit,
    cast(count(*) filter (
        where n_answered > 0 or (question = 'relief' and is_assessed_below_zero)
    ) as integer) as n_asked,
    cast(count(*) as integer) as n_units
from by_question
group by question
union all
-- Who was lost did not say why.
select
    'stop_reason' as question,
    'patient' as unit,
    cast(count(*) filter (where stop_reason <> 'lost_to_follow_up') as integer) as n_asked,
    cast(count(*) as integer) as n_units
from {{ ref('patients') }}
union all
select
    'complication' as question,
    'surgery' as unit,
    cast(count(has_complication) as integer) as n_asked,
    cast(count(*) as integer) as n_units
from {{ ref('emcs') }}
