with analysed as (
    select
        patients.patient_id,
        patients.lesion_level,
        patients.stroke_type,
        records.test_period_relief_pct,
        last_test_session.pain_relief_pct as session_relief_pct
    from {{ ref('patients') }} as patients
    inner join {{ ref('stg_patients') }} as records on patients.patient_id = records.patient_id
    inner join {{ ref('sessions') }} as last_test_session
        on
            patients.patient_id = last_test_session.patient_id
            and last_test_session.session_no = {{ var('test_period_sessions') }}
    where patients.flow_state = 'analysed'
),

decided as (
    select
        *,
        coalesce(test_period_relief_pct, session_relief_pct) as status_relief_pct,
        case
            when test_period_relief_pct is not null then 'test_period_assessment'
            when session_relief_pct is not null then 'session_4'
        end as status_source
    from analysed
)

select
    patient_id,
    status_relief_pct,
    status_source,
    case
        when status_relief_pct is null then 'unknown'
        when status_relief_pct >= {{ var('responder_threshold_pct') }} then 'responder'
        else 'non_responder'
    end as responder_status,
    case
        when status_relief_pct < {{ var('responder_threshold_pct') }} then 'failure'
        when status_relief_pct < {{ var('good_threshold_pct') }} then 'poor'
        when status_relief_pct < {{ var('excellent_threshold_pct') }} then 'good'
        when status_relief_pct is not null then 'excellent'
    end as relief_category,
    status_relief_pct >= {{ var('responder_threshold_pct') }} as is_ge10,
    status_relief_pct >= {{ var('moderate_threshold_pct') }} as is_ge30,
    status_relief_pct >= {{ var('substantial_threshold_pct') }} as is_ge50,
    lesion_level,
    stroke_type,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from decided
