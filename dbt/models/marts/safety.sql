with at_sessions as (
    select
        row_key,
        patient_id,
        session_no,
        session_date as event_date,
        side_effect as event_type,
        side_effect_serious as is_serious
    from {{ ref('sessions') }}
    where side_effect <> 'none'
    union all
    -- Relief below zero is no value of the scale, but the patient reported a worsening.
    select
        sessions.relief_row_key as row_key,
        sessions.patient_id,
        sessions.session_no,
        sessions.session_date as event_date,
        'negative_relief' as event_type,
        null as is_serious
    from {{ ref('sessions') }} as sessions
    semi join {{ ref('int_negative_relief') }} as negative
        on sessions.relief_row_key = negative.row_key
    union all
    select
        npsi.row_key,
        npsi.patient_id,
        npsi.session_no,
        sessions.session_date as event_date,
        'npsi_worsening' as event_type,
        null as is_serious
    from {{ ref('npsi') }} as npsi
    inner join {{ ref('npsi') }} as baseline
        on
            npsi.patient_id = baseline.patient_id
            and baseline.session_no = 0
    inner join {{ ref('sessions') }} as sessions on npsi.row_key = sessions.row_key
    -- Totals are whole numbers; as such the bound is met exactly.
    where
        npsi.gnpsi > baseline.gnpsi
        and cast(npsi.gnpsi as integer)
        >= cast(baseline.gnpsi as integer) * (1 + {{ var('npsi_worsening_share') }})
),

events as (
    select
        row_key,
        patient_id,
        session_no,
        event_date,
        event_type,
        is_serious
    from at_sessions
    union all
    select
        row_key,
        patient_id,
        null as session_no,
        stop_date as event_date,
        'tolerance_stop' as event_type,
        null as is_serious
    from {{ ref('patients') }}
    where stop_reason = 'tolerance'
    union all
    -- The assessment at the end of the test period has no day of its own.
    select
        patients.row_key,
        patients.patient_id,
        null as session_no,
        null as event_date,
        'negative_relief' as event_type,
        null as is_serious
    from {{ ref('patients') }} as patients
    semi join {{ ref('int_negative_relief') }} as negative on patients.row_key = negative.row_key
    union all
    select
        visits.row_key,
        visits.patient_id,
        null as session_no,
        visits.visit_date as event_date,
        'surgery_complication' as event_type,
        null as is_serious
    from {{ ref('emcs') }} as emcs
    cross join {{ ref('int_analysis_window') }} as analysis_window
    inner join {{ ref('stg_emcs_visits') }} as visits
        on
            emcs.patient_id = visits.patient_id
            and emcs.surgery_date <= visits.visit_date
            and analysis_window.emcs_end >= visits.visit_date
    where visits.has_complication
)

select
    row_key,
    patient_id,
    session_no,
    event_date,
    event_type,
    is_serious,
    cast({{ var('is_synthetic') }} as boolean) as is_synthetic
from events
