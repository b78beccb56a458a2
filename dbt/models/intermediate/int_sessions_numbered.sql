with patients as (
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
        sessions.row_key,
        sessions.patient_id,
        sessions.session_no_recorded,
        sessions.session_date,
        sessions.session_time,
        sessions.n_pulses,
        case
            when patients.patient_id is null then 'patient_unknown'
            -- An empty cell was read as 20 Hz over M1; what is missing here was not legible.
            when sessions.protocol is null then 'protocol_unknown'
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
    from {{ ref('stg_sessions') }} as sessions
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
                n_pulses desc nulls last,
                session_time desc nulls last,
                session_no_recorded desc,
                row_key desc
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
    end as session_no
from judged
