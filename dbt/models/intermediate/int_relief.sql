with reports as (
    select
        numbered.patient_id,
        numbered.session_no,
        sessions.row_key,
        sessions.pain_relief_pct,
        sessions.relief_duration_days,
        sessions.evaluation_date
    from {{ ref('int_sessions_numbered') }} as numbered
    inner join {{ ref('stg_sessions') }} as sessions on numbered.row_key = sessions.row_key
    where numbered.session_no is not null
),

-- The report of session k stands on its own row, or on the row of the patient's next session.
attributed as (
    select
        intervals.row_key,
        intervals.patient_id,
        intervals.session_no,
        intervals.session_date,
        intervals.next_date,
        reports.row_key as relief_row_key,
        reports.pain_relief_pct,
        coalesce(
            reports.relief_duration_days,
            case when {{ var('dpr_skip_logic') }} and reports.pain_relief_pct = 0 then 0 end
        ) as relief_duration_days,
        reports.evaluation_date
    from {{ ref('int_session_intervals') }} as intervals
    left join reports
        on
            intervals.patient_id = reports.patient_id
            and intervals.session_no + {{ var('pr_lag_visits') }} = reports.session_no
)

select
    row_key,
    patient_id,
    session_no,
    session_date,
    relief_row_key,
    pain_relief_pct,
    relief_duration_days,
    evaluation_date,
    case
        when evaluation_date is not null
            then
                evaluation_date - session_date > {{ var('latest_question_days') }}
                or coalesce(evaluation_date > next_date, false)
    end as is_asked_late,
    relief_duration_days > evaluation_date - session_date as is_relief_duration_capped
from attributed
