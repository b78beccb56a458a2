select
    patients.row_key,
    patients.patient_id,
    patients.age_years,
    patients.sex,
    patients.laterality,
    patients.topography,
    patients.lesion_level,
    patients.lesion_site,
    patients.aetiology,
    case patients.aetiology
        when 'ischaemic_stroke' then 'ischaemic'
        when 'haemorrhagic_stroke' then 'haemorrhagic'
        when 'stroke_unspecified' then 'unknown'
    end as stroke_type,
    patients.pain_duration_years,
    patients.nrs_initial,
    courses.first_session_date,
    courses.last_session_date,
    courses.n_sessions,
    courses.follow_up_years,
    patients.exclusion_reason,
    courses.stop_reason,
    courses.stop_date,
    courses.is_ongoing,
    courses.n_courses,
    courses.median_interval_days,
    courses.test_period_conformity,
    courses.has_covid_gap,
    coalesce(surgeries.is_followed, false) as is_operated,
    case
        when patients.exclusion_reason is not null then 'excluded_unassessable'
        when courses.n_sessions >= {{ var('test_period_sessions') }} then 'analysed'
        when courses.is_ongoing then 'test_period_censored'
        else 'protocol_violation'
    end as flow_state,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from {{ ref('int_patient_course') }} as courses
inner join {{ ref('stg_patients') }} as patients on courses.patient_id = patients.patient_id
left join {{ ref('int_surgeries') }} as surgeries on courses.patient_id = surgeries.patient_id
