with sessions as (
    select * from {{ ref('stg_sessions') }}
),

patients as (
    select patient_id from {{ ref('stg_patients') }}
),

analysis_window as (
    select
        window_start,
        window_end
    from {{ ref('int_analysis_window') }}
),

screened as (
    select
        sessions.*,
        case
            when patients.patient_id is null then 'patient_unknown'
            when sessions.protocol <> 'm1_20hz' then 'other_protocol'
            when sessions.session_date is null then 'date_missing'
            when
                sessions.session_date < analysis_window.window_start
                or sessions.session_date > analysis_window.window_end
                then 'outside_window'
            when
                sessions.n_pulses < {{ var('aborted_share') }} * {{ var('full_session_pulses') }}
                then 'aborted'
        end as screening_reason
    from sessions
    cross join analysis_window
    left join patients on sessions.patient_id = patients.patient_id
),

one_a_day as (
    select
        *,
        -- The most complete record of a day stands for it: most pulses, then latest start.
        row_number() over (
            partition by patient_id, session_date, screening_reason is null
            order by
                n_pulses desc nulls last, session_time desc nulls last, session_no_recorded desc
        ) as rank_in_day
    from screened
),

judged as (
    select
        *,
        case
            when screening_reason is not null then screening_reason
            when rank_in_day > 1 then 'same_day_duplicate'
        end as not_numbered_reason
    from one_a_day
)

select
    row_key,
    patient_id,
    session_no_recorded,
    session_date,
    not_numbered_reason,
    case
        when not_numbered_reason is null
            then cast(row_number() over (
                partition by patient_id, not_numbered_reason is null
                order by session_date
            ) as integer)
    end as session_no,
    pain_relief_pct,
    relief_duration_days,
    npsi_1,
    npsi_2,
    npsi_3,
    npsi_5,
    npsi_6,
    npsi_8,
    npsi_9,
    npsi_10,
    npsi_11,
    npsi_12,
    ssnpsi,
    side_effect
from judged
