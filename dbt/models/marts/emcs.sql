with surgeries as (
    select
        surgeries.row_key,
        surgeries.patient_id,
        surgeries.surgery_date
    from {{ ref('int_surgeries') }} as surgeries
    inner join {{ ref('patients') }} as patients on surgeries.patient_id = patients.patient_id
    where surgeries.is_followed
),

rtms as (
    select
        surgeries.patient_id,
        cast(count(*) as integer) as n_sessions_before,
        -- any_value() would skip a missing relief and hand over an older session's.
        last(sessions.pain_relief_pct order by sessions.session_no) as rtms_last_relief_pct
    from surgeries
    inner join {{ ref('sessions') }} as sessions
        on
            surgeries.patient_id = sessions.patient_id
            and surgeries.surgery_date > sessions.session_date
    group by surgeries.patient_id
),

implants as (
    select
        surgeries.patient_id,
        max(visits.n_electrodes) filter (
            where visits.surgery_date = surgeries.surgery_date
        ) as n_electrodes,
        bool_or(visits.has_complication) as has_complication
    from surgeries
    cross join {{ ref('int_analysis_window') }} as analysis_window
    inner join {{ ref('stg_emcs_visits') }} as visits
        on
            surgeries.patient_id = visits.patient_id
            and surgeries.surgery_date <= visits.visit_date
            and analysis_window.emcs_end >= visits.visit_date
    group by surgeries.patient_id
)

select
    surgeries.row_key,
    surgeries.patient_id,
    surgeries.surgery_date,
    rtms.rtms_last_relief_pct,
    rtms.rtms_last_relief_pct >= {{ var('responder_threshold_pct') }} as rtms_last_is_responder,
    coalesce(rtms.n_sessions_before, 0) as n_sessions_before,
    status.responder_status,
    evaluations.first_relief_pct as emcs_first_relief_pct,
    evaluations.first_months as emcs_first_months,
    {{ relief_category('evaluations.first_relief_pct') }} as emcs_category,
    evaluations.first_months between {{ var('emcs_first_window_months')[0] }}
    and {{ var('emcs_first_window_months')[1] }} as is_first_in_window,
    evaluations.is_first_conventional,
    evaluations.last_relief_pct as emcs_last_relief_pct,
    evaluations.last_months as emcs_last_months,
    coalesce(evaluations.n_evaluations, 0) as n_evaluations,
    implants.n_electrodes,
    implants.has_complication,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from surgeries
left join rtms on surgeries.patient_id = rtms.patient_id
left join {{ ref('int_emcs_evaluations') }} as evaluations
    on surgeries.patient_id = evaluations.patient_id
left join implants on surgeries.patient_id = implants.patient_id
left join {{ ref('status') }} as status on surgeries.patient_id = status.patient_id
