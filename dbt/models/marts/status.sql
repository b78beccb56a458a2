with session_reliefs as (
    select
        patient_id,
        max(pain_relief_pct) filter (
            where session_no = {{ var('test_period_sessions') }}
        ) as last_relief_pct,
        max(pain_relief_pct) filter (
            where session_no = {{ var('test_period_sessions') }} - 1
        ) as last_but_one_relief_pct,
        max(pain_relief_pct) as highest_relief_pct
    from {{ ref('sessions') }}
    where session_no <= {{ var('test_period_sessions') }}
    group by patient_id
),

decided as (
    select
        patients.patient_id,
        patients.lesion_level,
        patients.stroke_type,
        session_reliefs.last_but_one_relief_pct,
        session_reliefs.highest_relief_pct,
        coalesce(records.test_period_relief_pct, session_reliefs.last_relief_pct)
            as status_relief_pct,
        -- Missing unless both are known.
        (session_reliefs.last_but_one_relief_pct + session_reliefs.last_relief_pct) / 2
            as mean_relief_pct,
        case
            when records.test_period_relief_pct is not null then 'test_period_assessment'
            when session_reliefs.last_relief_pct is not null then 'session_4'
        end as status_source
    from {{ ref('patients') }} as patients
    inner join {{ ref('stg_patients') }} as records on patients.patient_id = records.patient_id
    inner join session_reliefs on patients.patient_id = session_reliefs.patient_id
    where patients.flow_state = 'analysed'
)

select
    patient_id,
    status_relief_pct,
    status_source,
    {{ responder_status('status_relief_pct') }} as responder_status,
    {{ relief_category('status_relief_pct') }} as relief_category,
    case
        when status_relief_pct < {{ var('responder_threshold_pct') }} then 'below_10'
        when status_relief_pct < {{ var('moderate_threshold_pct') }} then '10_29'
        when status_relief_pct < {{ var('substantial_threshold_pct') }} then '30_49'
        when status_relief_pct is not null then 'ge_50'
    end as relief_band,
    status_relief_pct >= {{ var('responder_threshold_pct') }} as is_ge10,
    status_relief_pct >= {{ var('moderate_threshold_pct') }} as is_ge30,
    status_relief_pct > {{ var('moderate_threshold_pct') }} as is_gt30,
    status_relief_pct >= {{ var('substantial_threshold_pct') }} as is_ge50,
    {{ responder_status('coalesce(status_relief_pct, last_but_one_relief_pct)') }}
        as responder_status_locf,
    {{ responder_status('coalesce(status_relief_pct, 0)') }} as responder_status_worst,
    {{ responder_status('highest_relief_pct') }} as responder_status_max_1_4,
    {{ responder_status('mean_relief_pct') }} as responder_status_mean_3_4,
    lesion_level,
    stroke_type,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from decided
