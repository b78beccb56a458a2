with courses as (
    select
        patient_id,
        min(session_date) as first_session_date,
        max(session_date) as last_session_date,
        cast(count(*) as integer) as n_sessions,
        max(course_no) as n_courses,
        median(days_since_previous) as median_interval_days,
        min(days_since_previous) filter (
            where session_no <= {{ var('test_period_sessions') }}
        ) as shortest_gap_days,
        max(days_since_previous) filter (
            where session_no <= {{ var('test_period_sessions') }}
        ) as longest_gap_days,
        bool_or(has_covid_gap) filter (
            where session_no <= {{ var('test_period_sessions') }}
        ) as has_covid_gap
    from {{ ref('int_session_intervals') }}
    group by patient_id
),

-- `ongoing` is no record of a stop: whether a patient goes on is judged by the sessions.
records as (
    select
        patient_id,
        coalesce(stop_reason = 'ongoing', false) as is_recorded_ongoing,
        nullif(stop_reason, 'ongoing') as recorded_reason,
        case when coalesce(stop_reason, '') <> 'ongoing' then stop_date end as recorded_date
    from {{ ref('stg_patients') }}
),

evidence as (
    select
        courses.*,
        analysis_window.window_end,
        records.is_recorded_ongoing,
        records.recorded_reason,
        surgeries.surgery_date,
        coalesce(
            records.recorded_date,
            case
                when coalesce(records.recorded_reason, 'emcs_surgery') = 'emcs_surgery'
                    then surgeries.surgery_date
            end
        ) as known_stop_date,
        analysis_window.window_end - courses.last_session_date <= greatest(
            {{ var('ongoing_gap_days') }},
            {{ var('ongoing_interval_multiple') }} * courses.median_interval_days
        ) as is_recent
    from courses
    inner join records on courses.patient_id = records.patient_id
    cross join {{ ref('int_analysis_window') }} as analysis_window
    left join {{ ref('int_surgeries') }} as surgeries on courses.patient_id = surgeries.patient_id
),

judged as (
    select
        *,
        case
            -- What comes after the endpoint has not happened yet at the endpoint.
            when known_stop_date > window_end then true
            -- Resumed after the known stop and still coming: that stop was not the final one.
            when known_stop_date < last_session_date and is_recent then true
            when known_stop_date is not null or recorded_reason is not null then false
            else is_recent
        end as is_ongoing
    from evidence
)

select
    patient_id,
    first_session_date,
    last_session_date,
    n_sessions,
    n_courses,
    median_interval_days,
    case
        when n_sessions < {{ var('test_period_sessions') }} then null
        when
            shortest_gap_days >= {{ var('conform_gap_days')[0] }}
            and longest_gap_days <= {{ var('conform_gap_days')[1] }}
            then 'conform'
        when
            shortest_gap_days >= {{ var('tolerated_gap_days')[0] }}
            and longest_gap_days <= {{ var('tolerated_gap_days')[1] }}
            then 'tolerated'
        else 'stretched'
    end as test_period_conformity,
    has_covid_gap,
    (last_session_date - first_session_date) / 365.25 as follow_up_years,
    is_ongoing,
    case
        when is_ongoing then 'ongoing'
        when recorded_reason is not null then recorded_reason
        when surgery_date is not null then 'emcs_surgery'
        when known_stop_date is null then 'lost_to_follow_up'
    end as stop_reason,
    case
        when not is_ongoing then greatest(known_stop_date, last_session_date)
    end as stop_date,
    -- Sessions went on after it: an earlier episode, not the final stop.
    case
        when known_stop_date < last_session_date then known_stop_date
    end as resumed_after_date,
    is_recorded_ongoing and not is_ongoing as is_ongoing_stale
from judged
