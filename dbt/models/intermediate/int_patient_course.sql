with sessions as (
    select
        patient_id,
        session_date,
        session_date - lag(session_date) over (
            partition by patient_id
            order by session_no
        ) as interval_days
    from {{ ref('int_sessions_numbered') }}
    where session_no is not null
),

courses as (
    select
        patient_id,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date,
        cast(count(*) as integer) as n_sessions,
        median(interval_days) as median_interval_days
    from sessions
    group by patient_id
),

surgeries as (
    select
        patient_id,
        min(surgery_date) as surgery_date
    from {{ ref('stg_emcs_visits') }}
    group by patient_id
),

evidence as (
    select
        courses.*,
        analysis_window.window_end,
        patients.stop_reason as recorded_reason,
        patients.stop_date as recorded_date,
        surgeries.surgery_date,
        coalesce(
            patients.stop_date,
            case
                when coalesce(patients.stop_reason, 'emcs_surgery') = 'emcs_surgery'
                    then surgeries.surgery_date
            end
        ) as known_stop_date,
        analysis_window.window_end - courses.last_session_date <= greatest(
            {{ var('ongoing_gap_days') }},
            {{ var('ongoing_interval_multiple') }} * courses.median_interval_days
        ) as is_recent
    from courses
    inner join {{ ref('stg_patients') }} as patients on courses.patient_id = patients.patient_id
    cross join {{ ref('int_analysis_window') }} as analysis_window
    left join surgeries on courses.patient_id = surgeries.patient_id
),

judged as (
    select
        *,
        case
            when recorded_reason = 'ongoing' then true
            -- What comes after the endpoint has not happened yet at the endpoint.
            when known_stop_date > window_end then true
            -- Resumed after the recorded stop and still coming: that stop was not the final one.
            when recorded_date < last_session_date and is_recent then true
            when recorded_reason is not null or known_stop_date is not null then false
            else is_recent
        end as is_ongoing
    from evidence
)

select
    patient_id,
    first_session_date,
    last_session_date,
    n_sessions,
    median_interval_days,
    (last_session_date - first_session_date) / 365.25 as follow_up_years,
    is_ongoing,
    case
        when is_ongoing then 'ongoing'
        when recorded_reason is not null then recorded_reason
        when surgery_date is not null then 'emcs_surgery'
        when recorded_date is null then 'lost_to_follow_up'
    end as stop_reason,
    case
        when not is_ongoing then greatest(known_stop_date, last_session_date)
    end as stop_date
from judged
