with status as (
    select * from {{ ref('status') }}
),

patients as (
    select
        row_key,
        patient_id
    from {{ ref('patients') }}
),

npsi as (
    select * from {{ ref('int_npsi') }}
    where session_no = 0
),

components as (
    select * from {{ ref('int_most_painful_component') }}
),

measurements as (
    -- Session 0 is the baseline: relief is measured against it, so it has no relief of its own.
    select
        patients.row_key,
        patients.patient_id,
        0 as session_no,
        null as pain_relief_pct,
        null as relief_duration_days,
        npsi.gnpsi,
        components.ssnpsi_baseline as ssnpsi
    from patients
    inner join npsi on patients.patient_id = npsi.patient_id
    inner join components on patients.patient_id = components.patient_id
    union all
    select
        row_key,
        patient_id,
        session_no,
        pain_relief_pct,
        relief_duration_days,
        gnpsi,
        ssnpsi
    from {{ ref('sessions') }}
    where session_no <= {{ var('test_period_sessions') }}
)

select
    measurements.row_key,
    measurements.patient_id,
    measurements.session_no,
    measurements.pain_relief_pct,
    measurements.relief_duration_days,
    measurements.gnpsi,
    measurements.ssnpsi,
    status.responder_status,
    status.lesion_level,
    status.is_synthetic
from status
inner join measurements on status.patient_id = measurements.patient_id
